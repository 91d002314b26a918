"""The release path as commands: what an operator would type, with the watch only where a notebook watches."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lab.release_path import ADOPTED_PATH, BRING_UP, RELEASE_PATH, WATCHED, Scenario, run_command
from runbook_lib.contract import read_contract
from runbook_lib.core.errors import ROLLED_BACK

INSTANCE: Any = SimpleNamespace(name="lab-2", address=SimpleNamespace(environment="lab"))


def test_the_command_is_the_one_an_operator_types() -> None:
    command = run_command(INSTANCE, BRING_UP)
    assert command[0].endswith("/runbook")
    assert command[1:5] == ["run", "20_deploy", "-e", "lab"]
    assert command[command.index("-p") + 1] == "ref=v3.1.0"
    assert command[command.index("--confirm") + 1] == "lab-2"
    assert "rehearsal" in command[command.index("--reason") + 1]


def test_a_run_that_changes_nothing_is_not_confirmed() -> None:
    assert not {"--apply", "--confirm", "--reason"} & set(run_command(INSTANCE, Scenario("verification", "21_verify")))


@pytest.mark.parametrize("scenario", RELEASE_PATH, ids=[one.title for one in RELEASE_PATH])
def test_the_watch_is_set_where_the_notebook_watches_and_nowhere_else(scenario: Scenario) -> None:
    watched = scenario.watched_for(7).parameters
    assert (watched.get("watch_s") == "7") == (scenario.notebook in WATCHED)
    assert watched.items() >= scenario.parameters.items()


@pytest.mark.parametrize("scenario", [BRING_UP, *RELEASE_PATH, *ADOPTED_PATH], ids=lambda one: str(one.title))
def test_every_parameter_is_one_of_the_notebooks(scenario: Scenario) -> None:
    declared = set(read_contract(scenario.notebook).names)
    assert set(scenario.watched_for(7).parameters) <= declared


def test_only_the_broken_release_is_expected_to_be_rolled_back() -> None:
    assert [one.parameters["ref"] for one in RELEASE_PATH if ROLLED_BACK in one.exit_codes] == ["broken-server-errors"]
