"""The proofs notice a journal that says something else than the server shows, and data that is not as it was."""

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
        said_code: int | None = None) -> FinishedRun:
    """A sealed run whose steps ended as `states` says; with `code` None it was killed and nobody sealed it."""
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
    return FinishedRun(-9 if code is None else code if said_code is None else said_code, "", folder.path)


ALL_PASSED = dict.fromkeys(STEPS, "passed")


def test_a_journal_that_agrees_with_the_server_tells_no_lie(tmp_path: Path) -> None:
    assert contradictions(run(tmp_path, states=ALL_PASSED), Server(), BEFORE, killed=False) == []


@pytest.mark.parametrize(("server", "word"), [
    (Server(colour="blue"), "switch: passed, but blue"),
    (Server(recorded=1), "not on record"),
    (Server(names={"one"}), "backup-publish: passed, but 0 new backups"),
])
def test_a_step_that_passed_without_its_effect_is_a_lie(tmp_path: Path, server: Server, word: str) -> None:
    assert word in " ".join(contradictions(run(tmp_path, states=ALL_PASSED), server, BEFORE, killed=False))


def test_a_step_that_was_undone_and_has_its_effect_still_is_a_lie(tmp_path: Path) -> None:
    ended = run(tmp_path, states=ALL_PASSED | {"commit-release": "not run"}, undone=("switch",), code=5)
    assert contradictions(ended, Server(colour="blue", recorded=1), BEFORE, killed=False) == []
    assert "switch: rolled back, but green" in " ".join(contradictions(ended, Server(recorded=1), BEFORE, killed=False))


def test_unknown_claims_nothing(tmp_path: Path) -> None:
    states = {"backup-publish": "passed", "switch": "unknown", "commit-release": "not run"}
    for colour in ("blue", "green"):
        assert contradictions(run(tmp_path, states=states, code=4), Server(colour, 1), BEFORE, killed=False) == []


def test_another_exit_code_than_the_journal_says_is_a_lie(tmp_path: Path) -> None:
    ended = run(tmp_path, states=ALL_PASSED, code=0, said_code=5)
    assert "exit code 0, it was 5" in " ".join(contradictions(ended, Server(), BEFORE, killed=False))


def test_a_step_without_an_end_is_noticed_unless_the_run_was_killed(tmp_path: Path) -> None:
    states = {"backup-publish": "passed", "switch": "passed"}
    server = Server(recorded=1)
    assert contradictions(run(tmp_path, states=states), server, BEFORE, killed=False) == ["step commit-release has no end"]
    assert contradictions(run(tmp_path, states=states, code=None), server, BEFORE, killed=True) == []


def test_data_that_is_gone_or_changed_is_noticed_and_new_rows_are_not() -> None:
    was = Data({"users": (10, 9, "a"), "squads": (5, 5, "b")})
    assert was.lost_in(Data({"users": (10, 9, "a"), "squads": (5, 5, "b"), "events": (1, 1, "c")})) == []
    assert len(was.lost_in(Data({"users": (10, 8, "d")}))) == 2
