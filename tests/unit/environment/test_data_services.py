"""Where the data are: the services of database and cache are the environment's own, and no part of a release."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from runbook_lib.environment import load_environment
from runbook_lib.environment.data_services import Database
from tests.unit.environment_doubles import faults_of, overlay, with_services_renamed


def test_the_plans_data_are_where_its_backup_and_its_gates_find_them() -> None:
    staging = load_environment("staging")
    assert (staging.database.service, staging.database.name, staging.database.owner) == (
        "postgres", "staging_db", "staging_user")
    assert staging.data_services == ("postgres", "redis")
    assert staging.shared_services == ("nginx", "postgres", "redis")


def test_services_of_other_names_are_found_by_the_environment_alone() -> None:
    renamed = with_services_renamed({"postgres": "db", "redis": "kv"})
    assert renamed.data_services == ("db", "kv")
    assert renamed.shared_services == ("nginx", "db", "kv")


def test_a_service_that_is_declared_absent_is_not_waited_for(tmp_path: Path) -> None:
    there = overlay(tmp_path, "services: {redis: {required: false, absent_reason: none here}}\n")
    assert load_environment(there).shared_services == ("nginx", "postgres")


NO_CACHE = "cache: null\nwithout: {cache: the application keeps nothing between requests}\n"
ABSENT = "services: {redis: {required: false, absent_reason: none here}}\n"


@pytest.mark.parametrize(("text", "reason"), [(NO_CACHE, "the application keeps nothing between requests"), (ABSENT, "none here")])
def test_an_environment_may_be_without_a_cache_and_says_why(tmp_path: Path, text: str, reason: str) -> None:
    found = load_environment(overlay(tmp_path, text))
    assert (found.cache_service, found.no_cache_reason) == ("", reason)
    assert found.data_services == ("postgres",)
    assert found.shared_services == ("nginx", "postgres")


@pytest.mark.parametrize(("text", "fault"), [
    ("database: {service: db}", "database.service: there is no service 'db'"),
    ("cache: {service: kv}", "cache.service: there is no service 'kv'"),
    ("database: {service: backend}",
     "database.service: services.backend belongs to a release, which has one of each colour"),
    ("database: {name: my-app}", "database.name: should be a name of at most 39 letters, digits and _, got 'my-app'"),
    ("database: {owner: Ann Lee}", "database.owner: should be a name in letters, digits, _ . -, got 'Ann Lee'"),
    ("cache: {service: postgres}", "cache.service: postgres is named for something else as well"),
    ("cache: null", "cache: give it, or say in without.cache why this environment has none"),
    ("without: {cache: none}", "without.cache: cache is given as well; leave one of them out (cache: null)"),
    ("without: {cash: none}",
     "without.cash: only database, cache, health, smoke, monitoring, migrations, page, statements, writes can be left out; did you mean 'cache'?"),
    ("without: {metrics: none here}", "without.metrics: only database, cache, health, smoke, monitoring, migrations, page, statements, writes can be left out"),
    ("cache: null\nwithout: {cache: ''}", "without.cache: should not be empty"),
    ("database: {servise: db}", "database.servise: unknown key; did you mean 'service'?"),
])
def test_what_cannot_hold_data_is_refused_by_its_path(tmp_path: Path, text: str, fault: str) -> None:
    assert faults_of(overlay(tmp_path, text + "\n")) == [fault]


@pytest.mark.parametrize(("name", "accepted"), [
    ("shop", True), ("Shop_2", True), ("a" * 39, True), ("a" * 40, False), ("shop-prod", False), ("shop.prod", False), ("9lives", False),
])
def test_a_database_has_a_name_that_a_backup_and_a_restore_can_both_use(name: str, accepted: bool) -> None:
    """PostgreSQL cuts names after 63 bytes, and a restore adds 24 to it: a backup of such a database could not come back."""
    try:
        Database.model_validate({"service": "db", "name": name, "owner": "shop"})
    except ValidationError:
        assert not accepted
    else:
        assert accepted
