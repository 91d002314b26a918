"""What is waited for before users reach a release, and what is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runbook_lib.core.browsing import PageView, Picture
from runbook_lib.core.findings import Verdict
from runbook_lib.core.gates import Gate, Reading, Watch
from runbook_lib.environment import Environment, load_environment
from runbook_lib.execution.gate import open_gate
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.idle_colour import IdleColour
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.smoke_test import UserAction, UserFlow
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.release.checks.watch_conclusion import USERS, USERS_SEEN
from runbook_lib.release.plans.verification_steps import external_gate, internal_gate, watch_release
from tests.unit.data_values import environment_with

COMMIT, OTHER = "b" * 40, "c" * 40
WELL = tuple(Container(name, name, "i", "d", "running", "healthy", 0, False, 0, None)
             for name in ("backend-blue", "frontend-blue"))
FLOW = UserFlow((UserAction("read squads", True, "200", "200", 0.1, read=True),))


def colour(status: int = 200, commit: str = COMMIT, script: int = 200) -> IdleColour:
    return IdleColour((Endpoint("/health", status, {"commit": commit}),), {"/": 200, "/assets/a.js": script})


def rollout(environment: Environment | None = None) -> Rollout:
    empty = Deployed(None, OTHER, None, None, None, frozenset(), ())
    target = Target(COMMIT, "v3.2.0", {}, "0003", frozenset({"0003"}), "0003")
    return Rollout(environment or load_environment("staging"), empty, target)


def gates() -> tuple[Gate, Gate]:
    health, served, _ = internal_gate(rollout()).actions
    assert isinstance(health, Gate)
    assert isinstance(served, Gate)
    return replace(health, interval_s=0.0), replace(served, interval_s=0.0)


def test_a_release_that_starts_slowly_is_waited_for() -> None:
    health, _ = gates()
    seen = [colour(status=503)] * 20
    outcome = open_gate(health, lambda one: WELL if one is health.questions[0] else seen.pop() if seen else colour())
    assert outcome.opened
    assert len(outcome.probes) == 22


@pytest.mark.parametrize("wrong", [{"commit": OTHER}, {"script": 404}])
def test_what_no_waiting_mends_is_not_waited_for(wrong: dict[str, Any]) -> None:
    _, served = gates()
    outcome = open_gate(served, lambda one: colour(**wrong) if one is served.questions[0] else FLOW)
    assert not outcome.opened
    assert len(outcome.probes) == load_environment("staging").rollback.failure_threshold


def test_a_good_release_is_let_through_after_one_look_at_what_it_serves() -> None:
    _, served = gates()
    assert len(open_gate(served, lambda one: colour() if one is served.questions[0] else FLOW).probes) == 1


@pytest.mark.parametrize("gate_of", [internal_gate, external_gate])
def test_a_browser_opens_the_page_last_and_a_rollback_does_without(gate_of: Any) -> None:
    assert len(gate_of(rollout()).actions) - len(gate_of(rollout(), page=False).actions) == 1
    seen = gate_of(rollout()).actions[-1]
    assert (seen.may_be_inconclusive, seen.failure_threshold) == (("the page shows what it should",), 2)
    assert seen.picture(PageView("/", "Chrome", picture=Picture(b"png"))).png == b"png"
    assert not seen.picture(None)


def test_a_broken_page_after_the_switch_is_a_failed_health_check() -> None:
    *_, page = external_gate(rollout()).actions
    assert isinstance(page, Gate)
    blank = PageView("/", "Chrome", missing=("Log in",))
    outcome = open_gate(replace(page, interval_s=0.0), lambda one: blank)
    assert (outcome.opened, len(outcome.probes), page.trigger, page.since) == (
        False, 2, "Deployment health check failures", "switch")


def test_without_a_browser_the_release_goes_live_and_the_check_stays_inconclusive() -> None:
    *_, page = internal_gate(rollout()).actions
    assert isinstance(page, Gate)
    outcome = open_gate(page, lambda one: PageView("/", None, problem="no browser"))
    assert outcome.opened
    assert [one.verdict for one in outcome.findings] == [Verdict.INCONCLUSIVE]


ACCESS = {
    "json of our own": {"format": "json", "path": "/var/log/nginx/access.log"}, "combined": {"format": "combined", "path": "/var/log/nginx/access.log"},
    "traefik": {"format": "traefik", "service": "nginx"}, "caddy": {"format": "caddy", "service": "nginx"}, "none": None,
}


@pytest.mark.parametrize("name", ACCESS)
def test_the_watch_of_two_colours_counts_users_in_any_access_log_and_says_how_many_there_were(name: str) -> None:
    log = ACCESS[name]
    staging = environment_with({"logs": {"proxy": {"kind": "access", **log}} if log else {}})
    *begun, watch, _ = watch_release(rollout(staging)).actions
    assert isinstance(watch, Watch)
    assert watch.headline == USERS_SEEN
    own = name == "json of our own"
    assert (len(begun), watch.history is not None) == (0 if own or log is None else 1, own)
    gate, *_ = external_gate(rollout(staging)).actions
    assert isinstance(gate, Gate)
    assert [one.name for one in gate.questions].count("traffic since the switch") == 1
    found = {one.check: one.measured for one in watch.conclude([Reading({"requests": 10.0, "of these of users": 4.0})])}
    assert (USERS in found) == (not own and log is not None)
    assert ("4 of 10" in found[USERS_SEEN]) == own  # of the others nothing was read yet
