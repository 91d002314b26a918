"""The volumes that containers have now: where the data are that the next container of a service has to find."""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

from runbook_lib.core.foreign_json import read_json

_ANONYMOUS = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class MountedVolume:
    """The volume `name` of the engine at the path `target` in a running container of a Compose project's service."""

    project: str
    service: str
    name: str
    target: str

    @property
    def anonymous(self) -> bool:
        """Whether no file names it: Compose hands it on from a service's container to the next one."""
        return bool(_ANONYMOUS.fullmatch(self.name))


def parse_volumes(records: Iterable[list[str]]) -> tuple[MountedVolume, ...]:
    """The records of `release_survey.sh`, each volume of a service once. Raises ValueError.

    Source: `docker inspect`, Mounts.
    """
    found = {MountedVolume(project, service, str(one["Name"]), posixpath.normpath(one["Destination"]))
             for _, project, service, mounts in (record for record in records if record[0] == "mounts")
             for one in read_json(base64.b64decode(mounts, validate=True).decode("utf-8", "replace")) or ()
             if one.get("Type") == "volume" and one.get("Name")}
    return tuple(sorted(found, key=lambda one: (one.project, one.service, one.target, one.name)))
