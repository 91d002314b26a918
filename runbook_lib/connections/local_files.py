"""Files on this machine that an environment file names: one that cannot be read is a wrong request, whatever it is for.

Nothing was contacted then: exit code 2, as for a missing environment file, parameter file or notebook.
"""

from __future__ import annotations

from pathlib import Path

from runbook_lib.core.errors import EnvironmentInvalid


def unreadable(what: str, file: Path, error: OSError, next_step: str) -> EnvironmentInvalid:
    """The error for a file that is missing or may not be read; `what` is what it is, e.g. "key file"."""
    return EnvironmentInvalid(f"The {what} {file} cannot be read ({error.strerror or error}).", where=str(file),
                              next_step=next_step)


def must_be_readable(what: str, file: Path, next_step: str) -> None:
    """Raises EnvironmentInvalid where another program could not read it; what it holds is that one's to judge."""
    try:
        with file.open("rb"):
            return
    except OSError as error:
        raise unreadable(what, file, error, next_step) from error
