"""Is it tuned as planned? The one sentence, and the changes in the order of their weight. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.text import head_of, pluralize
from runbook_lib.environment import Environment

_ORDER = (Verdict.FAILED, Verdict.WARNING, Verdict.INCONCLUSIVE)


def tuning_answer(environment: Environment, *groups: Iterable[Finding]) -> str:
    """The sentence that the report opens with: what is not as planned, what could be better, what is not known."""
    findings = [one for group in groups for one in group]
    by_verdict = {verdict: [one for one in findings if one.verdict is verdict] for verdict in Verdict}
    failed, warned, unknown = (by_verdict[verdict] for verdict in _ORDER)
    checked = sum(one.verdict.was_checked for one in findings)
    if failed:
        more = f"; {pluralize(len(warned), 'warning')}" if warned else ""
        return (f"{environment.title} is NOT tuned as planned: {_named(failed)}; {len(failed)} of {checked} checks "
                f"failed{more}.{_not_known(unknown)}")
    if unknown:
        return f"It is not known whether {environment.title_within} is tuned as planned: {_named(unknown)}."
    if warned:
        return f"{environment.title} is tuned as planned, with {pluralize(len(warned), 'warning')}: {_named(warned)}."
    return f"{environment.title} is tuned as planned: {pluralize(checked, 'check')} passed."


def _named(findings: list[Finding]) -> str:
    """The first two of them, each short enough to be read at a glance."""
    words = "; ".join(f"{one.check} ({head_of(one.measured, 90)})" if one.measured else one.check
                      for one in findings[:2])
    return words + (f" and {len(findings) - 2} more" if len(findings) > 2 else "")


def _not_known(unknown: list[Finding]) -> str:
    return f" Not known: {_named(unknown)}." if unknown else ""


def changes_to_make(*groups: Iterable[Finding]) -> tuple[dict[str, str], ...]:
    """What is to be changed, as rows of a table: failures first; what only could not be asked is left out."""
    findings = [one for group in groups for one in group]
    return tuple({"verdict": one.verdict.value, "what": one.check, "evidence": one.measured, "planned": one.expected,
                  "change, and what it brings": one.next_step}
                 for verdict in _ORDER[:2] for one in findings if one.verdict is verdict)
