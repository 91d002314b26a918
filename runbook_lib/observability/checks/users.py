"""Are users affected now, and by what? Pure."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.text import head_of, pluralize
from runbook_lib.environment import Environment
from runbook_lib.observability.facts.users import UserView
from runbook_lib.platform.checks.endpoints import CLOCK_NEXT, endpoint_answers
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.own_reads import RATE_LIMITED, Read
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.server import ServerState
from runbook_lib.platform.facts.waiting_sessions import LockHolder
from runbook_lib.release.checks.capacity import disk_and_memory

NO_WAIT = "no session waits for a lock"
NO_READS = "the environment file names no `traffic.reads`: paths that users read, asked here as users ask them"
AFFECTED = "Users are affected. 40 Health shows whether a service, the proxy or the release is the cause."
DATABASE_ROW = "Its own row in 40 Health shows whether the database works."
# 40 does not send to itself
_IN_HEALTH = {AFFECTED: "Users are affected. The rows of services above show whether one of them is the cause.",
              DATABASE_ROW: "Its own row above shows whether the database works."}
BRIEF_S, LONG_S = 2.0, 10.0  # shorter waits are usual; one of LONG_S is seen by users


def users_are_answered(environment: Environment, view: UserView,
                       deployed: Deployed | None = None) -> tuple[Finding, ...]:
    """Each health path with its declared status, each read with an answer in time, and no session that keeps others.

    Before the first deployment there are no users.
    """
    if deployed is not None and not deployed.something_runs:
        return (Finding("users are answered", Verdict.NOT_APPLICABLE, "nothing is deployed yet"),)
    return (*_endpoints(environment, view), *_waits_and_reads(environment, view))


def server_has_capacity(environment: Environment, server: ServerState | Unanswered) -> tuple[Finding, ...]:
    """Disks, memory and programs as the environment demands; a disk that is full is named."""
    if isinstance(server, Unanswered):
        return (Finding("the server answers", Verdict.INCONCLUSIVE, server.reason, "disk and memory",
                        server.next_step),)
    return disk_and_memory(server, environment)


def _endpoints(environment: Environment, view: UserView) -> tuple[Finding, ...]:
    if isinstance(view.endpoints, Unanswered):
        missing = view.endpoints
        return (Finding("endpoints answer", Verdict.INCONCLUSIVE, missing.reason, "each health path",
                        missing.next_step),)
    found = (endpoint_answers(environment, one) for one in view.endpoints)
    # what is inconclusive here shows nothing of users
    return tuple(replace(one, next_step=AFFECTED) if one.verdict in (Verdict.FAILED, Verdict.WARNING) else one
                 for one in found)


def reads_are_answered(environment: Environment, view: UserView) -> tuple[Finding, ...]:
    """Each path that users read has an answer in time, without an error of the server; no session keeps others.

    A rate-limited read is a warning: it shows nothing of users. As 40 shows it, below its rows of services.
    """
    return tuple(replace(one, next_step=_in_health(one.next_step)) for one in _waits_and_reads(environment, view))


def _in_health(next_step: str) -> str:
    return reduce(lambda text, pair: text.replace(*pair), _IN_HEALTH.items(), next_step)


def _waits_and_reads(environment: Environment, view: UserView) -> tuple[Finding, ...]:
    return (*_no_session_waits(environment, view), *_reads(view))  # the cause first


def _reads(view: UserView) -> tuple[Finding, ...]:
    if isinstance(view.reads, Unanswered):
        return (Finding("reads are answered", Verdict.INCONCLUSIVE, view.reads.reason, "each path of traffic.reads",
                        view.reads.next_step),)
    known = view.endpoints if isinstance(view.endpoints, tuple) else ()
    # a path that is a health path as well is one question, and its row is there
    asked = [one for one in view.reads if one.path not in {each.path for each in known}]
    if not view.reads:
        return (not_applicable("reads are answered", NO_READS),)
    return tuple(_read(view, one) for one in asked)


def _read(view: UserView, one: Read) -> Finding:
    held = isinstance(view.holders, tuple) and any(holder.longest_s >= BRIEF_S for holder in view.holders)
    failed = "; ".join(filter(None, (one.doubt, one.error))) or f"no answer within {view.read_s:g} s"
    measured = failed if one.status is None else f"{one.status} in {one.seconds * 1000:.0f} ms"
    advice = (f"The row “{NO_WAIT}” has the cause." if held else
              f"{AFFECTED} Where no service is the cause, 43 Log review shows why.")
    good = None if one.doubt else one.status != RATE_LIMITED and not one.is_error
    return finding(f"{one.path} is read by users", good,
                   measured=measured, expected=f"an answer within {view.read_s:g} s, no error of the server",
                   # this machine has asked too much lately: that shows nothing of users
                   next_step=CLOCK_NEXT if one.doubt else "Ask again in a minute." if one.status == RATE_LIMITED
                   else advice,
                   otherwise=Verdict.WARNING if one.status == RATE_LIMITED else Verdict.FAILED)


def _no_session_waits(environment: Environment, view: UserView) -> tuple[Finding, ...]:
    # other sessions wait for a moment all the time
    expected = f"none for longer than {BRIEF_S:g} s"
    if environment.database is None:
        return (not_applicable(NO_WAIT, environment.no_database_reason),)
    if isinstance(view.holders, Unanswered):
        return (Finding(NO_WAIT, Verdict.INCONCLUSIVE, view.holders.reason, expected,
                        view.holders.next_step or DATABASE_ROW),)
    held = [one for one in view.holders if one.longest_s >= BRIEF_S]
    silent = isinstance(view.reads, tuple) and any(one.status is None for one in view.reads)
    return tuple(_held(environment, one, expected, affects=silent or one.longest_s >= LONG_S) for one in held) or (
        Finding(NO_WAIT, Verdict.PASSED, "none", expected),)


def _held(environment: Environment, one: LockHolder, expected: str, *, affects: bool) -> Finding:
    table = f" on {one.table}" if one.table else ""
    measured = (f"1 session holds a lock{table} since {one.since}, {pluralize(one.waiting, 'session')} "
                f"wait{'s' if one.waiting == 1 else ''} for it, the longest for {one.longest_s:.0f} s: {_who(one)}")
    if not one.pid:
        advice = "A prepared transaction holds it: SELECT * FROM pg_prepared_xacts; then COMMIT or ROLLBACK PREPARED."
    else:
        database = environment.postgres
        advice = ("Find out whose it is. What ends it, and undoes its transaction, on the server: docker exec $(docker "
                  f"ps -q --filter label=com.docker.compose.project={environment.project} --filter "
                  f"label=com.docker.compose.service={database.service}) psql -U {database.owner} -d {database.name} "
                  f"-c 'SELECT pg_terminate_backend({one.pid})'")
    return Finding(NO_WAIT, Verdict.FAILED if affects else Verdict.WARNING, measured, expected, advice)


def _who(one: LockHolder) -> str:
    words = [f"process {one.pid}", f"role {one.user}" if one.user else "", head_of(one.application, 60),
             f"from {one.client}" if one.client else "", one.state]
    return ", ".join(word for word in words if word)
