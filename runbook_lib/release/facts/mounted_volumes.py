"""The volumes that containers have now: where the data are that the next container of a service has to find."""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runbook_lib.core.foreign_json import read_json

_ANONYMOUS = re.compile(r"[0-9a-f]{64}")
# Where the images of databases and caches keep their data; a folder at another path is rather their configuration.
_DATA = ("/var/lib/postgresql", "/bitnami/postgresql", "/data", "/var/lib/redis", "/var/lib/valkey", "/bitnami/redis",
         "/bitnami/valkey")


@dataclass(frozen=True)
class MountedVolume:
    """The volume `name` of the engine at the path `target` in a running container of a Compose project's service.

    With a `folder` of the server in its place there is no name.
    """

    project: str
    service: str
    name: str
    target: str
    folder: str = ""

    @property
    def anonymous(self) -> bool:
        """Whether no file names it: Compose hands it on from a service's container to the next one."""
        return bool(_ANONYMOUS.fullmatch(self.name))


def parse_volumes(records: Iterable[list[str]]) -> tuple[MountedVolume, ...]:
    """The records of `release_survey.sh`, each volume of a service once, and folders where data are kept.

    Raises ValueError. Source: `docker inspect`, Mounts.
    """
    found = {kept for _, project, service, mounts in (record for record in records if record[0] == "mounts")
             for one in read_json(base64.b64decode(mounts, validate=True).decode("utf-8", "replace")) or ()
             if (kept := _mounted(project, service, one))}
    return tuple(sorted(found, key=lambda one: (one.project, one.service, one.target, one.name, one.folder)))


def _mounted(project: str, service: str, mount: Mapping[str, Any]) -> MountedVolume | None:
    target = posixpath.normpath(mount.get("Destination") or "/")
    if mount.get("Type") == "volume" and mount.get("Name"):
        return MountedVolume(project, service, str(mount["Name"]), target)
    data = any(target == one or target.startswith(f"{one}/") for one in _DATA)
    if mount.get("Type") == "bind" and mount.get("RW") and data:
        return MountedVolume(project, service, "", target, posixpath.normpath(str(mount.get("Source") or "/")))
    return None
