"""Other people's databases: what the programs of 30, 31 and 32 end as on each of them is what its file says."""

from __future__ import annotations

import base64
import gzip
import subprocess
from types import SimpleNamespace
from typing import Any

import pytest

from lab.databases import specimen, zoo
from runbook_lib.core import programs
from runbook_lib.core.findings import Verdict
from runbook_lib.platform.facts.database import survey_database
from runbook_lib.recovery.checks.restorability import can_be_restored
from runbook_lib.recovery.facts.backup_survey import OWNER_FILE
from runbook_lib.recovery.facts.pitfalls import Kind
from runbook_lib.recovery.facts.restore_databases import AS_SUPERUSER, QUERY, parse_databases
from runbook_lib.recovery.plans.backup import backup_program
from runbook_lib.release.facts.kept_rows import OF_EXTENSIONS
from tests.lab.databases import throwaway as throwaway_module
from tests.lab.databases.outcomes import expected, findings, restored, survey, swapped, worst
from tests.lab.databases.throwaway import DATABASE, ENVIRONMENT, OWNER, STAGED, Throwaway

TOGETHER = tuple(one for one in zoo() if one.goes_together)
# one database has them all: 30 names each of them, and a restore ends at the first
HOPELESS = ("public_that_was_renamed", "child_of_an_extensions_table", "defaults_that_name_an_index", "exclusion_by_a_function_that_was_redefined",
            "extension_without_search_path", "files_of_the_server_that_are_gone", "members_of_an_extension_that_were_changed", "objects_added_to_an_extension", "objects_in_the_catalogue",
            "operator_classes_that_were_redefined", "operators_without_schema", "rows_in_the_information_schema", "security_labels_without_provider",
            "system_objects_that_were_changed", "text_that_is_not_utf_8")
# they have tests of their own
APART = tuple(one.name for one in zoo() if not one.goes_together and one.name not in ("database_settings", "row_too_large", *HOPELESS))


def test_what_goes_together_comes_back_together_while_a_session_holds_temporary_tables(from_outside: Throwaway) -> None:
    live = from_outside
    for one in TOGETHER:
        live.add(one)
    live.sql("CREATE TABLE public.alembic_version (version_num varchar(32)); INSERT INTO public.alembic_version VALUES ('0001')", role=OWNER)
    with subprocess.Popen((*live.prefix, "psql", "-Xq", "-U", OWNER, "-d", DATABASE), stdin=subprocess.PIPE, text=True) as held:
        assert held.stdin
        held.stdin.write("CREATE TEMPORARY TABLE held (a serial, t text); INSERT INTO held VALUES (1, 'x');\n")
        held.stdin.flush()
        restored(live)
        assert worst(findings(live), live) == expected(TOGETHER)
    # who ran the application's own event trigger while the dump was loaded: no one
    assert live.sql("SELECT count(*) FROM zoo_events.seen", STAGED) == live.sql("SELECT count(*) FROM zoo_events.seen")
    owners = "SELECT n.nspname, c.relname, c.relowner::regrole FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid >= 16384 AND relpersistence <> 't' AND nspname !~ '^pg_' AND NOT relname = 'broken' ORDER BY 1, 2"
    assert live.sql(owners, STAGED) == live.sql(owners)
    filled = "SELECT oid::regclass FROM pg_class WHERE relkind = 'm' AND relispopulated"
    assert set(live.sql(filled).splitlines()) - set(live.sql(filled, STAGED).splitlines()) == {"zoo_stale.inverse"}
    swapped(live)


def test_each_of_what_no_backup_brings_back_is_named_on_its_day(live: Throwaway) -> None:
    found = tuple(specimen(name) for name in HOPELESS)
    live.install_extension()
    for one in found:
        live.add(one)
    assert live.back_up().returncode == 0
    assert live.manifest()["unreadable"] == ['zoo_bytes."Bad ones"']
    needs = survey(live)
    assert worst(can_be_restored(needs), live) == expected(found)
    added = {"table zoo_added.things", "function zoo_added.twice(integer)", "schema zoo_adopted"}
    assert {one.name.partition(",")[0] for one in needs.left_out if one.name.endswith(", added to the extension pg_trgm")} == added
    assert [(one.name.partition("(")[0].rpartition(".")[2], one.needed) for one in needs.changed] == [
        ("unaccent", True), ("pg_stat_statements", False), ("pg_stat_statements_reset", False), ("pg_stat_statements_info", False)]
    refusing = {one.table for one in needs.computed if one.error and one.table.startswith("zoo_sorting")}
    assert refusing == {"zoo_sorting.numbers", "zoo_sorting.divided_0", "zoo_sorting.divided_1"}
    bad = {*(f"rule _RETURN on view zoo_tree.bad_{one}" for one in ("nullif", "case", "using")), "index zoo_tree.bad_index",
           "constraint bad_rows on table zoo_tree.paths", "trigger bad_trigger on table zoo_tree.paths", "function zoo_tree.bad_function(zoo_tree.ltree,zoo_tree.ltree)"}
    assert {one.name for one in needs.operators if "zoo_tree" in one.operator} == bad
    assert {one.name.partition(":")[0] for one in needs.pitfalls if one.kind is Kind.FILE} == {"text search dictionary zoo_files.synonyms", "collation zoo_files.sorted"}
    assert live.drill()["outcome"] == "failed"
    assert live.restore().args[0] == "load"


@pytest.mark.parametrize("name", APART)
def test_what_must_be_apart_ends_as_its_file_says(live: Throwaway, name: str) -> None:
    one = specimen(name)
    if "extension" in name:
        live.install_extension()
    live.run("mkdir", "-p", "/tmp/space")
    live.run("chown", "postgres", "/tmp/space")
    live.add(one)
    if name == "extension_without_files":
        live.remove_extension()
    try:
        if name == "extension_without_configuration":
            (said,) = (found.measured for found in findings(live) if found.verdict is Verdict.WARNING)
            # the rows that its script made come with it
            assert said == "zoo_plain.hidden: some, of zoo_plain; zoo_plain.notes: 3 rows, of zoo_plain"
        if one.drill == "passed" and "configuration" not in name and name != "tablespaces":
            restored(live)
        else:
            done = live.back_up()
            assert done.returncode == 0, done.stderr
            if name == "extension_with_configuration":
                connections: Any = SimpleNamespace(database=live)
                counted = {table.qualified for table in survey_database(ENVIRONMENT).fetch(connections).tables}
                # in the backup, and in no count of the live database: what 20 compares after a migration leaves them out
                gone = {table["table"] for table in live.manifest()["tables"]} - counted
                assert gone == {str(row["name"]) for row in live.rows(OF_EXTENSIONS)} == {"zoo_configured.settings"}
            done = live.restore()
            refused = one.restore == "refused"
            assert (done.returncode != 0, refused and done.args[0]) == (refused, refused and "load"), done.stderr
        if one.drill == "failed" and name != "extension_without_files":
            assert live.drill()["outcome"] == "failed"
        assert worst(findings(live), live) == expected((one,))
    finally:
        live.remove_extension()
        if name == "tablespaces":
            live.fresh_tablespace()


@pytest.mark.parametrize("change", [
    "INSERT INTO things VALUES (3, 'c')", "UPDATE things SET name = 'B' WHERE id = 2", "UPDATE things SET rows = 'Same' WHERE id = 2", "CREATE VIEW more AS SELECT 1 AS one",
    "SELECT nextval('things_id_seq')", "ALTER TABLE things OWNER TO postgres",
], ids=["a row more", "a letter", "a letter next to a column t", "an object more", "a sequence", "an owner"])
def test_a_copy_that_holds_something_else_is_never_swapped_in(live: Throwaway, change: str) -> None:
    # columns with the names that a query of ours could give to a row: each of the others counts all the same
    live.sql("CREATE TABLE things (id serial PRIMARY KEY, name text, t text DEFAULT 'same', one text DEFAULT 'same', rows text DEFAULT 'same');"
             "INSERT INTO things (name) VALUES ('a'), ('b')", role=OWNER)
    assert live.back_up().returncode == 0
    for words in (("create",), ("load", str(live.backup), live.manifest()["sha256"])):
        assert live.step(*words).returncode == 0
    live.sql(change, STAGED)
    done = live.step("compare", str(live.backup).replace(".sql.gz", ".manifest.json"), live.backup.name)
    assert done.returncode == 1
    assert "does not hold what the backup holds" in done.stderr
    assert live.step("swap").returncode == 1
    assert live.databases() == [DATABASE, STAGED]


def test_the_settings_of_the_database_come_along_in_both_directions(live: Throwaway) -> None:
    live.add(specimen("database_settings"))
    about = settings_of(live)
    assert live.back_up().returncode == 0
    done = live.restore()
    assert done.returncode == 0, done.stderr
    for step in ("swap", "swap-back"):
        done = live.step(step)
        assert done.returncode == 0, done.stderr
        assert settings_of(live) == about, step
    # a run that died after it had closed the database
    live.sql(f"ALTER DATABASE {DATABASE} SET runbook.connection_limit = '42'; ALTER DATABASE {DATABASE} CONNECTION LIMIT 0", "postgres")
    assert live.step("clear").returncode == 0
    assert settings_of(live) == about
    assert live.databases() == [DATABASE]


@pytest.mark.parametrize(("change", "limited", "state"), [("CONNECTION LIMIT 0", True, "t|0"), ("ALLOW_CONNECTIONS false", False, "f|-1")])
def test_what_operators_closed_is_theirs_and_stays_closed(live: Throwaway, change: str, limited: bool, state: str) -> None:
    """Found by trying: their limit of 0 was taken for a restore's, and 32 opened the database to everybody."""
    live.sql("CREATE TABLE things (id serial PRIMARY KEY); INSERT INTO things DEFAULT VALUES", role=OWNER)
    assert live.back_up().returncode == 0
    live.sql(f"ALTER DATABASE {DATABASE} {change}", "postgres")
    asked = live.run("sh", "-c", AS_SUPERUSER, "as-superuser", OWNER, "-v", f"database={DATABASE}", text=QUERY)
    found = parse_databases(asked.stdout, DATABASE).live
    assert found and (found.open, found.closed_by_restore, found.limited) == (False, False, limited), asked.stderr
    done = live.restore()
    assert done.returncode == 0, (done.args, done.stderr)
    about = f"SELECT datallowconn, datconnlimit FROM pg_database WHERE datname = '{DATABASE}'"
    for step in ("swap", "swap-back", "clear"):
        done = live.step(step)
        assert done.returncode == 0, (step, done.stderr)
        assert live.sql(about, "postgres") == state, step


@pytest.mark.parametrize("made_as", [
    "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-u-co-phonebk' LOCALE 'C.UTF-8'",
    "TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'", "TEMPLATE template0 ENCODING SQL_ASCII LOCALE 'C'",
], ids=["ICU", "Latin-1", "bytes of any encoding"])
def test_a_database_of_another_locale_or_encoding_comes_back_in_it(live: Throwaway, made_as: str) -> None:
    live.fresh(made_as)
    live.sql("CREATE TABLE words (word text PRIMARY KEY); CREATE INDEX ON words (upper(word)); "
             "SET client_encoding = 'UTF8'; INSERT INTO words VALUES ('Ärger'), ('Zoo'), ('Affe'), ('Öl')", role=OWNER)
    queries = (f"SELECT encoding, datlocprovider, daticulocale, datcollate, datctype FROM pg_database WHERE datname = '{DATABASE}'",
               "SELECT string_agg(encode(convert_to(word, 'UTF8'), 'hex'), ' ' ORDER BY word) FROM words")
    about = [live.sql(query) for query in queries]
    restored(live)
    record = live.drill(server_lost=True)
    assert record["outcome"] == "passed", record["stderr"]
    assert live.step("swap").returncode == 0
    assert [live.sql(query) for query in queries] == about


def settings_of(live: Throwaway) -> str:
    """All that pg_database and pg_db_role_setting have on the live database, without our own first line of the comment."""
    return live.sql(f"""SELECT datdba::regrole, encoding, datlocprovider, datcollate, datctype, datistemplate, datallowconn, datconnlimit,
        (SELECT string_agg(one::text, ' ' ORDER BY one::text) FROM unnest(datacl) AS one), dattablespace,
        regexp_replace(shobj_description(d.oid, 'pg_database'), '^runbook: .*?\\n', ''),
        (SELECT string_agg(setrole::regrole || ' ' || setconfig::text, ' ' ORDER BY 1) FROM (SELECT * FROM pg_db_role_setting WHERE setdatabase = d.oid ORDER BY setrole) AS s)
        FROM pg_database d WHERE datname = '{DATABASE}'""", "postgres")


def test_a_prepared_transaction_is_named_before_anything_is_loaded_or_closed(live: Throwaway) -> None:
    """Found by trying: the names could not be swapped, and nothing said for what."""
    live.sql("CREATE TABLE things (id integer); INSERT INTO things VALUES (1)", role=OWNER)
    assert live.back_up().returncode == 0
    live.sql("BEGIN; INSERT INTO things VALUES (2); PREPARE TRANSACTION 'it''s waiting'", role=OWNER)
    try:
        done = live.restore()
        assert (done.args, done.returncode) == (("create",), 1) and "'it''s waiting'" in done.stderr and live.databases() == [DATABASE]
    finally:
        live.sql("ROLLBACK PREPARED 'it''s waiting'", role=OWNER)
    assert live.restore().returncode == 0
    # one that came while the dump was loaded
    live.sql("BEGIN; INSERT INTO things VALUES (2); PREPARE TRANSACTION 'late'", role=OWNER)
    try:
        done = live.step("swap")
        assert done.returncode == 1 and "'late'" in done.stderr
        assert live.sql(f"SELECT datallowconn, datconnlimit FROM pg_database WHERE datname = '{DATABASE}'", "postgres") == "t|-1"
    finally:
        live.sql("ROLLBACK PREPARED 'late'", role=OWNER)
    assert live.step("swap").returncode == 0


def test_roles_that_the_server_lost_are_made_without_login_and_reported(live: Throwaway) -> None:
    for name in ("roles_that_only_policies_name", "other_owners"):
        live.add(specimen(name))
    assert live.back_up().returncode == 0
    live.sql(f"DROP DATABASE {DATABASE} WITH (FORCE)", "postgres")
    lost = ("zoo_tenant", "zoo Tenant 2", "zoo_auditor", "Zoo Admin")
    for role in lost:
        live.sql(f'DROP ROLE "{role}"', "postgres")
    for words in (("create",), ("load", str(live.backup), live.manifest()["sha256"])):
        done = live.step(*words)
        assert done.returncode == 0, done.stderr
    assert all(f"such role: {role}\n" in done.stdout for role in lost), done.stdout
    assert live.sql("SELECT count(*) FROM pg_roles WHERE rolname ~* '^zoo' AND rolcanlogin", "postgres") == "0"
    asked = live.run("sh", "-c", AS_SUPERUSER, "as-superuser", OWNER, "-v", f"database={DATABASE}", text=QUERY)
    assert set(lost) <= set(parse_databases(asked.stdout, DATABASE).made_roles), asked.stderr
    assert live.step("clear").returncode == 0
    assert live.sql("SELECT count(*) FROM pg_roles WHERE rolname ~* '^zoo'", "postgres") == "0"


def test_a_row_that_pg_dump_cannot_write_fails_the_backup_and_leaves_nothing(live: Throwaway) -> None:
    live.add(specimen("row_too_large"))
    done = live.back_up()
    assert done.returncode == 1
    assert "Cannot enlarge string buffer" in done.stderr
    assert [one.name for one in (live.folder / "backups").iterdir()] == [OWNER_FILE]


def test_a_backup_from_before_the_time_zone_was_set_comes_back(live: Throwaway, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the moments as the database's own settings print them; so has the copy that is compared with it."""
    live.add(specimen("settings_that_change_values"))
    earlier = backup_program().replace(" -c timezone=UTC -c bytea_output=hex", "").replace("PRINTED_NAME='UTC, hex'", "PRINTED_NAME=''")
    assert earlier != backup_program()
    monkeypatch.setattr(throwaway_module, "backup_program", lambda: earlier)
    assert live.back_up().returncode == 0
    assert "+09" in gzip.decompress(live.backup.read_bytes()).decode()
    done = live.restore()
    assert done.returncode == 0, (done.args, done.stderr)


def test_a_row_that_the_copy_rejects_is_not_in_any_record(live: Throwaway) -> None:
    """The constraint is named, with the line; the person in that row is not."""
    live.sql("CREATE FUNCTION fits(text) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN true", role=OWNER)
    live.sql("CREATE TABLE people (mail text CONSTRAINT people_fits CHECK (fits(mail))); INSERT INTO people VALUES ('jane@private.example');"
             "CREATE OR REPLACE FUNCTION fits(text) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN false", role=OWNER)
    assert live.back_up().returncode == 0
    done, record = live.restore(), live.drill()
    recorded = base64.b64decode(record["message"]).decode()
    assert (done.args[0], done.returncode, record["outcome"]) == ("load", 1, "failed")
    for text in (done.stdout + done.stderr, recorded + record["stderr"]):
        assert "23514" in text and "people_fits" in text and "COPY people, line 1" in text, text
        assert "jane" not in text


def test_indexes_from_before_a_newer_library_are_named_and_the_database_comes_back(live: Throwaway) -> None:
    live.fresh("TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de' LOCALE 'C.UTF-8'")
    live.sql(f"UPDATE pg_database SET datcollversion = '1.1' WHERE datname = '{DATABASE}'", "postgres")
    live.sql("CREATE TABLE words (word text PRIMARY KEY); INSERT INTO words VALUES ('Öl')", role=OWNER)
    restored(live)
    assert worst(findings(live), live) == {"indexes are sorted as the server sorts now": "warning"}


def test_an_index_with_a_collation_of_its_own_is_named_as_well(live: Throwaway) -> None:
    live.sql("CREATE COLLATION older (provider = icu, locale = 'sv'); CREATE COLLATION unused (provider = icu, locale = 'da')", role=OWNER)
    live.sql("CREATE TABLE words (word text COLLATE older PRIMARY KEY); INSERT INTO words VALUES ('Öl')", role=OWNER)
    live.sql("UPDATE pg_collation SET collversion = '1.1' WHERE collname IN ('older', 'unused')")
    (found,) = (one for one in findings(live) if one.check == "indexes are sorted as the server sorts now")
    assert (str(found.verdict), str(found.measured).partition(",")[0]) == ("warning", "older: 1.1")
    assert "unused" not in str(found.measured)


def test_statistics_that_the_server_could_not_make_are_no_failing_expression(live: Throwaway) -> None:
    """A full disk, a cancellation, a damaged page: the restore is good, and the warning has the code."""
    live.sql("CREATE FUNCTION full_disk(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$BEGIN RAISE 'full' USING ERRCODE = '53100'; END$$;"
             "CREATE TABLE numbers AS SELECT n FROM generate_series(1, 20) AS n; CREATE STATISTICS failing ON (full_disk(n)), n FROM numbers", role=OWNER)
    asked = f"prefix=({' '.join(live.prefix)})\nfind_administrator {OWNER} && analyze {DATABASE}"
    done = live.bash(programs.text("recovery/load_dump.sh") + asked)
    assert done.stdout == "unfinished\tpublic.numbers (53100)\n", done.stderr
