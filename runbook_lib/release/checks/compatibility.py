"""Does the live code work on the schema that a release brings? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.release.facts.compatibility import Compatibility, Stage

CHOICES = (
    "Write the migration in two steps: one release that only adds and reads both, a later one that removes. Or deploy "
    'with breaking_migration = "accept": from the migration on there is then no automatic rollback.'
)
NOT_TESTED = {
    Stage.PREPARE: "The copy of the schema could not be made, or the live code did not start on it: read the message, "
    "then run the notebook again.",
    Stage.CONTROL: "The check proves nothing about the migration. Run 21 Verify: the live release may be broken.",
    Stage.MIGRATE: "Correct the migration: on the live database it would fail as well. Nothing was migrated.",
    Stage.SMOKE_TEST: "Run the notebook again.",
    Stage.RESTART: "The live code could not be started a second time: read the message, then run the notebook again.",
}
WORKS = "the live code works on the new schema"


def judge_compatibility(result: Compatibility) -> tuple[Finding, ...]:
    """For a Gate over (the live code on the new schema). What could not be tested is inconclusive, never a pass."""
    schemas = f"{result.before or 'nothing'} → {result.after or '?'}"
    measured = f"{schemas}: {result.message}" if result.message else f"{schemas}: a user can do everything"
    absent = result.flow.absent if result.flow else ""
    if result.compatible and absent:
        # that the code starts and answers is known, and no more
        return (Finding(WORKS, Verdict.WARNING, f"{schemas}: it starts and answers; no smoke test: {absent}",
                        "a user of the live code can do everything after the migration",
                        "Read the migration yourself: may the live code still use each table as it does?"),)
    if result.first_fault:
        measured += f" (the very first request after the migration failed: {result.first_fault})"
    # migrations that fail on the copy would fail on the live database: that is known, though the code was not tested
    compatible = False if result.stage is Stage.MIGRATE and result.compatible is None else result.compatible
    return (
        finding(
            WORKS,
            compatible,
            measured=measured,
            expected="a user of the live code can do everything after the migration",
            next_step=CHOICES if result.compatible is False else NOT_TESTED[result.stage],
        ),
    )
