"""Migrations are read from their source: heads, parents, what is pending. Nothing of it is executed."""

from __future__ import annotations

from runbook_lib.release.facts.migrations import parse_migrations


def files(**sources: str) -> dict[str, str]:
    return {f"backend/migrations/versions/{name}.py": text for name, text in sources.items()}


CHAIN = files(a='revision = "1"\ndown_revision = None\n', b='revision: str = "2"\ndown_revision: str = "1"\n')


def test_a_chain_has_one_head_and_shows_what_is_pending() -> None:
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


def test_a_merge_of_two_heads_has_one_head() -> None:
    merge = CHAIN | files(c='revision = "3"\ndown_revision = "1"\n', d='revision = "4"\ndown_revision = ("2", "3")\n')
    assert parse_migrations(merge).heads == ("4",)


def test_source_is_read_and_never_executed() -> None:
    hostile = files(x="raise SystemExit\nrevision = open('/etc/passwd')\ndown_revision = None\n", y="def (")
    assert len(parse_migrations(hostile).unreadable) == 2


def test_operations_that_need_a_review_are_named() -> None:
    text = 'revision = "1"\ndown_revision = None\ndef upgrade():\n    op.drop_column("a", "b")\n    op.execute("x")\n'
    assert parse_migrations(files(a=text)).revisions[0].careful == ("drop_column", "execute")


def test_a_circle_has_no_head_and_does_not_hang() -> None:
    one, two = ('revision = "1"\ndown_revision = "2"\n', 'revision = "2"\ndown_revision = "1"\n')
    circle = parse_migrations(files(a=one, b=two))
    assert circle.heads == ()
