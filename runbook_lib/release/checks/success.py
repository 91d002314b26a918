"""The plan's success criteria, each with its measured value. A value that is missing is inconclusive."""

from __future__ import annotations

from collections.abc import Sequence

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.statistics import percentile
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.live_release import containers_are_healthy, endpoints_show
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.logs import LogLine
from runbook_lib.platform.facts.monitoring import Alert, ScrapeTarget
from runbook_lib.release.facts.load import Load

FEWEST_SAMPLES = 20  # below this a 95th percentile is one slow request, not a property of the release


def services_healthy(environment: Environment, containers: tuple[Container, ...], colour: str) -> tuple[Finding, ...]:
    """Criterion: all services healthy. A service that the environment does without is named with its reason."""
    absent = tuple(
        Finding(f"{name} is absent", Verdict.PASSED, "declared absent", reason)
        for name, reason in environment.absent_services.items()
    )
    return (*containers_are_healthy(containers, environment.running_services(colour)), *absent)


def response_time(environment: Environment, load: Load) -> Finding:
    """Criterion: API response time < 500 ms (p95)."""
    limit_ms = environment.success.p95_ms
    p95 = percentile(load.seconds, 95)
    enough = p95 is not None and len(load.seconds) >= FEWEST_SAMPLES
    return finding(
        "response time p95",
        p95 * 1000 < limit_ms if p95 is not None and enough else None,
        measured=f"{p95 * 1000:.0f} ms of {len(load.seconds)} requests"
        if p95 is not None
        else "no request was answered",
        expected=f"< {limit_ms} ms of at least {FEWEST_SAMPLES} requests",
        next_step="Look at the distribution above: a second hump is one slow route, a long tail is a busy machine.",
    )


def error_rate(environment: Environment, load: Load) -> Finding:
    """Criterion: error rate < 1 %."""
    limit, rate = environment.success.error_rate_percent, load.error_rate_percent
    enough = len(load.samples) - load.turned_away >= FEWEST_SAMPLES
    return finding(
        "error rate",
        rate < limit if rate is not None and enough else None,
        measured="no request counted" if rate is None else f"{rate:.2f} % ({load.errors} of {len(load.samples)})",
        expected=f"< {limit:g} % of at least {FEWEST_SAMPLES} requests",
        next_step="Search the backend's log for level ERROR since the deployment.",
    )


def critical_endpoints(endpoints: tuple[Endpoint, ...], commit: str) -> tuple[Finding, ...]:
    """Criterion: all critical endpoints responding, and responding as this release."""
    return endpoints_show(endpoints, commit)


def no_critical_errors(lines: Sequence[LogLine] | None) -> Finding:
    """Criterion: no critical errors in logs since the deployment. None: the log could not be read."""
    measured = "log not readable" if lines is None else f"{len(lines)} lines"
    if lines:
        measured += f", the last: {lines[-1].message[:120]}"
    return finding(
        "errors in the log",
        None if lines is None else not lines,
        measured=measured,
        expected="no ERROR or CRITICAL line since the deployment",
        next_step="Read the lines in the evidence; the request id finds the user's request in nginx's access log.",
    )


def monitoring_green(targets: tuple[ScrapeTarget, ...], alerts: tuple[Alert, ...]) -> tuple[Finding, ...]:
    """Criterion: monitoring shows green: every target is scraped, and no alert fires."""
    down = [target.job for target in targets if not target.up]
    firing = [alert.name for alert in alerts if alert.state == "firing"]
    return (
        finding(
            "monitoring targets",
            not down if targets else None,
            measured=f"{len(targets) - len(down)} of {len(targets)} up"
            + (f"; down: {', '.join(down)}" if down else ""),
            expected="all up",
            next_step="Open Prometheus' target page: it shows the last error of each.",
        ),
        finding(
            "alerts",
            not firing,
            measured=", ".join(firing) or "none firing",
            expected="none firing",
            next_step="Each alert's runbook link says which notebook to open.",
        ),
    )


def success_criteria(
    environment: Environment, *measured: tuple[Finding, ...]
) -> tuple[dict[str, str], ...]:
    """The plan's success criteria, word for word and in its order, each with the findings that measure it."""
    rows = []
    for criterion, findings in zip(environment.success.criteria, measured, strict=True):
        verdict = Verdict.worst(one.verdict for one in findings)
        told = [f"{one.check}: {one.measured}" for one in findings if one.verdict is verdict]
        more = f" and {len(told) - 2} more" if len(told) > 2 else ""
        words = "; ".join(told[:2]) + more or "not measured"
        if verdict is Verdict.PASSED and more:
            words = f"{len(told)} checks passed"
        rows.append({"criterion": criterion, "verdict": str(verdict), "measured": words})
    return tuple(rows)


def memory_rows(containers: tuple[Container, ...]) -> tuple[tuple[str, float, float | None], ...]:
    """(service, used bytes, limit bytes) of the containers whose memory was measured, for the chart."""
    return tuple((one.service, one.memory_bytes, one.memory_limit_bytes)
                 for one in containers if one.memory_bytes is not None)
