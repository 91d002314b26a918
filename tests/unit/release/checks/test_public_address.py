"""Before a release is changed: an address that nothing reaches is refused, an application that is broken is not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.environment import Environment, load_environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.server import ServerState
from runbook_lib.release.checks.deploy import deploy_preconditions
from runbook_lib.release.checks.public_address import CHECK
from runbook_lib.release.facts.repository import Commit, ReleaseTree
from tests.unit.shop_environment import shop

COMMIT = "b" * 40
COLOURS, RECREATE = load_environment("staging"), shop()
TREE = ReleaseTree("v1", Commit("v1", "tag", COMMIT, "v1", datetime(2026, 11, 28, tzinfo=UTC), "a subject", COMMIT))
FIRST = Deployed(None, None, None, None, None, frozenset(), ())
SILENT = ("No connection: Connection refused", "No reply in time.", "TLS could not be established: self-signed",
          "No connection: Name or service not known")


def live(environment: Environment) -> Deployed:
    return replace(FIRST, by_hand=("web (x, 1)",)) if environment.release.replaced else replace(FIRST, live_colour="blue")


def healthy(environment: Environment) -> tuple[Container, ...]:
    services = environment.running_services("" if environment.release.replaced else "blue")
    return tuple(Container(name, name, "i", "d", "running", "healthy", 3, False, 0, None) for name in services)


def found(environment: Environment, endpoints: tuple[Endpoint, ...], deployed: Deployed | None = None,
          containers: tuple[Container, ...] | None = None) -> list[Finding]:
    server = ServerState((), 1, 1, 0.0, 1, 0.0, {})
    seen = deploy_preconditions(environment, TREE, server, {}, deployed=deployed or live(environment),
                                containers=healthy(environment) if containers is None else containers,
                                endpoints=endpoints)
    return [one for one in seen if one.check == CHECK]


both = pytest.mark.parametrize("environment", [COLOURS, RECREATE], ids=["colours", "recreate"])


@both
@pytest.mark.parametrize("error", SILENT)
def test_where_no_endpoint_answers_and_all_is_healthy_it_is_the_way_there_and_refused(environment: Environment,
                                                                                      error: str) -> None:
    one, = found(environment, (Endpoint("/a", None, error=error), Endpoint("/b", None, error=error)))
    assert one.verdict is Verdict.FAILED
    assert one.measured == f"0 of 2 endpoints; /a: {error.removesuffix('.')}"
    assert all(key in one.next_step for key in ("public.connect_to", "public.ca_file", "Open the address"))


@both
@pytest.mark.parametrize("status", [200, 404, 502, 503])
def test_any_answer_is_enough_an_error_too(environment: Environment, status: int) -> None:
    one, = found(environment, (Endpoint("/a", None, error="No reply in time."), Endpoint("/b", status)))
    assert one.verdict is Verdict.PASSED
    assert one.measured == "1 of 2 endpoints; /a: No reply in time"


@both
@pytest.mark.parametrize(("state", "health"), [("exited", None), ("running", "unhealthy"), ("restarting", "healthy")])
def test_where_a_container_is_down_the_correction_can_be_deployed(environment: Environment, state: str,
                                                                            health: str | None) -> None:
    name = environment.slot("blue")[0]
    containers = tuple(replace(one, state=state, health=health) if one.service == name else one for one in healthy(environment))
    one, = found(environment, (Endpoint("/a", None, error=SILENT[0]),), containers=containers)
    assert one.verdict is Verdict.WARNING
    assert f"not healthy: {name}" in one.measured
    gone, = found(environment, (Endpoint("/a", None, error=SILENT[0]),),
                  containers=tuple(one for one in healthy(environment) if one.service != name))
    assert gone.verdict is Verdict.WARNING


@both
def test_a_first_deployment_needs_no_answer(environment: Environment) -> None:
    assert found(environment, (Endpoint("/a", None, error=SILENT[0]),), FIRST, ()) == []


@both
def test_nothing_is_asked_where_no_endpoint_is_named(environment: Environment) -> None:
    assert found(environment, ()) == []


def test_the_notebook_hands_on_what_the_endpoints_answered() -> None:
    cells = json.loads((Path(__file__).parents[4] / "notebooks/20_deploy.ipynb").read_text())["cells"]
    asks, = ("".join(one["source"]) for one in cells if "deploy_preconditions(" in "".join(one["source"]))
    assert "endpoints=endpoints" in asks
