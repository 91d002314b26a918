"""`python -m lab down`: its options, and whether an operation is in progress, asked before a server is removed."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lab.errors import REFUSED, LabError

if TYPE_CHECKING:
    from lab.instance import Instance

_OPTIONS = {"--all": "remove every instance of this checkout", "--images": "also remove the lab's images",
            "--force": "also while an operation is in progress on it"}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m lab down`."""
    for option, text in _OPTIONS.items():
        parser.add_argument(option, action="store_true", help=text)


def refuse_while_in_use(instance: Instance) -> None:
    """Raises LabError where a run holds the lock of the server, or has left jobs there that run on.

    A server that does not run, or does not answer, is not in use.
    """
    described = instance.inspect()
    if described is None or not described["State"].get("Running"):
        return
    held = _lock_of(instance)
    if held:
        by = f"by {held.get('owner', 'an operator')}, run {held.get('run_id', '–')}"
        holder = "jobs of a run" if "jobs" in held else f"{held.get('purpose', 'an operation')} {by}"
        raise LabError(f"An operation is in progress on {instance.name}: {holder}.", exit_code=REFUSED,
                       next_step="wait for its end, or add --force: the run ends unknown (exit code 4)")


def _lock_of(instance: Instance) -> dict[str, object]:
    from runbook_lib.connections import open_connections
    from runbook_lib.connections.lock.inspecting import lock_holder
    from runbook_lib.core.errors import RunbookError
    from runbook_lib.environment import load_environment

    try:
        environment = load_environment(str(instance.address.environment))
        with open_connections(environment, changes_allowed=False) as connections:
            return dict(lock_holder(connections.server) or {})
    except RunbookError:
        return {}
