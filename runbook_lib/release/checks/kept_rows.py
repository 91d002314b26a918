"""Did the migration keep the users' rows? It may be meant to remove some: that is for a person to say. Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.release.facts.kept_rows import KeptRows

KEPT = "the migration kept the rows"
SHARE = 0.99  # users delete a row or two in the meantime
MOST_NAMED = 5
_EXPECTED = "as many rows in each table as in the backup before it, or more"


def migration_kept_rows(kept: KeptRows | Unanswered) -> tuple[Finding, ...]:
    """A warning for each table that lost more than one row in a hundred, or is gone with its rows."""
    if isinstance(kept, Unanswered):
        return (Finding(KEPT, Verdict.WARNING, f"not known: {kept.reason}", _EXPECTED, kept.next_step),)
    if not kept.before:
        return (not_applicable(KEPT, "no backup has counted them"),)
    lost = [f"{name}: {_now(kept.now.get(name))} of {rows:,}" for name, rows in sorted(kept.before.items())
            if kept.now.get(name, 0) < rows * SHARE]
    more = f" and {len(lost) - MOST_NAMED} more" if len(lost) > MOST_NAMED else ""
    return (finding(
        KEPT, not lost, otherwise=Verdict.WARNING, expected=_EXPECTED,
        measured=f"{'; '.join(lost[:MOST_NAMED])}{more}" if lost else f"{sum(kept.before.values()):,} rows before",
        next_step="Where the release is not meant to remove them, they are in the backup taken right before, "
                  f'{kept.backup}: 22 Rollback with database = "restore" brings them back with the previous release.'),)


def _now(rows: int | None) -> str:
    return "the table is gone, with all" if rows is None else f"{rows:,}"
