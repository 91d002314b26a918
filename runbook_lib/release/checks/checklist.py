"""The plan's pre-deployment checklist: what this run has proven, and what a person answers for. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.environment import Environment

# How a checklist item begins, and how the checks begin that prove it. What is not here, only a person can say.
PROOFS = {
    "Environment variables configured": ("environment variables",),
    "Secrets verified": ("secrets",),
    "Backup verified": ("the last backup",),
    "Rollback plan documented": ("a rollback target",),
}


def pre_deployment_checklist(
    findings: Iterable[Finding], environment: Environment, *, attested: Sequence[str], attested_by: str
) -> tuple[Finding, ...]:
    """One finding for each item of the plan's list. What nobody proved or attested is a warning, never a pass.

    A person cannot attest away what was measured: for a measured item the measurement counts.
    """
    found = tuple(findings)
    items = environment.checklists.pre_deployment
    said = {_item(words, items) for words in attested}
    rows = [_row(item, found, item in said, attested_by) for item in items]
    return (*rows, *(_unknown(words, items) for words in attested if _item(words, items) is None))


def _row(item: str, found: tuple[Finding, ...], attested: bool, by: str) -> Finding:
    check = f"checklist: {item}"
    if item in PROOFS:
        proofs = [one for one in found if one.check.startswith(PROOFS[item])]
        verdict = Verdict.worst(one.verdict for one in proofs)
        open_ones = [one.check for one in proofs if one.verdict is not Verdict.PASSED]
        measured = "not measured" if not proofs else "; ".join(open_ones) or f"proven by {len(proofs)} checks"
        advice = "" if verdict is Verdict.PASSED else "See the findings above."
        return Finding(check, verdict, measured, "proven by this run", advice)
    if attested and by:
        return Finding(check, Verdict.PASSED, f"attested by {by}; not measured", "a person answers for it")
    return Finding(check, Verdict.WARNING, "nobody has attested it", "a person answers for it",
                   f'When it is so: attested = ["{item}", …] and attested_by = "your name".')


def _item(words: str, items: Sequence[str]) -> str | None:
    return next((item for item in items if item.casefold() == words.strip().casefold()), None)


def _unknown(words: str, items: Sequence[str]) -> Finding:
    near = difflib.get_close_matches(words, items, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"The list has: {'; '.join(items)}."
    return Finding(f"checklist: {words!r}", Verdict.FAILED, "no item of the plan's list", "an item of the list", hint)
