"""Does each service find its data again? A volume of another name, or at another path, begins empty. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from typing import Any

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.release.facts.mounted_volumes import MountedVolume, normal_part
from runbook_lib.release.facts.repository import ComposeConfig

KEPT, LEFT = "data services keep their volumes", "services keep their volumes"
_EXPECTED = "each volume of a running container, at the same path"
_KEEP = ("Keep the volume or folder and its path in the release's Compose file. Where the change is meant, make it "
         "first, without a release: take a backup, stop the service, copy its data, and start it on the copy by "
         "hand; then deploy.")
_NOT_SEEN = ("Where users' files are in it, keep its name and its path in the release's Compose file. The release does "
             "not see what is in it; it stays on the server (docker volume ls).")


def volumes_are_kept(config: ComposeConfig, mounted: Iterable[MountedVolume],
                     environment: Environment) -> tuple[Finding, ...]:
    """A failure where a database or a cache would begin empty, a warning for any other service; else nothing."""
    lost: dict[bool, list[str]] = {True: [], False: []}
    # what a database keeps is not lost where another service has no more view of it
    all_of_them = tuple(mounted)
    safe = {one.name for one in all_of_them if one.project == environment.project
            and one.service in config.services and one.service in environment.data_services
            and not _instead(config, one)}
    for one in all_of_them:
        if one.project == environment.project and one.service in config.services:
            # a folder of another service's is in sight of whoever keeps files there
            other = "" if one.folder and one.service not in environment.data_services else _instead(config, one)
            if other:
                what = f"{one.name}, its subpath {one.subpath}," if one.subpath else one.folder or one.name
                shown = f"{one.service}: {what} at {one.target} now, {other}"
                holds = one.service in environment.data_services or one.name not in safe
                lost[holds and _holds_data(one, environment)].append(shown)
    failed = finding(KEPT, False, measured="; ".join(lost[True]), expected=_EXPECTED, next_step=_KEEP)
    warned = finding(LEFT, False, measured="; ".join(lost[False]), expected=_EXPECTED, otherwise=Verdict.WARNING,
                     next_step=_NOT_SEEN)
    return (*((failed,) if lost[True] else ()), *((warned,) if lost[False] else ()))


def _holds_data(one: MountedVolume, environment: Environment) -> bool:
    named = {name for key in environment.configuration_backup.data_volumes
             for name in (key, f"{environment.project}_{key}")}
    return one.service in environment.data_services or one.name in named


def _instead(config: ComposeConfig, one: MountedVolume) -> str:
    """What the release has at that path, where it is something else; empty where the data are found again."""
    service = config.services[one.service]
    mounts = _mounts(config, one.service)
    for mount in mounts:
        if posixpath.normpath(str(mount.get("target") or "/")) == one.target:
            return _other(config, mount, one)
    if one.target in [posixpath.normpath(str(path).partition(":")[0]) for path in _listed(service.get("tmpfs"))]:
        return "memory in the release"
    moved = [str(mount.get("target")) for mount in mounts
             if (_is_folder(mount, one.folder) if one.folder else _name(config, mount, one) == one.name)]
    if moved:
        return f"at {moved[0]} in the release"
    # those of a container by its name are in no Compose file
    unseen = any(str(source).startswith("container:") for source in service.get("volumes_from") or ())
    what = "folder" if one.folder else "volume"
    return "" if one.anonymous or unseen else f"no {what} there in the release"


def _mounts(config: ComposeConfig, name: str, seen: frozenset[str] = frozenset()) -> list[Mapping[str, Any]]:
    """A service's own mounts, then those of the services in its `volumes_from`: at one path, Docker takes its own."""
    service = config.services.get(name) or {}
    others = [str(one).partition(":")[0] for one in service.get("volumes_from") or ()]
    return [*(service.get("volumes") or ()), *(mount for one in others if one not in seen
                                               for mount in _mounts(config, one, seen | {name}))]


def _other(config: ComposeConfig, mount: Mapping[str, Any], one: MountedVolume) -> str:
    kind = mount.get("type")
    if one.folder and _is_folder(mount, one.folder):
        return ""
    if kind != "volume":
        return "memory in the release" if kind == "tmpfs" else f"the folder {mount.get('source')} in the release"
    name = _name(config, mount, one)
    if not name:
        return "" if one.anonymous else "a volume without a name in the release"
    return _other_part(mount, one) if name == one.name else f"{name} in the release"


def _other_part(mount: Mapping[str, Any], one: MountedVolume) -> str:
    """Another part of the same volume: the data are in it, where the service does not look."""
    part = normal_part((mount.get("volume") or {}).get("subpath"))
    if one.subpath is None or one.subpath == part:
        return ""
    return f"{f'its subpath {part}' if part else 'all of it, without a subpath,'} in the release"


def _name(config: ComposeConfig, mount: Mapping[str, Any], one: MountedVolume) -> str:
    """The engine's name of a volume; empty for an anonymous one."""
    key = str(mount.get("source") or "") if mount.get("type") == "volume" else ""
    return engine_name(config, key, one.project) if key else ""


def engine_name(config: ComposeConfig, key: str, project: str) -> str:
    """The name that a volume of the Compose file has for the engine.

    The release was read in a folder of its own, and its project may have had another name there (`-p` by hand).
    """
    name = str((config.volumes.get(key) or {}).get("name") or f"{config.project}_{key}")
    return f"{project}_{key}" if name == f"{config.project}_{key}" else name


def _is_folder(mount: Mapping[str, Any], folder: str) -> bool:
    """Whether it mounts that folder. One of the checkout is relative there, which may itself be a link."""
    source = posixpath.normpath(str(mount.get("source") or ""))
    return mount.get("type") == "bind" and (source == folder or folder.endswith(f"/{source}"))


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value] if value else []
