"""What is mounted into services: backed up, asked for as a place of uploads, or explained as the database's own."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.adopting.found_configuration import configuration_tree
from runbook_lib.adopting.lines import values_of
from tests.unit.adopting_doubles import FOLDER, found_project


def configuration(change: dict[str, Any] | None = None, **more: Any) -> Any:
    project = found_project(change, **more)
    return configuration_tree(project, [project.services["db"]])


@pytest.mark.parametrize(("volume", "named"), [
    ({"type": "bind", "source": "/srv/files", "target": "/data/files"}, True),
    ({"type": "bind", "source": "/srv/files", "target": "/data/files", "read_only": True}, False),
    ({"type": "bind", "source": "/var/run/docker.sock", "target": "/var/run/docker.sock"}, False),
    ({"type": "bind", "source": "/srv/shop.toml", "target": "/data/shop.toml"}, False),
    ({"type": "volume", "source": "files", "target": "/data/files"}, True),
])
def test_folders_that_may_hold_uploads_are_named(volume: dict[str, Any], named: bool) -> None:
    line = configuration({"web": {"build": ".", "volumes": [volume]}})["no_uploads_reason"]
    assert line.is_todo
    assert ("web: /data/files" in line.comment) is named
    # its own folder is in the dump
    base = {"image": "postgres:16", "volumes": [{"type": "bind", "source": "/srv/pg", "target": "/var/lib/postgresql/data"}]}
    assert "mounted" not in configuration({"web": None, "db": base})["no_uploads_reason"].comment


def test_volumes_are_named_and_only_that_of_the_database_is_explained() -> None:
    assert values_of(configuration()) == {"project_paths": ["settings.toml"], "no_uploads_reason": "TODO", "log_folders": ["/srv/logs"],
                                         "data_volumes": {"data": "the nightly dump holds it", "media": "TODO"}}


def test_what_lies_in_memory_is_no_place_for_uploads() -> None:
    volumes = [{"type": "tmpfs", "target": "/tmp"}, {"type": "volume", "target": "/var/cache/app"}]
    rules = configuration({"web": {"build": ".", "volumes": volumes}})
    assert "/tmp" not in rules["no_uploads_reason"].comment
    assert "web: /var/cache/app" in rules["no_uploads_reason"].comment


def test_services_that_write_into_one_place_are_named_together() -> None:
    volumes = [{"type": "volume", "source": "sites", "target": "/srv/sites"}]
    rules = configuration({"web": {"build": ".", "volumes": volumes}, "worker": {"build": ".", "volumes": volumes}})
    assert "web, worker: /srv/sites" in " ".join(rules["no_uploads_reason"].comment.split())


def test_configurations_that_compose_gives_to_services_are_backed_up() -> None:
    rules = configuration(configs=(f"{FOLDER}/conf/app.conf", "/etc/elsewhere.conf"))
    assert "conf/app.conf" in rules["project_paths"].value
    assert not [one for one in rules["project_paths"].value if "elsewhere" in one]


@pytest.mark.parametrize(("volume", "taken"), [
    ({"source": f"{FOLDER}/conf", "target": "/etc/app", "read_only": True}, ["conf"]), ({"source": f"{FOLDER}/files", "target": "/srv/files"}, []),
    ({"source": f"{FOLDER}/app.conf", "target": "/etc/app.conf"}, ["app.conf"]), ({"source": "/srv/conf", "target": "/etc/app", "read_only": True}, []),
])
def test_what_is_only_read_is_configuration_and_what_is_written_is_not(volume: dict[str, Any], taken: list[str]) -> None:
    rules = configuration({"web": {"build": ".", "volumes": [{"type": "bind", **volume}]}})
    assert rules["project_paths"].value == taken


def test_logs_below_the_projects_folder_are_no_folder_of_the_server() -> None:
    volumes = [{"type": "bind", "source": f"{FOLDER}/logs", "target": "/var/log/web"}]
    assert "log_folders" not in configuration({"web": {"build": ".", "volumes": volumes}})


@pytest.mark.parametrize("volume", [
    {"type": "bind", "source": "/run/udev", "target": "/run/udev"}, {"type": "volume", "source": "static", "target": "/srv/static", "read_only": True}])
def test_what_belongs_to_the_system_or_is_only_read_holds_no_uploads(volume: dict[str, Any]) -> None:
    rules = configuration({"web": {"build": ".", "volumes": [volume]}})
    assert volume["target"] not in rules["no_uploads_reason"].comment


def test_only_the_databases_own_folder_is_in_its_dump() -> None:
    volumes = [{"type": "volume", "source": "data", "target": "/var/lib/postgresql/data"}, {"type": "volume", "source": "keys", "target": "/keys"}]
    found = configuration({"db": {"image": "postgres:16", "volumes": volumes}})
    assert values_of(found)["data_volumes"] | {"media": ""} == {"data": "the nightly dump holds it", "keys": "TODO", "media": ""}
    assert "/keys" not in found["no_uploads_reason"].comment
