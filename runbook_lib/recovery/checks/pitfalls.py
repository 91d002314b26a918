"""What a restore of this database would stumble on, or make otherwise: named only where there is such a thing. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.recovery.facts.pitfalls import Kind, Pitfall

_DRILL = "31 Restore drill shows whether it works."
MOST_NAMED = 10


@dataclass(frozen=True)
class _Meaning:
    check: str
    verdict: Verdict
    next_step: str


_SYSTEM = "PostgreSQL's own objects are as it made them"
_SYSTEM_NEXT = (
    "These were changed or extended by hand. No dump has that: a restored database has them as PostgreSQL made them. "
    "Put the change into a function, dictionary or text search configuration of your own (CREATE TEXT SEARCH "
    "CONFIGURATION … (COPY = …)) and use that; then back up again.")

_MEANINGS = {
    Kind.CHILD: _Meaning(
        "a restore can make every child table", Verdict.FAILED,
        "No backup of this database can be restored: a child or partition of an extension's own table can be made by "
        "who owns that table alone, and its rows would come back twice where a dump carries that table. ALTER TABLE … "
        "NO INHERIT …, or DETACH PARTITION …; then back up again."),
    Kind.INDEX_IN_DEFAULT: _Meaning(
        "a restore can make every default", Verdict.FAILED,
        "No backup of this database can be restored: a default that names an index as regclass is made before the "
        "index. Let a function look the name up (to_regclass('…')), then back up again."),
    Kind.RENAMED_PUBLIC: _Meaning(
        "the schema public has its own name", Verdict.FAILED,
        "No backup of this database can be restored: pg_dump still compares its privileges with those of the schema "
        "public, and a restore ends with others. As a superuser, in this database: DELETE FROM pg_init_privs WHERE "
        "classoid = 'pg_namespace'::regclass AND objoid = 2200; then back up again."),
    Kind.NEEDED_SYSTEM: _Meaning(_SYSTEM, Verdict.FAILED,
                                 f"A restore may end at an index or column that needs the change. {_SYSTEM_NEXT}"),
    Kind.FILE: _Meaning(
        "the server has what dictionaries and collations need", Verdict.FAILED,
        "No backup of this database can be restored here: a file or a locale is gone from PostgreSQL's image. Put it "
        "back, or drop what names it; then back up again."),
    Kind.OWN_NUMBER: _Meaning(
        "no CHECK names a table by its number", Verdict.WARNING,
        f"A restore gives tables other numbers (tableoid), and rows may be refused then. {_DRILL} Compare with "
        "'schema.table'::regclass instead."),
    Kind.LIBRARY: _Meaning(
        "every function's code is in the database or an extension", Verdict.WARNING,
        "The code of these functions lies in a library of the server, outside of any extension, and no dump has it: "
        f"without it a restore ends there. {_DRILL}"),
    Kind.DISABLED_KEY: _Meaning(
        "every foreign key is enforced", Verdict.WARNING,
        "Their triggers are turned off here (DISABLE TRIGGER ALL). No dump says so: a restored database enforces "
        "them. ALTER TABLE … ENABLE TRIGGER ALL, on both tables; where that is meant, drop the constraint."),
    Kind.SYSTEM: _Meaning(_SYSTEM, Verdict.WARNING, _SYSTEM_NEXT),
}


def no_pitfalls(found: tuple[Pitfall, ...]) -> tuple[Finding, ...]:
    """One finding for each kind that was found; one for two kinds of the same check, by the worse."""
    findings: dict[str, Finding] = {}
    for kind, meaning in _MEANINGS.items():
        names = [one.name for one in found if one.kind is kind]
        if names and meaning.check not in findings:
            shown = ", ".join(names[:MOST_NAMED]) + (" …" if len(names) > MOST_NAMED else "")
            findings[meaning.check] = finding(
                meaning.check, False, measured=shown, expected="yes", otherwise=meaning.verdict,
                next_step=meaning.next_step)
    return tuple(findings.values())
