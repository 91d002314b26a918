"""What a release changes of services that 20 leaves as they run is named, with how it comes into force."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.release.checks.left_services import left_services
from runbook_lib.release.facts.repository import ComposeConfig, ReleaseTree, Sources
from tests.unit.shop_environment import shop

WEB = {"image": "web:latest", "environment": {"A": "1"}}
DB: dict[str, Any] = {"image": "postgres:15", "volumes": [{"type": "bind", "source": "db/conf", "target": "/etc/postgresql"}],
                      "configs": [{"source": "hba"}]}


def of(services: dict[str, Any], live: dict[str, Any] | None, *changed: str) -> list[str]:
    config = ComposeConfig(True, "", services, configs={"hba": {"file": "pg_hba.conf"}})
    tree = ReleaseTree("v1", None, sources=Sources({}, config), live_services=live, changed_files=changed)
    return [f"{one.verdict.value}: {one.measured}" for one in left_services(tree, shop())]


def test_a_release_that_changes_its_own_services_alone_has_no_finding() -> None:
    assert of({"web": WEB | {"image": "web:2"}, "db": DB}, {"web": WEB, "db": DB}, "/opt/shop/web.py") == []


@pytest.mark.parametrize(("db", "changed", "named"), [
    (DB | {"image": "postgres:16"}, (), "db (image)"),
    (DB | {"command": ["postgres", "-c", "max_connections=50"]}, (), "db (command)"),
    (DB, ("/opt/shop/db/conf/postgresql.conf",), "db (postgresql.conf)"),
    (DB, ("/opt/shop/pg_hba.conf",), "db (pg_hba.conf)"),
])
def test_what_it_changes_of_others_is_named(db: dict[str, Any], changed: tuple[str, ...], named: str) -> None:
    assert of({"web": WEB, "db": db}, {"web": WEB, "db": DB}, *changed) == [f"warning: left as they run: {named}"]


def test_a_folder_whose_name_only_begins_alike_is_another() -> None:
    assert of({"web": WEB, "db": DB}, {"web": WEB, "db": DB}, "/opt/shop/db/configuration.md") == []


def test_what_is_new_or_not_started_or_not_known_is_nothing_to_this_check() -> None:
    assert of({"web": WEB, "new": DB}, {"web": WEB}) == []
    assert of({"web": WEB, "db": DB | {"image": "x", "profiles": ["tools"]}}, {"web": WEB, "db": DB}) == []
    assert of({"web": WEB, "db": DB | {"image": "x"}}, None) == []


def test_how_it_comes_into_force_is_said_with_every_file() -> None:
    config = ComposeConfig(True, "", {"db": DB | {"image": "postgres:16"}})
    found, = left_services(ReleaseTree("v1", None, sources=Sources({}, config), live_services={"db": DB}), shop())
    assert found.next_step.endswith("docker compose -p shop -f compose.yml -f compose.override.yml -f .runbook/release.override.yml up -d --no-deps --force-recreate db")
