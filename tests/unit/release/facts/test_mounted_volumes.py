"""The engine's mounts become the volumes of each service, each of them once."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from runbook_lib.release.facts.mounted_volumes import LiveVolume, MountedVolume, parse_live_volumes, parse_volumes


def running(project: str, service: str, *mounts: dict[str, Any], given: object = None) -> list[str]:
    about = {"oneoff": "False", "mounts": mounts, "given": given}
    return ["running", project, service, encoded(about)]


def encoded(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


VOLUME = {"Type": "volume", "Name": "gw2_data", "Source": "/v", "Destination": "/data/"}


def test_the_engines_mounts_become_the_volumes_of_each_service() -> None:
    one = running("gw2", "redis", VOLUME, {"Type": "bind", "Source": "/srv", "Destination": "/etc/x"})
    assert parse_volumes([one, one, ["commit", "x"]]) == (MountedVolume("gw2", "redis", "gw2_data", "/data"),)


def test_a_folder_counts_where_data_are_kept_and_can_be_written() -> None:
    mounts = [("/opt/app/data/postgres", "/var/lib/postgresql/data", True), ("/opt/app/init.sql", "/docker-entrypoint-initdb.d/init.sql", True),
              ("/opt/app/seed", "/data", False), ("/opt/app/x", "/database", True)]
    one = running("app", "db", *({"Type": "bind", "Source": source, "Destination": target, "RW": writable} for source, target, writable in mounts))
    assert parse_volumes([one]) == (MountedVolume("app", "db", "", "/var/lib/postgresql/data", "/opt/app/data/postgres"),)


@pytest.mark.parametrize(("version", "given", "subpath"), [
    ("27.3.1", [{"Target": "/data", "VolumeOptions": {"Subpath": "redis/"}}], "redis"),
    ("27.3.1", [{"Target": "/other", "VolumeOptions": {"Subpath": "redis"}}], ""),
    ("27.3.1", [{"Target": "/data", "VolumeOptions": None}], ""),
    ("27.3.1", None, ""),
    ("20.10.24", None, None),  # mounts all of it, whatever the file says
    ("", None, None),
])
def test_the_part_of_a_volume_is_known_where_the_engine_knows_parts(version: str, given: object, subpath: str | None) -> None:
    found = parse_volumes([running("gw2", "redis", VOLUME, given=given), ["engine", version]])
    assert [one.subpath for one in found] == [subpath]


def test_of_a_volumes_options_only_its_place_is_kept() -> None:
    options = {"type": "cifs", "device": "//files/pg", "o": "addr=10.0.0.2,username=app,password=hidden"}
    records = [["volume", encoded({"Name": "a", "Driver": "local", "Options": options})],
               ["volume", encoded({"Name": "b", "Driver": "local", "Options": None})]]
    assert parse_live_volumes(records) == (
        LiveVolume("a", "local", {"type": "cifs", "device": "//files/pg", "addr": "10.0.0.2"}), LiveVolume("b", "local"))
