"""How the lab fails: what happened, what to do next, and the exit code (the same meanings as the runbooks')."""

from __future__ import annotations

FAILED = 1
USAGE = 2
REFUSED = 3


class LabError(Exception):
    """A failure the caller can act on; `str()` is the whole message."""

    def __init__(self, what: str, *, next: str = "", exit_code: int = FAILED) -> None:
        super().__init__(f"{what}\nNext: {next}" if next else what)
        self.what = what
        self.next = next
        self.exit_code = exit_code


class CommandFailed(LabError):
    """A program ended with an exit code that was not expected; `log` holds all it said."""
