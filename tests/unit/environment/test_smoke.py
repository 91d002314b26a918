"""The smoke test as data: what cannot be done, or would leave something unsaid, is refused by its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.environment import Environment, load_environment
from tests.unit.data_values import environment_with
from tests.unit.environment_doubles import faults_of, overlay

NO_SMOKE = "smoke: null\nwithout: {smoke: its users log in by a card}\n"


def test_staging_tidies_up_and_keeps_a_session(staging: Environment) -> None:
    assert staging.smoke is not None
    assert [step.name for step in staging.smoke.tidying] == ["delete the account"]
    assert [step.name for step in staging.smoke.opening] == ["register", "log in", "create a squad", "create a build"]
    assert [step.name for step in staging.smoke.steps if step.read] == ["read the squad back", "read the build back"]


def test_an_environment_may_be_without_a_smoke_test_and_says_why(tmp_path: Path) -> None:
    found = load_environment(overlay(tmp_path, NO_SMOKE))
    assert (found.smoke, found.without["smoke"]) == (None, "its users log in by a card")


@pytest.mark.parametrize(("text", "fault"), [
    ("smoke: null", "smoke: give it, or say in without.smoke why this environment has none"),
    ("without: {smoke: none}", "without.smoke: smoke is given as well; leave one of them out (smoke: null)"),
    ("smoke: {service: web}", "smoke.service: there is no service 'web'"),
    ("smoke: {steps: []}", "smoke.steps: should not be empty"),
    ("smoke: {session: {open: [log out]}}", "session.open: there is no step 'log out'"),
    ("smoke: {session: {open: [delete the account]}}", "session.open: there is no step 'delete the account'"),
    ("smoke: {session: {open: [log in]}}", "session.use.1: ${squad} is kept by no earlier step"),
    ("smoke: {session: null, leaves: nothing, steps: [{name: a, method: POST, path: /a}]}",
     "leaves: no step tidies up (always: true); say in words what stays of each run"),
    ("smoke: {session: null, steps: [{name: a, path: /, shows: {b: '${lost}'}}]}", "steps.0: ${lost} is kept by no earlier step"),
    ("smoke: {session: null, steps: [{name: a, path: '/${late}'}, {name: b, path: /, keep: {late: id}}]}", "steps.0: ${late} is kept"),
    ("smoke: {session: null, steps: [{name: a, path: /, keep: {password: id}}]}", "steps.0.keep.password: is given"),
    ("smoke: {session: null, steps: [{name: a, path: /, expects: 200}]}", "smoke.steps.0.expects: unknown key"),
])
def test_a_slip_is_refused_by_its_place(tmp_path: Path, text: str, fault: str) -> None:
    assert fault in "\n".join(faults_of(overlay(tmp_path, text + "\n")))


def test_what_tidies_up_may_need_what_a_later_step_keeps() -> None:
    steps = [{"name": "remove", "method": "DELETE", "path": "/a/${id}", "always": True},
             {"name": "make", "method": "POST", "path": "/a", "keep": {"id": "id"}}]
    found = environment_with({"smoke": {"service": "backend", "steps": steps}}).smoke
    assert found is not None
    assert found.steps[0].placeholders == ("id",)
