"""Does the live code work on the schema that a release brings? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.text import lines_of
from runbook_lib.release.facts.compatibility import Compatibility, Stage
from runbook_lib.release.facts.replaced_compatibility import NOT_MIGRATED, NOT_RESTARTED, ReplacedCompatibility

CHOICES = (
    "Write the migration in two steps: one release that only adds and reads both, a later one that removes. Or deploy "
    'with breaking_migration = "accept": from the migration on there is then no automatic rollback.'
)
REPLACED_CHOICES = (
    "Nothing was migrated. Write the migration in two steps: one release that only adds and reads both, a later one "
    'that removes. Or deploy with breaking_migration = "accept": users of the live release meet errors from then '
    "until the release is there, and nothing is rolled back from the migration on."
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


def judge_replaced_compatibility(result: ReplacedCompatibility) -> tuple[Finding, ...]:
    """For a Gate over (the live code on a copy). What a copy cannot show is a warning: it keeps no release back.

    Other code may need what a copy has not: another service, a file to write, a variable that only the release has.
    """
    expected = "what users read without a log-in is answered after the migration as before it"
    last = next((line.strip() for line in reversed(lines_of(result.message)) if line.strip()), "")
    if result.compatible is None:
        unmoved = result.outcome == NOT_MIGRATED
        why = "the migrations did not run on the copy" if unmoved else "the copy could not be asked"
        return (Finding(WORKS, Verdict.WARNING, f"not tested, {why}" + (f": {last}" if last else ""), expected,
                        "Read the migration yourself: may the live code still use each table as it does?"),)
    if result.broken:
        measured = ", ".join(f"{path}: {_statuses(result, path)}" for path in result.broken)
    elif result.outcome == NOT_RESTARTED:
        measured = "started anew on the new schema it does not answer" + (f": {last}" if last else "")
    else:
        measured = f"{', '.join(result.proving)}: as before, and started anew"
    return (finding(WORKS, result.compatible, measured=measured, expected=expected, next_step=REPLACED_CHOICES),)


def _statuses(result: ReplacedCompatibility, path: str) -> str:
    shown = [f"{result.before[path]} before", f"{result.after.get(path) or 'no reply'} after the migration"]
    return ", ".join([*shown, f"{result.anew.get(path) or 'no reply'} started anew"] if result.anew else shown)
