"""What a service is, by its image alone."""

from __future__ import annotations

import pytest

from runbook_lib.adopting import kinds
from runbook_lib.adopting.kinds import CACHE, is_database, kind_of, postgres_version, technology_of
from runbook_lib.adopting.project import FoundService, Volume


@pytest.mark.parametrize("image", [
    "postgres", "postgres:16", "docker.io/library/postgres:17@sha256:00", "registry:5000/team/postgis:15-3.4",
    "pgvector/pgvector:pg17", "timescale/timescaledb-ha:pg16", "bitnami/postgresql:16",
])
def test_a_database_is_known_by_its_image(image: str) -> None:
    assert is_database(FoundService("x", image=image))


@pytest.mark.parametrize("image", [
    "prom/postgres-exporter", "prodrigestivill/postgres-backup-local", "dpage/pgadmin4", "mysql:8", "my-postgres-app", ""])
def test_what_is_only_called_like_a_database_is_none(image: str) -> None:
    assert not is_database(FoundService("x", image=image))


def test_an_application_that_knows_the_databases_variables_is_not_the_database() -> None:
    variables = {"POSTGRES_PASSWORD": "x", "POSTGRES_SERVER": "db"}
    assert not is_database(FoundService("web", built_from=".", variables=variables))
    data = (Volume("data", "/var/lib/postgresql/data", True),)
    assert is_database(FoundService("db", built_from="db", variables=variables, volumes=data))
    # Zulip's, whose image has a name of its own and whose password is a file
    assert is_database(FoundService("database", image="zulip/zulip-postgresql:14", variables={"POSTGRES_PASSWORD_FILE": "/run/secrets/x"},
                                    volumes=data))
    # what copies the files of another one gives them no password
    assert not is_database(FoundService("copier", image="ours/copier", variables={"PGUSER": "x"}, volumes=data))


@pytest.mark.parametrize(("image", "technology"), [
    ("mysql/mysql-server:8.0", "MySQL 8.0"), ("docker.elastic.co/kibana/kibana:7.17.0", "Kibana 7.17.0"), ("phpmyadmin:5", "phpMyAdmin 5")])
def test_images_of_other_publishers_are_known(image: str, technology: str) -> None:
    """Bagisto's: its MySQL and its Kibana were services of the release."""
    assert technology_of(FoundService("x", image=image)) == technology


@pytest.mark.parametrize("image", ["redis:7", "valkey/valkey:8", "redis/redis-stack-server"])
def test_a_cache_is_known_by_its_image(image: str) -> None:
    assert kind_of(FoundService("x", image=image)) is CACHE


def test_an_image_of_the_projects_own_build_is_no_known_program() -> None:
    assert kind_of(FoundService("x", image="nginx:latest", built_from=".")) is None


def test_a_technology_in_words() -> None:
    assert technology_of(FoundService("x", image="postgres:16-alpine")) == "PostgreSQL 16"
    assert technology_of(FoundService("x", image="traefik:v3.1.2")) == "Traefik 3.1.2"
    assert technology_of(FoundService("x", image="redis")) == "Redis"
    assert technology_of(FoundService("x", image="ours/thing:1")) == "ours/thing:1"
    assert technology_of(FoundService("x", image="ours:1", built_from=".")) == "Built from the checkout"
    assert technology_of(FoundService("x")) == "not known"


@pytest.mark.parametrize(("image", "version"), [
    ("postgres:12.3", 12), ("docker.io/library/postgres:16-alpine", 16), ("pgvector/pgvector:pg16", 16), ("timescale/timescaledb:2.13.1-pg14", 14),
    ("postgis/postgis:17-3.5", 17), ("postgres:alpine", None), ("postgres", None), ("redis:7", None), ("supabase/postgres@sha256:00", None),
])
def test_the_version_of_postgresql_by_its_tag(image: str, version: int | None) -> None:
    assert postgres_version(FoundService("db", image=image)) == version


def test_an_image_is_compared_with_the_known_ones_once_however_often_it_is_asked_for() -> None:
    """A draft asks for the kind of each service next to each other one: of 400 services that took a minute."""
    kinds._kind_called.cache_clear()
    for number in range(20):
        for name in ("own/web:1", "own/web:2", "postgres:16"):
            kind_of(FoundService(name=f"s{number}", image=name))
    assert kinds._kind_called.cache_info().misses == 2
