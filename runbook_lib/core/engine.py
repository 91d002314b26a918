"""What a Docker Engine is asked for, with a limit: one that hangs takes every command, and answers none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import CommandTimedOut, DockerUnavailable
from runbook_lib.core.questions import CommandResult

ENGINE_S = 20.0  # lists of what the engine has take parts of a second, on a busy server seconds


def ask_engine(run: Callable[[Command], CommandResult], command: Command,
               limit_s: float = ENGINE_S) -> CommandResult:
    """What `run` makes of a command that only lists what the engine has. Raises DockerUnavailable after `limit_s`."""
    try:
        return run(replace(command, timeout_s=limit_s))
    except CommandTimedOut as late:
        raise DockerUnavailable(
            f"The Docker Engine on the server hangs: no answer within {limit_s:g} s.",
            where=late.where,
            next_step="On the server: `systemctl status docker`, `journalctl -u docker`. Containers that run go on "
            "without the engine: 40 Health shows what answers all the same.",
        ) from late
