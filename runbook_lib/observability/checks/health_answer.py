"""The one sentence that 40 opens with: is it healthy, what is not, and are users affected. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.text import head_of
from runbook_lib.environment import Environment
from runbook_lib.observability.checks.service_states import BAD, ServiceState
from runbook_lib.platform.checks.page import ALL_LOADED, NO_ERRORS, SHOWN
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.operations import Operation
from runbook_lib.release.checks.tls import VALID


def answer(environment: Environment, states: tuple[ServiceState, ...], *groups: Iterable[Finding],
           operation: Operation | Unanswered | None = None) -> str:
    """The one sentence that the report opens with: is it healthy, what is not, and are users affected.

    While an `operation` changes services, that is the answer, unless something else failed.
    """
    findings = [one for group in groups for one in group]
    worst = Verdict.worst(one.verdict for one in findings)
    count = sum(one.verdict is worst for one in findings)
    checked = sum(one.verdict.was_checked for one in findings)
    failing = {name for one in states if one.verdict is worst for name in (one.causes or (one.name,))}
    roots = [one for one in states if worst in BAD and one.verdict in BAD and one.name in failing]
    first = [_named(one.service, one.measured) for one in roots] or [
        _named(one.check, one.measured) for one in
        # a certificate that does not verify is why no endpoint answers: it is named before them
        sorted((one for one in findings if one.verdict is worst), key=lambda one: one.check != VALID)]
    more = f" and {len(first) - 2} more" if len(first) > 2 else ""
    named = "; ".join(first[:2]) + more
    if worst is Verdict.FAILED:
        unknown = [f"{one.service} ({one.measured})" for one in states
                   if one.verdict is Verdict.INCONCLUSIVE and not one.causes and one not in roots]
        missing = f" Not known: {head_of('; '.join(unknown), 140)}." if unknown else ""
        users = _users(states, findings)
        return f"{environment.title} is NOT healthy: {named}. {users}; {count} of {checked} checks failed.{missing}"
    if worst is Verdict.INCONCLUSIVE:
        return _not_known(environment, states, findings, named)
    if isinstance(operation, Operation) and operation.changes_services:
        return (f"{environment.title} is being changed: {operation.words}. Wait until it has ended, then ask again; "
                f"{count if worst is Verdict.WARNING else 0} of {checked} checks differ meanwhile.")
    return f"{environment.title} is healthy, with a warning: {named}." if worst is Verdict.WARNING else _healthy(
        environment, states)


def _not_known(environment: Environment, states: tuple[ServiceState, ...], findings: list[Finding], named: str) -> str:
    asked = [one for one in states if one.verdict is not Verdict.NOT_APPLICABLE]
    if asked and all(one.verdict is Verdict.INCONCLUSIVE for one in asked):
        named = f"no service could be asked ({asked[0].measured})"
    outside = [one.verdict for one in findings if one.check.startswith("/")]
    users = " Users are answered all the same." if set(outside) == {Verdict.PASSED} else ""
    return f"It is not known whether {environment.title_within} is healthy: {named}.{users}"


def _healthy(environment: Environment, states: tuple[ServiceState, ...]) -> str:
    working = sum(one.verdict is Verdict.PASSED and one.asked for one in states)
    answering = "1 service answers itself" if working == 1 else f"{working} services answer themselves"
    running = sum(one.verdict is Verdict.PASSED and not one.asked for one in states)
    answering += f", {running} without a `probe` run" if running else ""
    true = ", and what it reports of itself is true" if environment.health.claims else ""
    return f"{environment.title} is healthy: {answering}{true}."


def _named(name: str, measured: str) -> str:
    return f"{name} ({head_of(measured, 140)})"


def _users(states: tuple[ServiceState, ...], findings: list[Finding]) -> str:
    """Whether users notice: by what they get themselves, and by critical services that surely do not work."""
    endpoints = [one.verdict for one in findings if one.check.startswith("/")]
    failed = {one.check for one in findings if one.verdict is Verdict.FAILED and _is_seen_by_users(one.check)}
    if failed or any(one.critical and one.verdict is Verdict.FAILED for one in states):
        return "Users are affected"
    if set(endpoints) == {Verdict.PASSED}:  # what hangs when it is asked directly does its work all the same
        return "Users reach it all the same"
    return "It is not known whether users are affected"


def _is_seen_by_users(check: str) -> bool:
    return check.startswith("/") or check in (SHOWN, NO_ERRORS, ALL_LOADED, VALID)
