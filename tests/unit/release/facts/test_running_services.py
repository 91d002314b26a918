"""How services run, from the engine's own words."""

from __future__ import annotations

from runbook_lib.release.facts.running_services import RunningService, parse_running
from tests.unit.release.facts.test_mounted_volumes import encoded

ABOUT = {"id": "4f2c1d" + "0" * 58, "hostname": "4f2c1d000000", "restart": "always", "log": "json-file",
         "memory": 536870912, "shm": 67108864, "read_only": False, "stop_s": None, "ulimits": None, "variables": ["TZ=UTC", "PGDATA=/a=b", None]}


def test_a_service_is_read_once_with_the_number_of_its_containers() -> None:
    found = parse_running([["settings", "shop", "web", encoded(ABOUT)], ["commit", "x"], ["settings", "shop", "web", encoded(ABOUT)]])
    assert found == (RunningService("shop", "web", 2, "always", "json-file", 536870912, variables={"TZ": "UTC", "PGDATA": "/a=b"}),)


def test_what_somebody_gave_to_a_container_is_not_the_engines_own() -> None:
    given = {**ABOUT, "hostname": "node-1", "stop_s": 0, "ulimits": [{"Name": "core", "Soft": 0}, {"Name": "nofile", "Soft": 1024, "Hard": 4096}]}
    [found] = parse_running([["settings", "shop", "web", encoded(given)]])
    assert (found.hostname, found.stop_s, found.open_files) == ("node-1", 0, 1024)


def test_what_protects_a_container_is_read() -> None:
    given = {**ABOUT, "user": "app:app", "security": ["no-new-privileges:true"], "dropped": ["ALL"]}
    [found] = parse_running([["settings", "shop", "web", encoded(given)]])
    assert (found.user, found.security, found.dropped) == ("app:app", ("no-new-privileges:true",), ("ALL",))


def test_a_reply_with_less_is_a_service_all_the_same() -> None:
    assert parse_running([["settings", "shop", "web", encoded({})]]) == (RunningService("shop", "web"),)
