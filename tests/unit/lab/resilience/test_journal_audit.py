"""A journal that contradicts the server is noticed, and so are lost or changed rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lab.resilience.journal_audit import Before, contradictions
from lab.resilience.runner import FinishedRun
from lab.resilience.server_under_test import Data
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import new_run, seal

BEFORE = Before("blue", 1, frozenset({"one"}), {"blue"})
STEPS = ("backup-publish", "switch", "commit-release")


@dataclass
class Server:
    """What a server shows."""

    colour: str = "green"
    recorded: int = 2
    names: set[str] = field(default_factory=lambda: {"one", "two"})

    def live_colour(self) -> str:
        return self.colour

    def releases(self) -> list[dict[str, Any]]:
        return [{}] * self.recorded

    def backups(self) -> set[str]:
        return self.names


def run(outputs: Path, *, states: dict[str, str], undone: tuple[str, ...] = (), code: int | None = 0,
        actual_code: int | None = None) -> FinishedRun:
    """A sealed run whose steps finished in `states`; with `code` None it was killed and not sealed."""
    folder = new_run("20_deploy", outputs)
    with Journal(folder) as journal:
        journal.write("run_started", run_id=folder.run_id, notebook="20_deploy")
        journal.write("plan", plan={"steps": [{"key": key} for key in STEPS]}, hash="0")
        journal.write("lock_taken")
        for key, state in states.items():
            journal.write("step_finished", key=key, state=state)
        for key in undone:
            journal.write("undo_finished", key=key, state="rolled back")
        if code is not None:
            journal.write("run_finished", verdict="passed", state="passed", exit_code=code, summary="")
    if code is not None:
        seal(folder.path)
    return FinishedRun(-9 if code is None else code if actual_code is None else actual_code, "", folder.path)


ALL_PASSED = dict.fromkeys(STEPS, "passed")


def test_a_journal_that_agrees_with_the_server_has_no_contradiction(tmp_path: Path) -> None:
    assert contradictions(run(tmp_path, states=ALL_PASSED), Server(), BEFORE, killed=False) == []


@pytest.mark.parametrize(("server", "word"), [
    (Server(colour="blue"), "switch: passed, but blue"),
    (Server(recorded=1), "not recorded"),
    (Server(names={"one"}), "backup-publish: passed, but 0 new backups"),
])
def test_a_step_that_passed_without_its_effect_is_a_contradiction(tmp_path: Path, server: Server, word: str) -> None:
    assert word in " ".join(contradictions(run(tmp_path, states=ALL_PASSED), server, BEFORE, killed=False))


def test_a_step_that_was_undone_and_still_has_its_effect_is_a_contradiction(tmp_path: Path) -> None:
    finished = run(tmp_path, states=ALL_PASSED | {"commit-release": "not run"}, undone=("switch",), code=5)
    assert contradictions(finished, Server(colour="blue", recorded=1), BEFORE, killed=False) == []
    assert "switch: rolled back, but green" in " ".join(contradictions(finished, Server(recorded=1), BEFORE, killed=False))


def test_unknown_contradicts_nothing(tmp_path: Path) -> None:
    states = {"backup-publish": "passed", "switch": "unknown", "commit-release": "not run"}
    for colour in ("blue", "green"):
        assert contradictions(run(tmp_path, states=states, code=4), Server(colour, 1), BEFORE, killed=False) == []


def test_another_exit_code_than_the_recorded_one_is_a_contradiction(tmp_path: Path) -> None:
    finished = run(tmp_path, states=ALL_PASSED, code=0, actual_code=5)
    assert "exit code 0, it was 5" in " ".join(contradictions(finished, Server(), BEFORE, killed=False))


def test_a_step_without_an_end_is_noticed_unless_the_run_was_killed(tmp_path: Path) -> None:
    states = {"backup-publish": "passed", "switch": "passed"}
    server = Server(recorded=1)
    assert contradictions(run(tmp_path, states=states), server, BEFORE, killed=False) == ["step commit-release has no end"]
    assert contradictions(run(tmp_path, states=states, code=None), server, BEFORE, killed=True) == []


def test_rows_that_are_missing_or_changed_are_noticed_and_new_rows_are_not() -> None:
    was = Data({"users": (10, 9, "a"), "squads": (5, 5, "b")})
    assert was.lost_in(Data({"users": (10, 9, "a"), "squads": (5, 5, "b"), "events": (1, 1, "c")})) == []
    assert len(was.lost_in(Data({"users": (10, 8, "d")}))) == 2
