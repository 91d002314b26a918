"""Data services follow a release after its gate: each by its own step, with the outage that it costs."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from runbook_lib.core.commands import Command
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.compose import once_settled
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.release.facts.service_changes import ServiceChange
from runbook_lib.release.plans import service_steps as steps

ENVIRONMENT = load_environment("staging")

LIVE = Deployed("blue", "a" * 40, "OLD=1\n", upstreams_file(ENVIRONMENT, "blue"), None, frozenset(), ())
ROLLOUT = Rollout(load_environment("staging"), LIVE, Target("b" * 40, "v3.2.0", {}, "0003"))
RELOAD = ServiceChange("redis", "redis", "reload", (), (("maxmemory", "1gb", "384mb"),))
RESTART = ServiceChange("postgres", "postgres", "restart", ("max_connections",))


def test_a_reload_costs_no_outage_and_its_undo_sets_the_previous_value() -> None:
    (step,) = steps.follow_release(ROLLOUT, [RELOAD])
    assert step.key == "change-redis" and step.title == "Reload redis (no outage)"
    assert str(step.actions[0]).endswith("maxmemory 1gb") and str(step.undo[0]).endswith("maxmemory 384mb")
    assert len(step.actions) == 1, "errors are still counted since the switch"


def test_a_restart_is_announced_with_its_seconds_its_reason_and_a_gate_of_its_own() -> None:
    step, gate = steps.follow_release(ROLLOUT, [RESTART])
    assert step.title == "Restart postgres (expected outage: 6 s)" and "max_connections" in step.why
    assert "restart postgres" in str(step.actions[0]) and "--wait" in str(step.actions[1])
    assert "switched.mark" in str(step.actions[2]), "errors of an announced outage are not the release's"
    assert gate.key == "gate-services"
    assert [str(one) for one in step.undo] == [str(one) for one in step.actions[:2]]


def test_a_new_container_is_made_by_compose_and_undone_by_the_previous_files() -> None:
    step, _ = steps.follow_release(ROLLOUT, [replace(RESTART, how="recreate", settings=())])
    assert step.title == "Recreate postgres (expected outage: 6 s)"
    assert step.undo == (once_settled(cast(Command, step.actions[0])),)


def test_postgresql_is_asked_whether_it_took_the_files() -> None:
    (step,) = steps.follow_release(ROLLOUT, [replace(RESTART, how="reload", settings=())])
    assert "pg_hba_file_rules" in str(step.actions[0])


def test_what_users_do_not_need_follows_in_one_step_without_an_outage() -> None:
    others = [ServiceChange(name, name, "recreate") for name in ("prometheus", "alertmanager")]
    (step,) = steps.follow_release(ROLLOUT, others)
    assert step.title == "Recreate prometheus, alertmanager (no outage for users)"
    assert "--wait " in str(step.actions[0]) and "--wait " not in str(step.undo[0])


def test_before_the_first_deployment_nothing_runs_that_could_follow() -> None:
    first = replace(ROLLOUT, deployed=replace(LIVE, live_colour=None))
    assert steps.follow_release(first, [RESTART]) == ()


def test_only_what_users_cannot_do_without_is_a_data_service() -> None:
    assert steps.data_services(ROLLOUT.environment) == ("postgres", "redis")
    assert steps.outage_s(replace(RESTART, program=None)) == 10
