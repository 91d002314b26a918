from __future__ import annotations

from runbook_lib.core.findings import Verdict
from runbook_lib.release.checks.migrations import migration_findings
from runbook_lib.release.facts.migration_rehearsal import MigrationRehearsal
from runbook_lib.release.facts.migrations import parse_migrations


def files(**sources: str) -> dict[str, str]:
    return {f"backend/migrations/versions/{name}.py": text for name, text in sources.items()}


CHAIN = files(a='revision = "1"\ndown_revision = None\n', b='revision: str = "2"\ndown_revision: str = "1"\n')
PASSED = MigrationRehearsal("passed", "", "gw2-backend:x", True, "1", "2", 1.0)


def test_a_chain_has_one_head_and_tells_what_is_pending() -> None:
    migrations = parse_migrations(CHAIN)
    assert migrations.heads == ("2",)
    assert [one.revision for one in migrations.pending("1") or ()] == ["2"]
    assert [one.revision for one in migrations.pending(None) or ()] == ["1", "2"]
    assert migrations.pending("9") is None


def test_two_heads_a_missing_parent_and_a_double_name_are_found() -> None:
    two = parse_migrations(CHAIN | files(c='revision = "3"\ndown_revision = "1"\n'))
    assert two.heads == ("2", "3")
    assert parse_migrations(files(b='revision = "2"\ndown_revision = "1"\n')).missing_parents == ("1",)
    assert parse_migrations(CHAIN | files(c='revision = "2"\ndown_revision = "1"\n')).duplicates == ("2",)
    assert migration_findings(two, PASSED, "1")[0].verdict is Verdict.FAILED


def test_a_merge_of_two_heads_has_one_head() -> None:
    merge = CHAIN | files(c='revision = "3"\ndown_revision = "1"\n', d='revision = "4"\ndown_revision = ("2", "3")\n')
    assert parse_migrations(merge).heads == ("4",)


def test_source_is_read_and_never_run() -> None:
    hostile = files(x="raise SystemExit\nrevision = open('/etc/passwd')\ndown_revision = None\n", y="def (")
    assert len(parse_migrations(hostile).unreadable) == 2


def test_operations_that_a_person_should_read_are_named() -> None:
    text = 'revision = "1"\ndown_revision = None\ndef upgrade():\n    op.drop_column("a", "b")\n    op.execute("x")\n'
    assert parse_migrations(files(a=text)).revisions[0].careful == ("drop_column", "execute")


def test_a_circle_is_no_chain_and_does_not_hang() -> None:
    one, two = ('revision = "1"\ndown_revision = "2"\n', 'revision = "2"\ndown_revision = "1"\n')
    circle = parse_migrations(files(a=one, b=two))
    assert circle.heads == ()
    assert migration_findings(circle, PASSED, None)[0].verdict is Verdict.FAILED


def test_a_rehearsal_counts_only_when_it_reached_the_head_with_its_own_libraries() -> None:
    def verdict(rehearsal: MigrationRehearsal | None) -> Verdict:
        return migration_findings(parse_migrations(CHAIN), rehearsal, "1")[2].verdict

    assert verdict(PASSED) is Verdict.PASSED
    assert verdict(MigrationRehearsal("passed", "", "i", True, "1", "1", 1.0)) is Verdict.FAILED
    assert verdict(MigrationRehearsal("passed", "", "i", False, "1", "2", 1.0)) is Verdict.WARNING
    assert verdict(MigrationRehearsal("failed", "boom")) is Verdict.FAILED
    assert verdict(MigrationRehearsal("no-image", "none")) is Verdict.WARNING
    assert verdict(MigrationRehearsal("error", "no memory")) is Verdict.INCONCLUSIVE
    assert verdict(None) is Verdict.INCONCLUSIVE


def test_a_database_ahead_of_the_release_is_a_warning() -> None:
    assert migration_findings(parse_migrations(CHAIN), PASSED, "7")[1].verdict is Verdict.WARNING
