"""Is this the release that was meant, and does it work? What the gate holds against each look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runbook_lib.facts.containers import Container
from runbook_lib.facts.endpoints import Endpoint
from runbook_lib.facts.idle_colour import IdleColour
from runbook_lib.facts.user_flows import UserFlow
from runbook_lib.plan import Finding, finding

HEALTH_PATHS = ("/health", "/api/v1/health")
RELEASE_PATH = "/release.json"


@dataclass(frozen=True)
class ExpectedRelease:
    """What the gate expects: the commit in every reply, the schema revision, and the colour that runs it."""

    commit: str
    schema_revision: str
    colour: str

    @property
    def services(self) -> tuple[str, str]:
        return (f"backend-{self.colour}", f"frontend-{self.colour}")


def judge_inside(expected: ExpectedRelease) -> Callable[[tuple[Container, ...], IdleColour], tuple[Finding, ...]]:
    """For a Gate over (containers, the colour seen from inside)."""

    def judge(containers: tuple[Container, ...], seen: IdleColour) -> tuple[Finding, ...]:
        replies = {"/health": seen.health, "/api/v1/health": seen.api_health, "/release.json": seen.frontend_release}
        findings = list(containers_are_well(containers, expected.services))
        for path, reply in replies.items():
            findings.append(finding(f"{path} answers", reply.status == 200, measured=reply.status, expected=200))
            commit = str(reply.document.get("commit", "none"))
            findings.append(_same_commit(path, commit, expected.commit))
        return tuple(findings)

    return judge


def judge_outside(
    expected: ExpectedRelease,
) -> Callable[[tuple[Container, ...], tuple[Endpoint, ...], str | None, UserFlow], tuple[Finding, ...]]:
    """For a Gate over (containers, public endpoints, schema revision, a user's write and read)."""

    def judge(
        containers: tuple[Container, ...], endpoints: tuple[Endpoint, ...], revision: str | None, flow: UserFlow
    ) -> tuple[Finding, ...]:
        return (
            *containers_are_well(containers, (*expected.services, "nginx", "postgres", "redis")),
            *endpoints_show(endpoints, expected.commit),
            schema_is(revision, expected.schema_revision),
            *user_flow_works(flow),
        )

    return judge


def containers_are_well(containers: tuple[Container, ...], services: tuple[str, ...]) -> tuple[Finding, ...]:
    """Each service has a running, healthy container that was neither restarted nor killed for memory."""
    by_service = {one.service: one for one in containers}
    return tuple(_container_is_well(by_service.get(service), service) for service in services)


def _container_is_well(one: Container | None, service: str) -> Finding:
    name = f"{service} is well"
    expected = "running, healthy, no restart, not killed for memory"
    after = f"Read its log: `docker logs gw2-staging-{service}-1` on the server."
    if one is None:
        return finding(name, False, measured="no container", expected=expected, next=after)
    faults = [one.state] if one.state != "running" else []
    faults += [str(one.health or "no health check")] if one.health != "healthy" else []
    faults += [f"{one.restart_count} restarts"] if one.restart_count else []
    faults += ["killed for memory"] if one.oom_killed else []
    return finding(name, not faults, measured=", ".join(faults) or "running, healthy", expected=expected, next=after)


def endpoints_show(endpoints: tuple[Endpoint, ...], commit: str) -> tuple[Finding, ...]:
    """Every public endpoint answers 200, and those that name a commit name this one."""
    findings = []
    for endpoint in endpoints:
        seconds = "" if endpoint.seconds is None else f" in {endpoint.seconds * 1000:.0f} ms"
        measured = endpoint.error or f"{endpoint.status}{seconds}"
        findings.append(
            finding(
                f"{endpoint.path} answers",
                endpoint.status == 200,
                measured=measured,
                expected=200,
                next="Read nginx's error log and the backend's log on the server; 21 Verify shows every endpoint.",
            )
        )
        if endpoint.path in (*HEALTH_PATHS, RELEASE_PATH):
            findings.append(_same_commit(endpoint.path, str(endpoint.fields.get("commit", "none")), commit))
    return tuple(findings)


def _same_commit(path: str, measured: str, expected: str) -> Finding:
    return finding(
        f"{path} names the commit",
        measured == expected,
        measured=measured[:12],
        expected=expected[:12],
        next="Another release answers than the one that was deployed: look at the upstream file and at the image tags.",
    )


def schema_is(revision: str | None, expected: str) -> Finding:
    """The database's alembic revision is the one that the code expects."""
    return finding(
        "schema revision",
        revision == expected if revision else None,
        measured=revision or "unknown",
        expected=expected,
        next="Run 20 Deploy again; its migration step did not finish.",
    )


def user_flow_works(flow: UserFlow) -> tuple[Finding, ...]:
    """Each action of the synthetic user did what it should."""
    return tuple(
        finding(
            f"a user can {one.action}",
            one.works,
            measured=one.detail,
            expected=one.expected,
            next="Search the backend's log for the request id in this run's evidence.",
        )
        for one in flow.actions
    )
