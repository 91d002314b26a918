"""Compares what a journal records of its steps with what the server shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from lab.resilience.runner import FinishedRun
from runbook_lib.archive.runs import verify

EFFECTIVE, WITHOUT_EFFECT = ("passed",), ("not run", "rolled back")


class Server(Protocol):
    """What the audit asks of a server, independently of all runbooks."""

    def live_colour(self) -> str:
        """The colour that receives traffic."""

    def releases(self) -> list[dict[str, Any]]:
        """The lines of the release history."""

    def backups(self) -> set[str]:
        """The names of complete backups."""


@dataclass(frozen=True)
class Before:
    """The server before a run."""

    colour: str
    releases: int
    backups: frozenset[str]
    running: set[str]


def contradictions(run: FinishedRun, server: Server, before: Before, *, killed: bool) -> list[str]:
    """Records of the journal that the server contradicts; none when the journal is correct."""
    found = _of_the_end(run, killed=killed)
    if run.folder is None:
        return found
    states = _states(run)
    colour, recorded = server.live_colour(), len(server.releases()) > before.releases
    new_backups = len(server.backups() - before.backups)
    found += _contradicts(states, "switch", colour != before.colour, f"{colour} is live")
    found += _contradicts(states, "commit-release", recorded, f"the release is {'' if recorded else 'not '}recorded")
    found += _contradicts(states, "backup-publish", new_backups > 0, f"{new_backups} new backups exist")
    if not killed:
        found += [f"step {key} has no end" for key in run.steps if run.has("lock_taken") and key not in states]
    return found


def _of_the_end(run: FinishedRun, *, killed: bool) -> list[str]:
    """Problems with the recorded end: a run that was not killed records one that agrees with its exit code."""
    if run.folder is None:
        return ["the run was never opened"]
    if killed and not (run.folder / "manifest.json").exists():
        return ["a killed run records an end"] if run.has("run_finished") else []
    problems = [one.check for one in verify(run.folder) if one.verdict != "passed"]
    if killed:
        state = run.end["state"]
        return problems if state == "aborted" else [*problems, f"a killed run ended as {state}"]
    code = run.end["exit_code"]
    return problems if code == run.code else [*problems, f"the journal records exit code {code}, it was {run.code}"]


def _states(run: FinishedRun) -> dict[str, str]:
    """The final state of each step: a step that was undone is rolled back."""
    states = dict(run.states)
    states.update({event["key"]: event["state"] for event in run.events if event["event"] == "undo_finished"})
    return states


def _contradicts(states: dict[str, str], step: str, effect: bool, shown: str) -> list[str]:
    """Whether the recorded state of a step does not fit its effect. `unknown` fits either."""
    state = states.get(step)
    wrong = (state in EFFECTIVE and not effect) or (state in WITHOUT_EFFECT and effect)
    return [f"the journal records {step}: {state}, but {shown}"] if wrong else []
