"""The zoo on PostgreSQL 16, 17 and 18: newer than the release of PostgreSQL on which the programs were written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from lab import images
from lab.databases import zoo
from lab.processes import file_lock
from runbook_lib.capacity.facts.database_settings import survey_settings
from runbook_lib.capacity.facts.database_usage import survey_usage
from runbook_lib.capacity.facts.slow_statements import survey_statements
from runbook_lib.platform.facts.database import schema_revision, survey_database
from tests.lab.databases.outcomes import expected, findings, restored, swapped, worst
from tests.lab.databases.throwaway import ENVIRONMENT, OWNER, Throwaway

# the wheels have it without these; of 17 there is Debian's own
MISSING = ("CREATE EXTENSION", "icu", " xml")
WITH_ALL = 17


@pytest.fixture(scope="module", params=images.OTHER_POSTGRES, ids=str)
def newer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Throwaway]:
    image = images.OTHER_POSTGRES[request.param]
    with file_lock("images"):
        images.ensure_images(image)
    server = Throwaway(f"gw2-lab-zoo-{request.param}-{os.getpid()}", tmp_path_factory.mktemp(f"zoo-{request.param}"), image=image.reference)
    try:
        server.start(*(("-c", "shared_preload_libraries=pg_stat_statements") if request.param == WITH_ALL else ()))
        yield server
    finally:
        server.stop()


def test_what_goes_together_comes_back_on_it(newer: Throwaway) -> None:
    newer.fresh()
    version = newer.sql("SHOW server_version_num")
    assert newer.image == f"gw2-lab/postgres-{version[:2]}:latest"
    can_be_had = tuple(one for one in zoo() if one.goes_together
                       and (version[:2] == str(WITH_ALL) or not [word for word in MISSING if word in one.sql]))
    for one in can_be_had:
        newer.add(one)
    newer.sql("CREATE TABLE public.alembic_version (version_num varchar(32)); INSERT INTO public.alembic_version VALUES ('0001')", role=OWNER)
    connections: Any = SimpleNamespace(database=newer)
    # found by trying: built without XML, which has the only other query as text, it answered neither
    assert schema_revision(ENVIRONMENT).fetch(connections) == "0001"
    rows = {one.qualified: one.rows for one in survey_database(ENVIRONMENT).fetch(connections).tables}
    # rows that their policies hide from the owner are not counted
    assert rows["public.alembic_version"] == 1 and list(rows.values()).count(None) < 20
    restored(newer)
    assert worst(findings(newer), newer) == expected(can_be_had)
    swapped(newer)
    assert survey_usage(ENVIRONMENT).fetch(connections).tables_in_all > 50
    assert survey_settings(ENVIRONMENT).fetch(connections).version == int(version)


def test_statements_are_read_where_the_extension_is_and_else_what_is_missing_is_named(newer: Throwaway) -> None:
    newer.fresh()
    there = "pg_stat_statements" in newer.sql("SHOW shared_preload_libraries")
    if there:
        newer.sql("CREATE EXTENSION pg_stat_statements; SELECT pg_stat_statements_reset()")
    newer.sql("SELECT sum(n) FROM generate_series(1, 100000) n", role=OWNER)
    connections: Any = SimpleNamespace(database=newer)
    found = survey_statements(ENVIRONMENT).fetch(connections)
    assert any("generate_series" in one.text for one in found.statements) == there
    assert ("was not created" in found.missing) != there


@pytest.mark.parametrize("made_as", [
    "ENCODING LATIN1 LOCALE 'C'", "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'",
    "LOCALE_PROVIDER icu ICU_LOCALE 'de-u-co-phonebk' ICU_RULES '&a < g' LOCALE 'C.UTF-8'"])
def test_a_database_of_another_locale_comes_back_in_it(newer: Throwaway, made_as: str) -> None:
    version = newer.sql("SHOW server_version_num", "postgres")
    before_17 = version < "170000"  # which has the provider, and a column of another name
    if "icu" in made_as and version[:2] != str(WITH_ALL):
        # without ICU a database with it cannot even be made
        assert "ICU is not supported" in newer.ask("psql", "-c", f"CREATE DATABASE x TEMPLATE template0 {made_as}", "-U", "postgres").stderr
        return
    newer.fresh(f"TEMPLATE template0 {made_as.replace('LOCALE_PROVIDER builtin BUILTIN_LOCALE', 'LOCALE') if before_17 else made_as}")
    newer.sql("CREATE TABLE words (word text PRIMARY KEY); SET client_encoding = 'UTF8'; INSERT INTO words VALUES ('Ärger'), ('Zoo'), ('Öl')",
              role=OWNER)
    column = "daticulocale" if before_17 else "datlocale"
    about = f"SELECT encoding, datlocprovider, {column}, daticurules, datcollate, datcollversion FROM pg_database WHERE datname = '{{}}'"
    before = newer.sql(about.format(newer.database))
    restored(newer)
    assert newer.sql(about.format(newer.staged), "postgres") == before
