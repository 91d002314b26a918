"""What a watch proves that no trigger ended. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.gates import Reading
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment
from runbook_lib.environment.traffic import more_reads, reads_of_watch
from runbook_lib.platform.facts.traffic import ERROR_RATE
from runbook_lib.platform.facts.user_requests import UserRequests
from runbook_lib.release.checks.triggers import OF_USERS, P95, REQUESTS

READS_DUE = "requests while the release is watched"
USERS = "users' requests are counted"
USERS_SEEN = "users' requests while watched"
OURS_ALONE = "our own reads alone prove the release"
UNANSWERED_SHARE = 0.2  # a watch that missed more of its probes than this has not watched
VERIFY = "Run 21 Verify: it watches for longer, with a load of its own."
SILENT = ("Find out where the release's proxy writes its access log now, and in which form: `logs` of the environment "
          "file names the file that is read. Correct one of the two; then run 21 Verify.")


def conclude_watch(environment: Environment) -> Callable[[Sequence[Reading]], tuple[Finding, ...]]:
    """For a Watch: health, error rate and response time over all readings. What was not seen is inconclusive."""

    def conclude(readings: Sequence[Reading]) -> tuple[Finding, ...]:
        known = [one.metrics for one in readings if one.metrics.get(ERROR_RATE) is not None]
        metrics = known[-1] if known else readings[-1].metrics
        rate, requests, p95 = metrics.get(ERROR_RATE), metrics.get(REQUESTS), metrics.get(P95)
        return (
            _health(readings),
            _error_rate(environment, rate, requests),
            finding("response time p95 since the switch", None if p95 is None else p95 < environment.success.p95_ms,
                    otherwise=Verdict.WARNING, next_step=VERIFY,
                    measured="unknown" if p95 is None else f"{p95:.0f} ms",
                    expected=f"< {environment.success.p95_ms} ms"),
        )

    return conclude


def users_seen(readings: Sequence[Reading], uncounted: str = "") -> Finding:
    """How many requests of users the watch rests on. That they are few says nothing against the release, nor for it.

    `uncounted`: why they are not known.
    """
    known = [one.metrics for one in readings if one.metrics.get(OF_USERS) is not None]
    if uncounted or not known:
        why = uncounted or "no probe could count them"
        return Finding(USERS_SEEN, Verdict.NOT_APPLICABLE, f"not known, {why}; {OURS_ALONE}")
    users, requests = (int(known[-1].get(one) or 0) for one in (OF_USERS, REQUESTS))
    words = f"{users:,} of {requests:,} requests since the switch" if users else f"0; {OURS_ALONE}"
    return finding(USERS_SEEN, True, measured=words, expected="any number")


def reads_are_enough(environment: Environment, watch_s: float | None = None) -> tuple[Finding, ...]:
    """Whether the watch will have the requests that an error rate needs, where none but our own reads are counted.

    `watch_s`: seconds of this run's own watch; None: as the environment says.
    """
    if not environment.release.replaced:
        return ()
    rules = environment.rollback
    shorter = watch_s is not None and watch_s < rules.watch_s
    rules = rules if watch_s is None else rules.model_copy(update={"watch_s": watch_s})
    due = reads_of_watch(environment.traffic, environment.load, rules)
    change = more_reads(environment.traffic, environment.load)
    return (finding(READS_DUE, due >= rules.minimum_requests, otherwise=Verdict.WARNING,
                    measured=f"{due} reads of ours in {rules.watch_s:g} s",
                    expected=f"at least {rules.minimum_requests}; with fewer the deployment ends inconclusive",
                    next_step=f"{'Watch for longer: watch_s. Or in' if shorter else 'In'} the environment file: "
                    f"{change}."),)


def users_were_counted(where: str, users: UserRequests) -> Finding:
    """What of users was seen in the access log `where`. One that cannot be read ends no release: ours are counted."""
    traffic = users.traffic
    if users.problem or traffic is None:
        return Finding(USERS, Verdict.WARNING, f"not from {where}: {users.problem or 'it was not read'}",
                       "from the access log, besides reads of ours",
                       "Correct the log of kind access in `logs` of the environment file, or let the server's user "
                       "read it; without one leave it out.")
    note = "" if users.agents else "; its lines name no program, so reads of ours are among them"
    return finding(USERS, True, expected="from the access log, besides reads of ours",
                   measured=f"{pluralize(traffic.requests, 'request')}, {pluralize(traffic.errors, 'error')} in "
                            f"{where}{note}")


def _health(readings: Sequence[Reading]) -> Finding:
    unanswered = sum(any(one.verdict is Verdict.INCONCLUSIVE for one in reading.faults) for reading in readings)
    healthy_in_the_end = all(one.verdict.acceptable for one in readings[-1].faults)
    seen = healthy_in_the_end and unanswered <= UNANSWERED_SHARE * len(readings)
    return finding("health during the watch", True if seen else None, next_step=VERIFY,
                   measured=f"{len(readings)} probes, {unanswered} unanswered", expected="all probes answered")


def _error_rate(environment: Environment, rate: float | None, requests: float | None) -> Finding:
    rules = environment.rollback
    enough = rate is not None and requests is not None and requests >= rules.minimum_requests
    # the watch has sent some: to wait for others would not help
    silent = requests == 0 and rules.synthetic_per_s > 0
    measured = "unknown" if rate is None else f"{rate:.2f} % of {requests or 0:.0f} requests since the switch"
    return finding(ERROR_RATE, (rate or 0) <= rules.api_error_rate_percent if enough else None,
                   next_step=SILENT if silent else VERIFY,
                   measured="unknown: the access log has no request since the switch, not even the watch's own"
                   if silent else measured,
                   expected=f"<= {rules.api_error_rate_percent:g} % of at least {rules.minimum_requests} requests")
