"""What a command on the server that gives no usable answer means to an operator: three errors, each in one place."""

from __future__ import annotations

from runbook_lib.connections.docker_errors import docker_unavailable
from runbook_lib.connections.quoting import shell_join
from runbook_lib.connections.ssh_errors import COMMAND_SHOWN
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import CommandTimedOut, DockerUnavailable, FactUnreadable
from runbook_lib.core.questions import CommandResult
from runbook_lib.core.redaction import Redactor
from runbook_lib.core.text import head_of, tail_of

_NO_DOCKER = (
    "cannot connect to the docker daemon",
    "permission denied while trying to connect to the docker",
    "docker: command not found",
    "docker: not found",
    "error during connect",
    "is not a docker command",
)


def not_accepted(command: Command, result: CommandResult, address: str,
                 redactor: Redactor) -> FactUnreadable | DockerUnavailable:
    """The error for an exit code outside `command.accepts`."""
    output = tail_of(redactor.text(" ".join((result.stderr or result.stdout).split())), 500)
    missing = command.argv[0] == "docker" and result.exit_code == 127
    if missing or any(message in output.lower() for message in _NO_DOCKER):
        return docker_unavailable(redactor.text(output), address, result.command)
    how = f"ended with exit code {result.exit_code}: {output or 'it printed nothing'}"
    return unreadable(command, how, address, redactor)


def unreadable(command: Command, how: str, address: str, redactor: Redactor) -> FactUnreadable:
    """The error for a command that ran and did not answer as it should; `how` is the rest of the sentence."""
    return FactUnreadable(
        redactor.text(f"`{command.argv[0]}` on the server {how}"),
        where=f"{address}: {head_of(redactor.text(shell_join(command.argv)), COMMAND_SHOWN)}",
        next_step="Run the command on the server manually to see more.",
    )


def timed_out(doing: str, timeout_s: float, address: str) -> CommandTimedOut:
    """The error for a command that ran past its deadline; `doing` names it, redacted."""
    return CommandTimedOut(
        f"The command did not end within {timeout_s:g} s.",
        where=f"{address}: {head_of(doing, COMMAND_SHOWN)}",
        next_step="Check the server's load and disk; the command may still be running there.",
    )
