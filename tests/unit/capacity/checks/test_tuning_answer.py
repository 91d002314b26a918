"""The sentence that the report opens with, and the changes below it."""

from __future__ import annotations

import pytest

from runbook_lib.capacity.checks.tuning_answer import changes_to_make, tuning_answer
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.environment import Environment

GOOD = Finding("gzip compression", Verdict.PASSED, "9 files")
BAD = Finding("PostgreSQL: work_mem", Verdict.FAILED, "64MB", "4MB", "ALTER SYSTEM RESET work_mem;")
WARNED = Finding("unused index: public.i", Verdict.WARNING, "not read once", "", "DROP INDEX CONCURRENTLY public.i;")
UNKNOWN = Finding("statement statistics", Verdict.INCONCLUSIVE, "not created", "", "CREATE EXTENSION")
ABSENT = Finding("lazy loading", Verdict.NOT_APPLICABLE, "no script")


@pytest.mark.parametrize(("findings", "sentence"), [
    ([GOOD, ABSENT], "is tuned as planned: 1 check passed."),
    ([GOOD, WARNED], "is tuned as planned, with 1 warning: unused index: public.i (not read once)."),
    ([GOOD, BAD, WARNED], "is NOT tuned as planned: PostgreSQL: work_mem (64MB); 1 of 3 checks failed; 1 warning."),
    ([BAD, BAD, BAD], "is NOT tuned as planned: PostgreSQL: work_mem (64MB); PostgreSQL: work_mem (64MB) and 1 more; 3 of 3 checks failed."),
    ([BAD, UNKNOWN], "is NOT tuned as planned: PostgreSQL: work_mem (64MB); 1 of 2 checks failed. Not known: statement statistics (not created)."),
])
def test_the_answer_names_what_weighs_most(staging: Environment, findings: list[Finding], sentence: str) -> None:
    assert tuning_answer(staging, findings) == f"{staging.title} {sentence}"


def test_what_is_not_known_is_never_called_tuned(staging: Environment) -> None:
    assert tuning_answer(staging, [GOOD, WARNED, UNKNOWN]).startswith("It is not known whether")


def test_changes_are_ready_to_copy_failures_first() -> None:
    rows = changes_to_make([WARNED, GOOD], [BAD, UNKNOWN])
    assert [(row["verdict"], row["change, and what it brings"]) for row in rows] == [
        ("failed", "ALTER SYSTEM RESET work_mem;"), ("warning", "DROP INDEX CONCURRENTLY public.i;")]
