"""The one place where arguments become a line for a shell."""

from __future__ import annotations

import shlex

from runbook_lib.core.commands import Command


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


def command_line(command: Command) -> str:
    """The command with its working directory, as a line whose exit code is the command's own.

    A missing directory is status 126 with a message, so that it is not taken for a result of the command. The
    trailing `exit` keeps the shell as parent: a program killed by a signal then reports 128 + signal.
    """
    line = shell_join(command.argv)
    if command.cwd is not None:
        line = f"cd -- {quoted(command.cwd)} || exit 126; {line}"
    return f"{line}; exit $?"
