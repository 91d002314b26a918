"""Where in a deployment a session is kept, when none is, and what its gates do with what they see."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runbook_lib.core.errors import BadParameter
from runbook_lib.core.gates import Gate
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment, load_environment
from runbook_lib.execution.gate import open_gate
from runbook_lib.platform.facts.sessions import KeptSession, SessionEnd, SessionView
from runbook_lib.platform.facts.synthetic_user import UserAction
from runbook_lib.platform.plans.rollout import Choices, Rollout
from runbook_lib.release.plans import session_steps
from runbook_lib.release.plans.deploy import plan_deploy
from tests.unit.release.plans.test_deploy import BACKUP, EMPTY, OLD, after, healthy, target

WORKS = UserAction("go on", True, "200", "200")
CUT = UserAction("go on", False, "401", "200")
DELETED = UserAction("delete the account", True, "204", "204")


@pytest.fixture(scope="module")
def environment() -> Environment:
    return load_environment("staging")


def keys(environment: Environment, *, live: bool = True, broken: bool = False, **choices: Any) -> list[str]:
    secrets = {name: Secret(name, f"value-of-{name}-0123456789") for name in environment.server_secrets}
    deployed = after(environment, EMPTY, target(OLD, "v3.1.0"), secrets) if live else EMPTY
    containers = healthy(environment, "blue") if live else ()
    if broken:
        containers = tuple(replace(one, health="unhealthy") for one in containers)
    made = plan_deploy(environment, deployed, containers, target(), secrets=secrets, backup=BACKUP, operator="ada",
                       **choices)
    return [str(step.key) for step in made.steps]


def test_the_session_is_opened_right_before_the_switch_and_closed_after_the_record(environment: Environment) -> None:
    found = keys(environment)
    assert found[found.index("switch") - 1] == "open-session"
    assert found[found.index("commit-release") + 1] == "close-session"


@pytest.mark.parametrize("case", [{"live": False}, {"broken": True}, {"sessions": "end"}])
def test_no_session_is_kept_where_there_is_none_to_lose(environment: Environment, case: dict[str, Any]) -> None:
    assert {"open-session", "close-session"}.isdisjoint(keys(environment, **case))


def test_an_unknown_choice_is_refused(environment: Environment) -> None:
    with pytest.raises(BadParameter, match="sessions: should be 'keep' or 'end', got 'cut'"):
        keys(environment, sessions="cut")


def test_a_session_that_was_cut_shuts_the_gate_and_fires_the_trigger(environment: Environment) -> None:
    rollout = Rollout(environment, EMPTY, target(), Choices())
    gate = replace(session_steps.session_gate(rollout, KeptSession(environment)), interval_s=0.0)
    assert not open_gate(gate, lambda question: SessionView((CUT,))).opened
    assert open_gate(gate, lambda question: SessionView((WORKS,))).opened
    assert (gate.trigger, gate.since) == ("Deployment health check failures", "switch")


def test_a_live_release_that_lets_no_user_in_stops_nothing(environment: Environment) -> None:
    gate, = session_steps.open_before_switch(KeptSession(environment)).actions
    assert isinstance(gate, Gate)
    assert open_gate(gate, lambda question: SessionView((CUT,))).opened


@pytest.mark.parametrize(("view", "opens"), [
    (SessionView((WORKS,)), True),
    (SessionView(()), True),  # none had been opened
    (SessionView((replace(WORKS, works=None, detail="429"),)), True),
    (SessionView((CUT,)), False),
])
def test_what_a_session_shows_after_a_rollback(environment: Environment, view: SessionView, opens: bool) -> None:
    gate, = session_steps.open_before_switch(KeptSession(environment)).undo
    assert isinstance(gate, Gate)
    assert open_gate(gate, lambda question: SessionEnd(view, DELETED)).opened is opens


def test_an_account_that_is_left_behind_does_not_fail_a_rollback(environment: Environment) -> None:
    gate, = session_steps.open_before_switch(KeptSession(environment)).undo
    assert isinstance(gate, Gate)
    left = replace(DELETED, works=False, detail="500; the account synthetic-1 is left behind")
    assert open_gate(gate, lambda question: SessionEnd(SessionView((WORKS,)), left)).opened
