"""Checks of a run: preconditions that stop it, and verifications that make its verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from runbook_lib.core.errors import PreconditionFailed
from runbook_lib.core.findings import Finding, Verdict, advice_of, lines_of
from runbook_lib.run.record import RunRecord


def require(findings: Finding | Iterable[Finding], record: RunRecord) -> tuple[Finding, ...]:
    """The findings, when there are any and all are acceptable. Raises PreconditionFailed with what to do next."""
    found = record.add_findings("preconditions", findings)
    unmet = [one for one in found if not one.verdict.acceptable]
    # no finding at all means that nothing was checked, which is not a precondition that holds
    if found and not unmet:
        return found
    error = PreconditionFailed("\n".join(_unmet_in_words(unmet)), where=record.where,
                               next_step=advice_of(unmet) or "See the findings above.")
    record.add_unmet(error)
    raise error


def _unmet_in_words(unmet: list[Finding]) -> list[str]:
    """The first line says which: a report's first words, and a message's, are that line alone."""
    lines = lines_of(unmet, "needed")
    if not lines:
        return ["Not started: nothing was checked."]
    if len(lines) == 1:
        return [f"Not started: a precondition is not met: {lines[0]}"]
    return [f"Not started: {len(lines)} preconditions are not met: {', '.join(one.check for one in unmet)}.", *lines]


def verify(findings: Finding | Iterable[Finding], title: str, record: RunRecord) -> tuple[Finding, ...]:
    """The findings, recorded below their title. They count, except after a plan that was not applied.

    Then the effect that a check looks for was never made: one that did not pass is returned as not applied.
    """
    if not record.without_effect:
        return record.add_findings(title or "verification", findings)
    found = record.add_findings("as it is now (not applied)", findings, counts=False)
    return tuple(one if one.verdict is Verdict.PASSED else replace(one, verdict=Verdict.NOT_APPLIED, next_step="")
                 for one in found)
