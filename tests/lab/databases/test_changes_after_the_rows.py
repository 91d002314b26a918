"""What was changed after the rows were written, in functions and in the server's own settings."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from lab.databases import specimen
from runbook_lib.core import programs
from runbook_lib.recovery.facts.restorability import survey_restorability
from tests.lab.databases.outcomes import findings, restored, worst
from tests.lab.databases.throwaway import DATABASE, ENVIRONMENT, OWNER, Throwaway

# what a server's own file may say, and no database: each changes how values or our own queries are read or printed
SETTINGS = {
    "array_nulls": "off", "standard_conforming_strings": "off", "search_path": "zoo_settings, public", "quote_all_identifiers": "on",
    "bytea_output": "escape", "timezone": "Asia/Tokyo", "datestyle": "German, DMY", "intervalstyle": "sql_standard", "extra_float_digits": "-5",
    "xmloption": "document", "backslash_quote": "off", "transform_null_equals": "on", "row_security": "off",
    "default_transaction_read_only": "on", "default_transaction_isolation": "serializable", "default_transaction_deferrable": "on",
    "statement_timeout": "1s", "lock_timeout": "1s", "idle_session_timeout": "1s", "idle_in_transaction_session_timeout": "1s",
    "client_min_messages": "error",
}


def test_functions_that_were_redefined_are_found_by_what_the_rows_are_today(live: Throwaway) -> None:
    live.add(specimen("functions_that_were_redefined"))
    asked = survey_restorability(ENVIRONMENT).fetch(connections_of(live))
    said = {(one.name, one.table): (one.error, one.volatile) for one in asked.computed}
    assert said["partition key", "zoo_redefined.short"] == ("rows that it refuses today: 1", False)
    assert said["partition key", "zoo_redefined.long"] == ("", False)
    assert said["unique index zoo_redefined.by_size", "zoo_redefined.keys"] == ("rows that it refuses today: 2", False)
    assert said["other values of generated column size", "zoo_redefined.computed"] == ("", True)
    # the same functions as before: nothing is found
    live.sql("CREATE OR REPLACE FUNCTION zoo_redefined.size(text) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN length($1); END';"
             "CREATE UNIQUE INDEX partial ON zoo_redefined.keys (word, zoo_redefined.size(word)) WHERE zoo_redefined.size(word) > 1;"
             "INSERT INTO zoo_redefined.keys VALUES (NULL), (NULL)", role=OWNER)
    # nor by what was never changed: a type that rounds, a row as a whole, a collation of the index alone
    live.sql("CREATE FUNCTION zoo_redefined.more(numeric) RETURNS numeric IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 1.23456';"
             "CREATE TABLE zoo_redefined.rounded (x numeric, y numeric(10,2) GENERATED ALWAYS AS (zoo_redefined.more(x)) STORED);"
             "INSERT INTO zoo_redefined.rounded VALUES (1), (2.5);"
             "CREATE FUNCTION zoo_redefined.of(zoo_redefined.rounded) RETURNS numeric IMMUTABLE LANGUAGE sql AS 'SELECT $1.x';"
             "CREATE UNIQUE INDEX ON zoo_redefined.rounded (zoo_redefined.of(rounded.*));"
             "CREATE COLLATION zoo_redefined.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
             "CREATE TABLE zoo_redefined.cases (word text COLLATE zoo_redefined.ci);"
             "CREATE UNIQUE INDEX ON zoo_redefined.cases (word COLLATE \"C\", zoo_redefined.size(word));"
             "INSERT INTO zoo_redefined.cases VALUES ('A'), ('a')", role=OWNER)
    assert worst_without_backup(live) == {}
    restored(live)


def test_no_file_and_no_other_server_is_read_for_statistics(live: Throwaway) -> None:
    live.add(specimen("operator_classes_and_files"))  # one of its tables has a child whose file is not there
    asked = f"prefix=({' '.join(live.prefix)})\nfind_administrator {OWNER} && analyze {DATABASE}"
    done = live.bash(programs.text("recovery/load_dump.sh") + asked)
    assert (done.stdout, done.stderr) == ("", "")
    assert live.sql("SELECT count(*) FROM pg_stats WHERE schemaname = 'zoo_classes'") != "0"
    # nor is what a load would compute tried on their rows: the file of this partition is not there
    live.sql("CREATE FUNCTION zoo_classes.size(text) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN length($1); END';"
             "CREATE TABLE zoo_classes.sized (word text) PARTITION BY RANGE (zoo_classes.size(word));"
             "CREATE TABLE zoo_classes.sized_short PARTITION OF zoo_classes.sized FOR VALUES FROM (0) TO (9);"
             "CREATE FOREIGN TABLE zoo_classes.sized_long PARTITION OF zoo_classes.sized DEFAULT SERVER zoo_files OPTIONS (filename '/nonexistent');"
             f"ALTER TABLE zoo_classes.sized OWNER TO {OWNER}; ALTER TABLE zoo_classes.sized_short OWNER TO {OWNER};"
             f"ALTER FOREIGN TABLE zoo_classes.sized_long OWNER TO {OWNER}; GRANT USAGE ON SCHEMA zoo_classes TO {OWNER}")
    tried = [one for one in survey_restorability(ENVIRONMENT).fetch(connections_of(live)).computed if "sized" in one.table]
    assert [(one.table, one.error) for one in tried] == [("zoo_classes.sized_short", "")]


@pytest.fixture
def of_the_server(live: Throwaway) -> Iterator[Throwaway]:
    yield live
    live.sql("SET default_transaction_read_only = off; ALTER SYSTEM RESET ALL; SELECT pg_reload_conf()", "postgres")


def test_settings_of_the_whole_server_change_nothing(of_the_server: Throwaway) -> None:
    """Found by trying: with standard_conforming_strings off no drill could make its database."""
    live = of_the_server
    live.sql("CREATE SCHEMA zoo_settings; CREATE TABLE zoo_settings.words (a text[], b bytea, c timestamptz, d interval, e double precision, f text DEFAULT 'a\\b');"
             "INSERT INTO zoo_settings.words VALUES ('{NULL,\"NULL\"}', '\\x00ff5c', '2026-01-02 03:04:05+01', '1 day -2 hours', 0.1::float8 + 0.2)", role=OWNER)
    live.sql("\n".join(f"ALTER SYSTEM SET {name} = {value if ',' in value and name != 'datestyle' else repr(value)};"
                       for name, value in SETTINGS.items()) + "SELECT pg_reload_conf();", "postgres")
    restored(live)
    assert worst(findings(live), live) == {}
    assert live.step("swap").returncode == 0
    assert live.databases()[0] == DATABASE


def connections_of(live: Throwaway) -> Any:
    return SimpleNamespace(database=live)


def worst_without_backup(live: Throwaway) -> dict[str, str]:
    return {one.check: str(one.verdict) for one in findings(live) if str(one.verdict) != "passed"}
