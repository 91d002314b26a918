"""Did the migration keep the users' rows? It may be meant to remove some: that is for a person to say. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.release.facts.kept_rows import KeptRows

KEPT = "the migration kept the rows"
SHARE = 0.99  # users delete a row or two in the meantime
MOST_NAMED = 5
FEWEST_MOVED = 20  # fewer rows are as many as those of another table by chance
OLDEST_H = 6.0  # of the backup that a deployment takes first: builds and the checks before the migration come between
_EXPECTED = "as many rows in each table as in the backup before it, or more"
_LATER = "Compare what users wrote since with what they see; 30 Back up the database takes a newer backup."


def migration_kept_rows(kept: KeptRows | Unanswered) -> tuple[Finding, ...]:
    """A warning for each table that lost more than one row in a hundred, or is gone with its rows.

    A new table with as many rows is the one that is gone under another name. Compared with a backup that is too old,
    rows that came since and were lost cannot be seen: a warning, too.
    """
    if isinstance(kept, Unanswered):
        return (Finding(KEPT, Verdict.WARNING, f"not known: {kept.reason}", _EXPECTED, kept.next_step),)
    if not kept.before:
        return (not_applicable(KEPT, "no backup has counted them"),)
    renamed = _renamed(kept)
    lost = [f"{name}: {_now(name, kept, renamed)} of {rows:,}" for name, rows in sorted(kept.before.items())
            if name not in renamed and kept.now.get(name, 0) < rows * SHARE]
    age = f"{kept.age_h:.1f} h old" if kept.age_h is not None and kept.age_h > OLDEST_H else ""
    named = _first([f"{name} is {other} now" for name, other in sorted(renamed.items())])
    words = (_first(lost) or f"{sum(kept.before.values()):,} rows before", f"renamed: {named}" * bool(named),
             f"the backup is {age}, and what came since is compared with nothing" * bool(age))
    return (finding(KEPT, not (lost or age), otherwise=Verdict.WARNING, expected=_EXPECTED,
                    measured="; ".join(filter(None, words)), next_step=_next(kept, age) if lost else _LATER),)


def _next(kept: KeptRows, age: str) -> str:
    which = f"in a backup that is {age}" if age else "in the backup taken right before"
    return (f"Where the release is not meant to remove them, they are {which}, {kept.backup}: 22 Rollback with "
            'database = "restore" brings them back with the previous release.')


def _renamed(kept: KeptRows) -> Mapping[str, str]:
    """Tables that are gone, each with the new one that has as many rows; the nearest in number of several."""
    new = {name: rows for name, rows in kept.now.items() if name not in kept.before}
    found: dict[str, str] = {}
    gone = [(rows, name) for name, rows in kept.before.items() if name not in kept.now and rows >= FEWEST_MOVED]
    for rows, name in sorted(gone, reverse=True):
        fitting = [(abs(there - rows), one) for one, there in new.items() if rows * SHARE <= there <= rows / SHARE]
        if fitting:
            _, found[name] = min(fitting)
            del new[found[name]]
    return found


def _now(name: str, kept: KeptRows, renamed: Mapping[str, str]) -> str:
    if name in kept.now:
        return f"{kept.now[name]:,}"
    taken = {*kept.before, *renamed.values()}
    new = [f"{one} ({rows:,} rows)" for one, rows in sorted(kept.now.items()) if one not in taken and rows]
    # into which its rows may have been moved
    return "the table is gone, with all" if not new else f"no table of that name, where new ones are {_first(new)},"


def _first(words: list[str]) -> str:
    more = f" and {len(words) - MOST_NAMED} more" if len(words) > MOST_NAMED else ""
    return f"{'; '.join(words[:MOST_NAMED])}{more}"
