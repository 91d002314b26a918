"""The engine's mounts become the volumes of each service, each of them once."""

from __future__ import annotations

import base64

from runbook_lib.release.facts.mounted_volumes import MountedVolume, parse_volumes


def test_the_engines_mounts_become_the_volumes_of_each_service() -> None:
    mounts = ('[{"Type":"volume","Name":"gw2_data","Source":"/v","Destination":"/data/"},'
              '{"Type":"bind","Source":"/srv","Destination":"/etc/x"}]')
    records = [["mounts", "gw2", "redis", base64.b64encode(mounts.encode()).decode()]] * 2 + [["commit", "x"]]
    assert parse_volumes(records) == (MountedVolume("gw2", "redis", "gw2_data", "/data"),)


def test_a_folder_counts_where_data_are_kept_and_can_be_written() -> None:
    mounts = ('[{"Type":"bind","Source":"/opt/app/data/postgres","Destination":"/var/lib/postgresql/data","Mode":"rw","RW":true},'
              '{"Type":"bind","Source":"/opt/app/init.sql","Destination":"/docker-entrypoint-initdb.d/init.sql","RW":true},'
              '{"Type":"bind","Source":"/opt/app/seed","Destination":"/data","RW":false},'
              '{"Type":"bind","Source":"/opt/app/x","Destination":"/database","RW":true}]')
    records = [["mounts", "app", "db", base64.b64encode(mounts.encode()).decode()]]
    assert parse_volumes(records) == (MountedVolume("app", "db", "", "/var/lib/postgresql/data", "/opt/app/data/postgres"),)
