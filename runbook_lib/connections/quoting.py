"""The one place where arguments become a line for a shell."""

from __future__ import annotations

import shlex


def quoted(argument: str) -> str:
    """One argument, safe in a POSIX shell. A NUL byte cannot travel in an argument and is refused."""
    if "\0" in argument:
        raise ValueError("an argument contains a NUL byte")
    return shlex.quote(argument)


def shell_join(argv: tuple[str, ...]) -> str:
    """A program and its arguments as a shell line."""
    if not argv:
        raise ValueError("a command has no arguments")
    return " ".join(quoted(argument) for argument in argv)
