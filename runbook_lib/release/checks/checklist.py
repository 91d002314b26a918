"""The plan's pre-deployment checklist: what this run measured, and what a person attests. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment


def pre_deployment_checklist(
    measured: Mapping[str, Sequence[Finding]], environment: Environment, *, attested: Sequence[str], attested_by: str
) -> tuple[Finding, ...]:
    """One finding for each item of the plan's list. What is neither measured nor attested is a warning, never a pass.

    `measured` has the findings that answer an item, by the item's key in `checklists.pre_deployment` of the environment
    file. A person cannot attest what is measured: there the measurement counts. `attested` are items in the plan's
    words.
    """
    items = environment.checklists.pre_deployment
    named = {_item(words, items.values()) for words in attested}
    rows = [
        _measured(text, measured[key]) if key in measured else _attested(text, attested_by if text in named else "")
        for key, text in items.items()
    ]
    return (*rows, *(_unknown(words, tuple(items.values())) for words in attested if not _item(words, items.values())))


def _measured(item: str, findings: Sequence[Finding]) -> Finding:
    verdict = Verdict.worst(one.verdict for one in findings)
    open_ones = [f"{one.verdict}: {one.check}" for one in findings if one.verdict is not Verdict.PASSED]
    measured = "; ".join(open_ones) or f"{pluralize(len(findings), 'check')} passed" if findings else "not measured"
    # what did not pass has a row of its own, with what to do
    advice = "" if findings else "Run this notebook to its last cell."
    return Finding(f"checklist: {item}", verdict, measured, "measured by this run", advice)


def _attested(item: str, by: str) -> Finding:
    if by:
        return Finding(f"checklist: {item}", Verdict.PASSED, f"attested by {by}; not measured", "attested by a person")
    return Finding(f"checklist: {item}", Verdict.WARNING, "not attested", "attested by a person",
                   f'If it is done: attested = ["{item}", …] and attested_by = "your name".')


def _item(words: str, items: Iterable[str]) -> str | None:
    return next((item for item in items if item.casefold() == words.strip().casefold()), None)


def _unknown(words: str, items: Sequence[str]) -> Finding:
    near = difflib.get_close_matches(words, items, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"The list has: {'; '.join(items)}."
    return Finding(f"checklist: {words!r}", Verdict.FAILED, "not an item of the plan's list", "an item of the list",
                   hint)
