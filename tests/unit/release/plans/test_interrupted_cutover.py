"""A switch that died between naming a colour and reloading nginx is finished before anything else is touched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runbook_lib.core.plan import Step
from runbook_lib.environment import Environment, load_environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.release.plans.interrupted_cutover import finish_cutover

ENVIRONMENT = load_environment("staging")

WHOLE = Deployed("blue", "c" * 40, "COMPOSE_PROFILES=blue,grafana\n", upstreams_file(ENVIRONMENT, "blue"), None, frozenset(), ())


@pytest.fixture(scope="module")
def environment() -> Environment:
    return load_environment("staging")


def finish(environment: Environment, deployed: Deployed) -> tuple[Step, ...]:
    return finish_cutover(Rollout(environment, deployed, Target("a" * 40, "v1", {}, "0001")))


def test_a_whole_switch_needs_nothing(environment: Environment) -> None:
    assert finish(environment, WHOLE) == ()


def test_a_server_without_a_release_needs_nothing(environment: Environment) -> None:
    assert finish(environment, Deployed(None, None, None, None, None, frozenset(), ())) == ()


def test_when_env_names_the_other_colour_nginx_is_made_to_obey_its_file(environment: Environment) -> None:
    cut = replace(WHOLE, live_colour="green", upstreams_text=upstreams_file(ENVIRONMENT, "green"))
    (step,) = finish(environment, cut)
    assert step.key == "finish-cutover"
    assert "nginx" in str(step.actions[0])
    assert "reload" in str(step.actions[0])
    assert step.undo == ()
