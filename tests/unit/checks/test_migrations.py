"""What preflight makes of a release's migrations."""

from __future__ import annotations

from runbook_lib.checks.migrations import migration_findings
from runbook_lib.facts.migrations import Migration, Migrations
from runbook_lib.plan import Verdict

CHAIN = Migrations((Migration("0001", (), "1.py"), Migration("0002", ("0001",), "2.py", ("drop_column",))))


def verdicts(migrations: Migrations, current: str | None) -> list[Verdict]:
    return [one.verdict for one in migration_findings(migrations, None, current)]


def test_one_head_that_follows_the_database_passes_and_the_missing_rehearsal_does_not() -> None:
    assert verdicts(CHAIN, "0001") == [Verdict.PASSED, Verdict.PASSED, Verdict.INCONCLUSIVE]


def test_operations_a_person_should_read_are_named() -> None:
    assert "0002 (drop_column)" in migration_findings(CHAIN, None, "0001")[1].measured


def test_two_heads_a_missing_parent_and_a_doubled_name_are_faults() -> None:
    two = Migrations((*CHAIN.revisions, Migration("0003", ("0001",), "3.py")))
    orphan = Migrations((Migration("0005", ("0004",), "5.py"),))
    doubled = Migrations((*CHAIN.revisions, Migration("0002", ("0001",), "other.py")))
    assert [verdicts(one, None)[0] for one in (two, orphan, doubled)] == [Verdict.FAILED] * 3


def test_a_database_past_the_release_warns_because_its_schema_stays() -> None:
    assert verdicts(CHAIN, "0009") == [Verdict.PASSED, Verdict.WARNING, Verdict.WARNING]
