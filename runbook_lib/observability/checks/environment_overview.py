"""The environment at a glance: what is healthy, what is not, and which notebook to open."""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.container_health import containers_are_healthy, healthy_but, unchecked_services
from runbook_lib.platform.checks.leftovers import nothing_is_left
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.by_hand import BY_HAND, NOT_YET
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.leftovers import RunContainers
from runbook_lib.platform.facts.monitoring import Alert, notebooks_for
from runbook_lib.platform.facts.operations import Operation
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.replaced_release import lacking
from runbook_lib.recovery.checks.freshness import last_backup
from runbook_lib.recovery.facts.backups import Backups

ENGINE = "Check the Docker Engine on the server: `systemctl status docker`. 40 Health shows what answers all the same."
CAUSE = "Open 40 Health: it shows the cause, what starts it again, and whether users are affected."


def overview(
    environment: Environment,
    deployed: Deployed,
    containers: tuple[Container, ...] | None,
    backups: Backups,
    alerts: tuple[Alert, ...] | Unanswered,
    left: RunContainers | None,
) -> tuple[Finding, ...]:
    """One finding per question, and one for each service that is not healthy. Nothing deployed yet is one warning.

    An application that no runbook has deployed is one as well, and asked about like any other.
    Containers, alerts or what runs have left that are not known are inconclusive, never a pass.
    """
    if not deployed.something_runs:
        nothing = "nothing is deployed yet"
        return (Finding("a release is live", Verdict.WARNING, nothing, "a release", "Open 20 Deploy."),
                *nothing_is_left(left))
    return (
        _release(deployed),
        *_services(environment, containers, deployed),
        *nothing_is_left(left),
        _alerts(environment, alerts),
        *last_backup(backups, environment),
    )


def operation_row(operation: Operation | Unanswered | None) -> dict[str, str]:
    """Who holds the lock now, and for which operation, for a table."""
    if isinstance(operation, Unanswered):
        return {"now": f"Not known: {operation.reason}."}
    if operation is None:
        return {"now": "The lock is not held: no operation is in progress."}
    return {
        "now": operation.purpose,
        "by": operation.owner,
        "run": operation.run_id,
        "since": operation.started,
        "last heartbeat": operation.heartbeat,
        **({"wait": "until it has ended: services and release are what it makes of them"}
           if operation.changes_services else {}),
    }


def _release(deployed: Deployed) -> Finding:
    recorded = deployed.releases[-1].commit if deployed.releases else None
    if deployed.by_hand:
        return Finding("a recorded release is live", Verdict.WARNING, f"{BY_HAND}: {', '.join(deployed.by_hand)}",
                       "a release that is in the release history", NOT_YET)
    if deployed.engine_silent:
        return Finding("a recorded release is live", Verdict.INCONCLUSIVE,
                       f"by the server's files {deployed.live_version or 'none'}; {deployed.engine_silent}",
                       f"the last recorded one ({(recorded or 'none')[:12]}), by what runs", ENGINE)
    return finding(
        "a recorded release is live",
        deployed.live_commit == recorded == deployed.head,
        measured=f"{deployed.live_version}, {(deployed.live_commit or 'no commit')[:12]}",
        expected=f"the last recorded one ({(recorded or 'none')[:12]}), checked out",
        next_step="A deployment was interrupted: run 20 Deploy for the release that is to be live.",
    )


def _services(
    environment: Environment, containers: tuple[Container, ...] | None, deployed: Deployed
) -> tuple[Finding, ...]:
    if containers is None:
        return (Finding("services", Verdict.INCONCLUSIVE, "Docker does not answer", "all healthy", ENGINE),)
    # after a rollback the environment file may name what a later release brings
    lacks = lacking(environment, deployed.recorded)
    services = tuple(one for one in environment.running_services(deployed.live_colour or "") if one not in lacks)
    found = containers_are_healthy(containers, services, may_start=True)
    bad = tuple(replace(one, next_step=f"{CAUSE} {one.next_step}" if one.verdict is Verdict.FAILED else one.next_step)
                for one in found if one.verdict is not Verdict.PASSED)
    unchecked = unchecked_services(containers, services)
    measured = f"{len(found) - len(unchecked)} of {len(found)}: {healthy_but(unchecked)}"
    return bad or (finding("services", True, measured=measured, expected="all healthy"),)


def _alerts(environment: Environment, alerts: tuple[Alert, ...] | Unanswered) -> Finding:
    if environment.no_monitoring_reason:
        return not_applicable("alerts", environment.no_monitoring_reason)
    if isinstance(alerts, Unanswered):
        return Finding("alerts", Verdict.INCONCLUSIVE, alerts.reason, "none firing",
                       f"{alerts.next_step} 40 Health shows what Prometheus scrapes.".lstrip())
    firing = sorted((alert for alert in alerts if alert.state == "firing"), key=lambda alert: alert.name)
    words = dict.fromkeys(f"{one.name} ({one.summary})" if one.summary else one.name for one in firing)
    return finding("alerts", not firing, measured=", ".join(words) or "none firing", expected="none firing",
                   next_step=notebooks_for(firing))
