"""Files of an image that a volume lies over: Docker fills a volume once, and no release changes what is in it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import CommandTimedOut
from runbook_lib.core.questions import Connections
from runbook_lib.core.text import lines_of
from runbook_lib.environment import Environment

TIMEOUT_S = 120.0
PROGRAM = ("release/limited.sh", "release/overlaid_files.sh")


@dataclass(frozen=True)
class OverlaidFiles:
    """Where `volume` is mounted at `target` of a running `service`: the image's `files` that it has not as they are.

    Without any they were not compared: there are too many, and the image has no shell.
    """

    service: str
    volume: str
    target: str
    files: tuple[str, ...]


def overlaid_files(environment: Environment, services: Mapping[str, Mapping[str, Any]],
                   connections: Connections) -> tuple[OverlaidFiles, ...]:
    """Of the release's services that run now and have a volume: one of Compose's `services`, or of the image itself.

    Files that are empty or of git are no release's.
    Source: `docker inspect`, and a container of the same image for a moment; Docker's manual, volumes.
    """
    # an image's own VOLUME is in no Compose file, and Compose hands it on from container to container as well
    names = [name for name in environment.release.services if name in services]
    if not names:
        return ()
    argv = ("bash", "-s", "--", environment.project, *names)
    try:
        reply = connections.server.run(Command(argv, stdin=programs.text(*PROGRAM), timeout_s=TIMEOUT_S))
    except CommandTimedOut:
        return ()  # a warning less: nothing else rests on it
    return parse_overlaid(reply.stdout)


def parse_overlaid(text: str) -> tuple[OverlaidFiles, ...]:
    """The lines of `overlaid_files.sh`. Raises ValueError."""
    found = []
    for line in lines_of(text):
        service, volume, target, names = line.split("\t")
        files = base64.b64decode(names, validate=True).decode("utf-8", "replace").split("\n")
        found.append(OverlaidFiles(service, volume, target, tuple(sorted(one for one in files if one))))
    return tuple(found)
