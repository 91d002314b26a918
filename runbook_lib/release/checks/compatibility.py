"""Can the code that serves now live with the schema that a release brings?"""

from __future__ import annotations

from runbook_lib.core.findings import Finding, finding
from runbook_lib.release.facts.compatibility import Compatibility

CHOICES = (
    "Write the migration in two steps: one release that only adds and reads both, a later one that takes away. Or "
    "deploy with breaking_migration = \"accept\": from the migration on there is then no automatic way back."
)
NOT_TRIED = {
    "prepare": "The copy of the schema could not be made, or the old code did not start on it: read the message, "
    "then run the notebook again.",
    "control": "The trial says nothing of the migration. Run 21 Verify: what serves now may be broken itself.",
    "migrate": "Correct the migration: on the live database it would fail as well. Nothing was migrated.",
    "visit": "Run the notebook again.",
}


def judge_compatibility(seen: Compatibility) -> tuple[Finding, ...]:
    """For a Gate over (the old code on the new schema). What could not be tried is inconclusive, never a pass."""
    schemas = f"{seen.before or 'nothing'} → {seen.after or '?'}"
    measured = f"{schemas}: {seen.message}" if seen.message else f"{schemas}: a user can do everything"
    if seen.first_fault:
        measured += f" (the very first request after the migration failed: {seen.first_fault})"
    compatible = False if seen.stage == "migrate" and seen.compatible is None else seen.compatible
    return (
        finding(
            "the live code works on the new schema",
            compatible,
            measured=measured,
            expected="a user of the code that serves now can do everything after the migration",
            next_step=CHOICES if seen.compatible is False else NOT_TRIED[seen.stage],
        ),
    )
