"""The steps before anything live is touched: the recorded state, the commit, its images."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.release.plans import build_steps

ENVIRONMENT = load_environment("staging")

COMMIT = "b" * 40
NOTHING = Deployed(None, None, None, None, None, frozenset(), ())
ROLLOUT = Rollout(load_environment("staging"), NOTHING, Target(COMMIT, "v3.2.0", {}, "0003"))


def test_the_recorded_state_names_what_runs_by_its_digest() -> None:
    running = Container("n", "backend-blue", "gw2-backend:x", "sha256:d", "running", "healthy", 0, False, 0, None)
    written = build_steps.record_state(replace(ROLLOUT, containers=(running,))).actions[1]
    assert isinstance(written, WriteFile)
    state = json.loads(str(written.content))
    assert state["running"] == {"backend-blue": {"image": "gw2-backend:x", "digest": "sha256:d"}}
    assert state["live_colour"] is None


def test_what_the_live_release_does_not_answer_is_recorded_by_its_commit() -> None:
    live = replace(NOTHING, live_colour="blue", env_text=f"COMPOSE_PROFILES=blue\nBLUE_COMMIT={'a' * 40}\n")
    rollout = replace(ROLLOUT, deployed=live, endpoints=(Endpoint("/health", 404),))
    _, _, written = build_steps.record_state(rollout).actions
    assert isinstance(written, WriteFile) and written.path.endswith("/.runbook/endpoints.json")
    assert json.loads(str(written.content)) == {"a" * 40: {"/health": 404}}
    known = replace(rollout, deployed=replace(live, unanswered={"a" * 40: {"/health": 404}}))
    assert len(build_steps.record_state(known).actions) == 2, "as it is recorded already"
    assert len(build_steps.record_state(ROLLOUT).actions) == 2, "nothing is live"


def test_the_commit_itself_is_asked_for_after_the_fetch() -> None:
    fetch, check = build_steps.fetch(ROLLOUT).actions
    assert "fetch" in str(fetch) and "--force" in str(fetch), "a tag that was moved at the origin does not matter"
    assert f"{COMMIT}^{{commit}}" in str(check)


@pytest.mark.parametrize("part", ENVIRONMENT.release.services)
def test_an_image_is_built_from_the_commit_and_not_from_the_checkout(part: str) -> None:
    (build,) = build_steps.build(ROLLOUT, part).actions
    assert isinstance(build, Command)
    assert build_steps.build(ROLLOUT, part).key == f"build-{part}"
    assert build.argv[3:7] == ("build", build_steps.build_mark(ROLLOUT.environment), ROLLOUT.environment.server.directory, f"{COMMIT}:{part}")
    assert build.argv[-3:] == ("--tag", f"gw2-{part}:{COMMIT}", "-")
    assert f"RELEASE_COMMIT={COMMIT}" in build.argv


def test_a_build_and_a_pull_are_undone_by_ending_what_they_started() -> None:
    mark = build_steps.build_mark(ROLLOUT.environment)
    for part in ENVIRONMENT.release.services:
        step = build_steps.build(ROLLOUT, part)
        (build,), (undo,) = step.actions, step.undo
        assert isinstance(build, Command) and isinstance(undo, Command)
        assert undo.argv[3:] == ("stop", mark)
        assert f"{mark}:127.0.0.1" in build.argv, "the undo knows the build's containers by it"
    pull = build_steps.pull(ROLLOUT.environment, "redis:7", "postgres:15")
    assert [str(one).split(" -- ")[1] for one in pull.actions] == [f"pull {mark} redis:7", f"pull {mark} postgres:15"]
    assert str(pull.undo[0]).endswith(f"stop {mark}")
