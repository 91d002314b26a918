"""The volumes that containers have now: where the data are that the next container of a service has to find."""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runbook_lib.core.foreign_json import read_json

_ANONYMOUS = re.compile(r"[0-9a-f]{64}")
# Where the images of databases and caches keep their data; a folder at another path is rather their configuration.
_DATA = ("/var/lib/postgresql", "/bitnami/postgresql", "/data", "/var/lib/redis", "/var/lib/valkey", "/bitnami/redis",
         "/bitnami/valkey")
_WITH_PARTS = 26  # the first major version of Docker Engine that mounts a part of a volume


@dataclass(frozen=True)
class MountedVolume:
    """The volume `name` of the engine at the path `target` in a running container of a Compose project's service.

    With a `folder` of the server in its place there is no name. `subpath` is the part of the volume that is mounted, ""
    for all of it; None where the engine knows no parts, and mounts all of it whatever a file says.
    """

    project: str
    service: str
    name: str
    target: str
    folder: str = ""
    subpath: str | None = None

    @property
    def anonymous(self) -> bool:
        """Whether no file names it: Compose hands it on from a service's container to the next one."""
        return bool(_ANONYMOUS.fullmatch(self.name))


@dataclass(frozen=True)
class LiveVolume:
    """A volume of the engine that Compose made: where its driver keeps the data, and nothing else of its options."""

    name: str
    driver: str
    place: Mapping[str, str] = field(default_factory=dict)


def parse_volumes(records: Iterable[list[str]]) -> tuple[MountedVolume, ...]:
    """The records of `release_survey.sh`, each volume of a service once, and folders where data are kept.

    Raises ValueError. Source: `docker inspect`, Mounts; of a part of a volume, HostConfig.Mounts.
    """
    known = list(records)
    parts = any(_major(record[1]) >= _WITH_PARTS for record in known if record[0] == "engine")
    found = set()
    for _, project, service, encoded in (record for record in known if record[0] == "running"):
        about = _decoded(encoded)
        given = {posixpath.normpath(one.get("Target") or "/"): one for one in about.get("given") or ()}
        found |= {kept for one in about.get("mounts") or () if (kept := _mounted(project, service, one, given, parts))}
    return tuple(sorted(found, key=lambda one: (one.project, one.service, one.target, one.name, one.folder,
                                                one.subpath or "")))


def parse_live_volumes(records: Iterable[list[str]]) -> tuple[LiveVolume, ...]:
    """The `volume` records of `release_survey.sh`. Raises ValueError. Source: `docker volume inspect`."""
    found = (_decoded(record[1]) for record in records if record[0] == "volume")
    return tuple(LiveVolume(str(one["Name"]), str(one.get("Driver") or ""), place_of(one.get("Options")))
                 for one in found)


def place_of(options: Mapping[str, Any] | None) -> dict[str, str]:
    """Where a volume's driver keeps the data. Of its words to `mount` the server alone: others may be a password."""
    given = {str(key): str(value) for key, value in (options or {}).items() if value}
    mounted = dict(word.partition("=")[::2] for word in given.get("o", "").split(","))
    return {key: one for key, one in (("type", given.get("type")), ("device", given.get("device")),
                                      ("addr", mounted.get("addr"))) if one}


def _mounted(project: str, service: str, mount: Mapping[str, Any], given: Mapping[str, Mapping[str, Any]],
             parts: bool) -> MountedVolume | None:
    target = posixpath.normpath(mount.get("Destination") or "/")
    if mount.get("Type") == "volume" and mount.get("Name"):
        part = ((given.get(target) or {}).get("VolumeOptions") or {}).get("Subpath")
        return MountedVolume(project, service, str(mount["Name"]), target,
                             subpath=normal_part(part) if parts else None)
    data = any(target == one or target.startswith(f"{one}/") for one in _DATA)
    if mount.get("Type") == "bind" and mount.get("RW") and data:
        return MountedVolume(project, service, "", target, posixpath.normpath(str(mount.get("Source") or "/")))
    return None


def normal_part(path: object) -> str:
    """The part of a volume in one form: "" for all of it."""
    part = posixpath.normpath(str(path or ".")).strip("/")
    return "" if part == "." else part


def _decoded(text: str) -> Any:
    return read_json(base64.b64decode(text, validate=True).decode("utf-8", "replace")) or {}


def _major(version: str) -> int:
    first = version.partition(".")[0]
    return int(first) if first.isdigit() else 0
