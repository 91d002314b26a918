"""A service whose health check is turned off: Compose calls its start an error, and it is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.environment import load_environment
from runbook_lib.platform.plans import compose as commands
from tests.unit.platform.plans.test_compose import run_with

ENVIRONMENT = load_environment("staging").model_copy(
    update={"limits": load_environment("staging").limits.model_copy(update={"up_wait_s": 2})})
REFUSES = "case $1 in compose) echo 'container shop-jobs-1 has no healthcheck configured' >&2; exit 1 ;; "


@pytest.mark.parametrize(("states", "code"), [
    ("/shop-web-1 running healthy\n/shop-jobs-1 running healthy", 0),
    ("/shop-web-1 running starting\n/shop-jobs-1 running healthy", 1),
    ("/shop-web-1 running unhealthy\n/shop-jobs-1 running healthy", 1),
    ("/shop-web-1 exited healthy", 1),
])
def test_where_a_health_check_is_turned_off_all_containers_are_asked_themselves(states: str, code: int, tmp_path: Path) -> None:
    docker = REFUSES + f"ps) echo 1 ;; inspect) printf '{states}\\n' ;; esac"
    done, calls = run_with(tmp_path, docker, commands.compose_up(ENVIRONMENT, "web", "jobs"))
    assert done == code
    assert calls.count("label=com.docker.compose.service=web") >= 1
    assert calls.count("label=com.docker.compose.service=jobs") >= 1


@pytest.mark.parametrize("words", ["container shop-web-1 is unhealthy", "dependency failed to start: container a has no healthcheck configured"])
def test_every_other_failure_of_compose_is_one_with_its_own_status(words: str, tmp_path: Path) -> None:
    code, calls = run_with(tmp_path, f"echo '{words}' >&2; exit 14", commands.compose_up(ENVIRONMENT, "web"))
    assert (code, len(calls.splitlines())) == (14, 1)


def test_an_engine_that_does_not_answer_is_no_service_that_is_up(tmp_path: Path) -> None:
    docker = REFUSES + "ps) exit 1 ;; esac"
    assert run_with(tmp_path, docker, commands.compose_up(ENVIRONMENT, "web"))[0] == 1


def test_what_is_not_waited_for_is_not_asked(tmp_path: Path) -> None:
    docker = REFUSES + "esac"
    code, calls = run_with(tmp_path, docker, commands.compose_up(ENVIRONMENT, "web", wait=False))
    assert (code, len(calls.splitlines())) == (1, 1)


def test_a_plan_shows_what_compose_is_asked_and_not_the_program_around_it() -> None:
    up = commands.compose_up(ENVIRONMENT, "web")
    assert str(up).startswith("docker compose ") and str(up).endswith(" --wait --wait-timeout 2 web")
    assert str(commands.once_settled(up)) == str(up)
    assert up.describe()["command"] == list(up.argv), "the hash is that of what is run"
