"""Are the volumes on the server where the release's Compose file has them? Pure.

Compose makes a volume once. One whose options a release changes stays where it is: Compose 2.26 leaves it and reports
nothing, later versions ask whether to delete it with its data.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.release.checks.kept_volumes import engine_name
from runbook_lib.release.facts.mounted_volumes import LiveVolume, place_of
from runbook_lib.release.facts.repository import ComposeConfig

FOLLOWED = "the volumes on the server are where the Compose file has them"
_NEXT = ("The data stay where they are on the server, whatever the release says: a server that is made anew would look "
         "elsewhere. Keep the options in the Compose file. Or move the data by hand in a maintenance window, with a "
         "backup. Where Compose asks whether to recreate the volume, the answer is no: it would delete the data.")


def volumes_followed(config: ComposeConfig, volumes: Iterable[LiveVolume], project: str) -> tuple[Finding, ...]:
    """A warning where a volume that exists has another driver, device or server than in the release; else nothing."""
    live = {one.name: one for one in volumes}
    wrong = []
    for key, wanted in config.volumes.items():
        there = live.get(engine_name(config, key, project))
        if there is not None and not (wanted or {}).get("external"):
            new = {"driver": (wanted or {}).get("driver") or "local", **place_of((wanted or {}).get("driver_opts"))}
            wrong += [f"{key}: {words}" for words in _differences(new, {"driver": there.driver, **there.place})]
    return (Finding(FOLLOWED, Verdict.WARNING, "; ".join(wrong), "no difference", _NEXT),) if wrong else ()


def _differences(wanted: Mapping[str, str], live: Mapping[str, str]) -> list[str]:
    return [f"{key} is {live.get(key, 'not set')} on the server, {wanted.get(key, 'not set')} in the release"
            for key in ("driver", "type", "device", "addr") if not _same(wanted.get(key), live.get(key))]


def _same(wanted: str | None, live: str | None) -> bool:
    if wanted is None or live is None:
        return wanted == live
    # a folder of the checkout is relative in the release, and absolute on the server
    path = posixpath.normpath(wanted)
    return wanted == live or path == posixpath.normpath(live) or (live.startswith("/") and live.endswith(f"/{path}"))
