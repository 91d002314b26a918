"""Does a journal tell the truth? What it says of its steps, beside what the server shows."""

from __future__ import annotations

from dataclasses import dataclass

from lab.resilience.runner import FinishedRun
from lab.resilience.server_under_test import ServerUnderTest
from runbook_lib.archive.runs import verify

DONE, NOT_DONE = ("passed",), ("not run", "rolled back")


@dataclass(frozen=True)
class Before:
    """The server before a run."""

    colour: str
    releases: int
    backups: frozenset[str]
    running: set[str]


def contradictions(ended: FinishedRun, server: ServerUnderTest, before: Before, *, killed: bool) -> list[str]:
    """Sentences of the journal that the server contradicts; none when it tells the truth."""
    found = _of_the_end(ended, killed=killed)
    if ended.folder is None:
        return found
    states = _states(ended)
    colour, recorded = server.live_colour(), len(server.releases()) > before.releases
    new_backups = len(server.backups() - before.backups)
    found += _contradicts(states, "switch", colour != before.colour, f"{colour} has the traffic")
    found += _contradicts(states, "commit-release", recorded, f"the release is {'' if recorded else 'not '}on record")
    found += _contradicts(states, "backup-publish", new_backups > 0, f"{new_backups} new backups")
    if not killed:
        found += [f"step {key} has no end" for key in ended.steps if ended.has("lock_taken") and key not in states]
    return found


def _of_the_end(ended: FinishedRun, *, killed: bool) -> list[str]:
    """A run that could end says how, and as its exit code does; one that was killed at once says nothing yet."""
    if ended.folder is None:
        return ["the run was never opened"]
    if killed and not (ended.folder / "manifest.json").exists():
        return ["a killed run has an end"] if ended.has("run_finished") else []
    faults = [one.check for one in verify(ended.folder) if one.verdict != "passed"]
    if killed:
        return faults if ended.end["state"] == "aborted" else [*faults, f"a killed run ended as {ended.end['state']}"]
    code = ended.end["exit_code"]
    return faults if code == ended.code else [*faults, f"the journal says exit code {code}, it was {ended.code}"]


def _states(ended: FinishedRun) -> dict[str, str]:
    """The last word on each step: undone steps are rolled back."""
    states = dict(ended.states)
    states.update({event["key"]: event["state"] for event in ended.events if event["event"] == "undo_finished"})
    return states


def _contradicts(states: dict[str, str], step: str, effect: bool, shown: str) -> list[str]:
    """Whether the state of a step that ended for certain does not fit its effect. `unknown` claims nothing."""
    state = states.get(step)
    wrong = (state in DONE and not effect) or (state in NOT_DONE and effect)
    return [f"the journal says {step}: {state}, but {shown}"] if wrong else []
