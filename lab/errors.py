"""How the lab fails: what happened, what to do next, and the exit code (the same meanings as the runbooks')."""

from __future__ import annotations

import sys

FAILED = 1
USAGE = 2
REFUSED = 3


class LabError(Exception):
    """A failure the caller can act on; `str()` is the whole message."""

    def __init__(self, what: str, *, next_step: str = "", exit_code: int = FAILED) -> None:
        super().__init__(f"{what}\nNext: {next_step}" if next_step else what)
        self.what = what
        self.next_step = next_step
        self.exit_code = exit_code


class CommandFailed(LabError):
    """A program ended with an exit code that was not expected; the message holds its last output."""


def not_set_up(error: ModuleNotFoundError) -> LabError:
    """The error where a package is missing: a set-up that was stopped, or another Python. One of ours is a bug."""
    if (error.name or "").partition(".")[0] in ("lab", "runbook_lib"):
        raise error
    return LabError(f"The package {error.name} is not installed for {sys.executable}.",
                    next_step="./setup.sh python, then again with .venv/bin/python", exit_code=REFUSED)


def absent(name: str, known: list[str]) -> LabError:
    """The error where an instance is asked for that is not there: it names those that are."""
    there = f" There are: {', '.join(known)}." if known else " This checkout has none."
    return LabError(f"There is no instance {name!r}.{there}", next_step=f"python -m lab up --name {name}",
                    exit_code=REFUSED)
