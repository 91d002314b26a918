"""Volumes of the project that no container uses: what `docker compose down` leaves, the database's data among it.

Without this a server whose containers were removed would be taken for one on which nothing ever ran.
"""

from __future__ import annotations

from runbook_lib.core.commands import Command
from runbook_lib.core.engine import ask_engine
from runbook_lib.core.errors import CommandTimedOut, FactUnreadable
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.questions import Connections
from runbook_lib.core.text import lines_of
from runbook_lib.environment import Environment

_LISTING = '{{.Name}}\t{{.Label "com.docker.compose.project"}}'
SIZES_TIMEOUT_S = 120.0  # the engine reads every folder of every volume


def left_volumes(environment: Environment, connections: Connections) -> tuple[str, ...]:
    """Names of the project's volumes that hold something and that no container uses, stopped ones included.

    The sizes are asked only where there are such volumes, which is never so while the application is there.
    Source: `docker volume ls`, `docker system df`.
    """
    project = environment.project
    listing = ask_engine(connections.server.run,
                         Command(("docker", "volume", "ls", "--filter", "dangling=true", "--format", _LISTING)))
    # a volume that was restored by hand has no labels of Compose; Compose takes it by its name all the same
    names = sorted(name for name, _, label in (line.partition("\t") for line in lines_of(listing.stdout))
                   if label == project or (not label and name.startswith(f"{project}_")))
    if not names:
        return ()
    empty = _empty(connections)
    return tuple(name for name in names if name not in empty)


def _empty(connections: Connections) -> frozenset[str]:
    """Volumes without a byte. What cannot be read counts as data: only what is known to be empty is left out."""
    command = Command(("docker", "system", "df", "--verbose", "--format", "{{json .Volumes}}"),
                      timeout_s=SIZES_TIMEOUT_S)
    try:
        found = read_json(connections.server.run(command).stdout)
        return frozenset(str(one["Name"]) for one in found if one.get("Size") in ("0B", "0"))
    except (CommandTimedOut, FactUnreadable, ValueError, TypeError, KeyError, AttributeError):
        return frozenset()


def parse_first_undone(pre_image: str | None) -> bool:
    """Whether the last deployment that began found nothing at all, so that it was a first one; False without a file."""
    try:
        found = read_json(pre_image or "")
        return found["live_colour"] is None and found["env"] is None and not found["running"]
    except (ValueError, KeyError, TypeError):
        return False
