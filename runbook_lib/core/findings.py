"""What a check found, and the verdicts of checks and runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Verdict(StrEnum):
    """The result of a check or a run."""

    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLIED = "not applied"
    NOT_APPLICABLE = "not applicable"

    @property
    def acceptable(self) -> bool:
        """Whether a run may go on: passed, passed with a warning, or there is no such thing here."""
        return self in (Verdict.PASSED, Verdict.WARNING, Verdict.NOT_APPLICABLE)

    @property
    def was_checked(self) -> bool:
        """Whether there was something to check: what this environment lacks is neither a pass nor a failure."""
        return self is not Verdict.NOT_APPLICABLE

    @staticmethod
    def worst(verdicts: Iterable[Verdict]) -> Verdict:
        """The worst of several; no verdict at all is inconclusive, because nothing was checked.

        What is not applicable decides only where nothing else was checked.
        """
        return max(verdicts, key=_BY_SEVERITY.index, default=Verdict.INCONCLUSIVE)


_BY_SEVERITY = [Verdict.NOT_APPLICABLE, Verdict.PASSED, Verdict.NOT_APPLIED, Verdict.WARNING, Verdict.INCONCLUSIVE,
                Verdict.FAILED]


AS_STATED = "yes"  # expected of a check whose name is the whole statement: `every file is readable`


@dataclass(frozen=True)
class Finding:
    """One check's answer: what was measured, what was expected, and what to do when they differ.

    `request_id` names the request that showed it, where one did: the server's logs have more about it.
    """

    check: str
    verdict: Verdict
    measured: str = ""
    expected: str = ""
    next_step: str = ""
    request_id: str = ""


def finding(check: str, good: bool | None, *, measured: object = "", expected: object = "", next_step: str = "",
            otherwise: Verdict = Verdict.FAILED, request_id: str = "") -> Finding:
    """A finding from a truth value; None (data is missing) is inconclusive, never a pass."""
    verdict = Verdict.INCONCLUSIVE if good is None else Verdict.PASSED if good else otherwise
    passed = verdict is Verdict.PASSED
    return Finding(check, verdict, str(measured), str(expected), "" if passed else next_step,
                   "" if passed else request_id)


def as_warnings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The same, where what failed is worth knowing and stops nothing."""
    return tuple(replace(one, verdict=Verdict.WARNING) if one.verdict is Verdict.FAILED else one for one in findings)


def not_applicable(check: str, reason: str) -> Finding:
    """A check of something that is not here, and why: by the environment file, the live release or what was done."""
    return Finding(check, Verdict.NOT_APPLICABLE, reason)


def lines_of(findings: Iterable[Finding], wanted: str) -> list[str]:
    """A line a finding for an error's text: what was measured, and after the word `wanted` what should have been."""
    # "needed yes" says nothing that the check's name has not said
    return [f"{one.check}: {one.measured or 'not known'}" if one.expected in ("", AS_STATED)
            # what was measured may be another error's sentence
            else f"{one.check}: {one.measured.removesuffix('.') or 'not known'}, {wanted} {one.expected}"
            for one in findings]


def in_brackets(findings: Iterable[Finding]) -> str:
    """`disk, memory (no answer); clock (4 s apart)`: checks in one sentence, each reason once."""
    alike: dict[str, list[str]] = {}
    for one in findings:
        alike.setdefault(one.measured, []).append(one.check)
    return "; ".join(f"{', '.join(names)} ({measured})" for measured, names in alike.items())


def advice_of(findings: Iterable[Finding]) -> str:
    """What to do about the findings, a line each, nothing twice. Run together, several would read as one."""
    return "\n".join(dict.fromkeys(one.next_step for one in findings if one.next_step))
