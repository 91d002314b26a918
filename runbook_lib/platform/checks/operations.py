"""What an operation that is in progress explains: it is waited for, and no failure of what it changes. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.operations import Operation


def nothing_changes(operation: Operation | Unanswered | None) -> Finding:
    """No operation is changing services or the release now. One that changes neither passes, and is named."""
    check, expected = "no operation changes the environment now", "none that changes services or the release"
    if isinstance(operation, Unanswered):
        return Finding(check, Verdict.INCONCLUSIVE, operation.reason, expected, operation.next_step)
    busy = operation is not None and operation.changes_services
    return finding(check, not busy, measured=operation.words if operation else "the lock is not held",
                   expected=expected, next_step="Wait until it has ended, then run this again. Its owner sees how far "
                                                "it is.")


def during(operation: Operation | Unanswered | None, findings: Finding | Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, where what failed may be the work of an operation in progress: then it is a warning, and why."""
    found = (findings,) if isinstance(findings, Finding) else tuple(findings)
    if operation is None or isinstance(operation, Unanswered) or not operation.changes_services:
        return found
    return tuple(_explained(operation, one) if one.verdict is Verdict.FAILED else one for one in found)


def _explained(operation: Operation, one: Finding) -> Finding:
    wait = f"In progress: {operation.words}. Wait until it has ended, then ask again."
    later = "" if "Wait until it has ended" in one.next_step else f" If it stays so: {one.next_step}"
    return replace(one, verdict=Verdict.WARNING, next_step=f"{wait}{later if one.next_step else ''}")
