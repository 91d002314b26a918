"""What a release changes of services that no step of a deployment touches, where it replaces the previous one. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from typing import Any

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.replaced_release import OVERRIDE
from runbook_lib.release.facts.repository import ReleaseTree

IN_FORCE = "what the release changes of other services comes into force"


def left_services(release: ReleaseTree, environment: Environment) -> tuple[Finding, ...]:
    """A warning where the commit changes a service that is not of the release, or a file that such a one mounts.

    A finding only where something differs: the checkout then says one thing, and what runs is another.
    """
    config, live = release.sources.compose, release.live_services
    if config is None or not config.valid or live is None:
        return ()
    active = {None, *environment.compose.profiles}
    changed = {_absolute(environment, one) for one in release.changed_files}
    left = [f"{name} ({what})" for name, one in sorted(config.services.items())
            if name in live and name not in environment.release.services and name not in environment.absent_services
            and set(one.get("profiles") or (None,)) & active
            and (what := _difference(one, live[name], _mounted(environment, one, config.configs), changed))]
    return (finding(IN_FORCE, False, measured=f"left as they run: {', '.join(left)}", expected="nothing else differs",
                    otherwise=Verdict.WARNING, next_step=_by_hand(environment, left)),) if left else ()


def _by_hand(environment: Environment, left: Iterable[str]) -> str:
    names = " ".join(one.partition(" ")[0] for one in left)
    files = " ".join((*environment.compose.env_words, *(f"-f {one}" for one in (*environment.compose.files, OVERRIDE))))
    return ("20 replaces the services of release.services alone: others would be away too. When the release is live, "
            f"after a backup and in a quiet moment, in {environment.server.directory}: "
            # without its name Compose may take another one: that would be a second project next to the first
            f"docker compose -p {environment.project} {files} up -d --no-deps --force-recreate {names}")


def _difference(new: Mapping[str, Any], old: Mapping[str, Any], mounted: Iterable[str], changed: set[str]) -> str:
    keys = [key for key in sorted({*new, *old}) if new.get(key) != old.get(key)]
    files = sorted(one for source in mounted for one in changed if one == source or one.startswith(f"{source}/"))
    return ", ".join((*keys, *(posixpath.basename(one) for one in files)))


def _mounted(environment: Environment, service: Mapping[str, Any], configs: Mapping[str, Any]) -> list[str]:
    folders = [str(one.get("source") or "") for one in service.get("volumes") or () if one.get("type") == "bind"]
    named = [configs.get(str(one.get("source"))) or {} for one in service.get("configs") or ()]
    folders += [str(one.get("file") or "") for one in named]
    return [_absolute(environment, one) for one in folders if one]


def _absolute(environment: Environment, path: str) -> str:
    return posixpath.normpath(posixpath.join(environment.server.directory, path))
