"""A dump as a script in which two roles take turns: who runs what, and what is not passed on."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs

HEADER = "SET statement_timeout = 0;\nSET standard_conforming_strings = on;\nSELECT pg_catalog.set_config('search_path', '', false);\n"
CONNECT = re.compile(r'^\\connect - "(\w+)"$')


def split(dump: str) -> subprocess.CompletedProcess[str]:
    text = programs.text("recovery/split_dump.sh") + 'split_dump root loader owner; exit\n'
    return subprocess.run(("bash", "-c", text), input=HEADER + dump, text=True, capture_output=True, timeout=120)


def by_role(dump: str) -> list[tuple[str, str]]:
    """(role, line) for each line of the dump itself."""
    done = split(dump)
    assert done.returncode == 0, done.stderr
    role, lines = "", []
    for line in done.stdout.splitlines():
        if found := CONNECT.match(line):
            role = found[1]
        else:
            lines.append((role, line))
    return lines


def role_of(statement: str, before: str = "") -> str:
    return next(role for role, line in by_role(f"{before}{statement}\n") if line == statement.splitlines()[0])


@pytest.mark.parametrize("statement", [
    "CREATE TABLE public.t (\n    a integer\n);",
    "CREATE DOMAIN public.d AS text CHECK (public.f(VALUE));",
    "CREATE INDEX i ON public.t USING btree (public.f(a));",
    "CREATE TRIGGER t BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();",
    "CREATE FUNCTION public.f(a text DEFAULT 'LANGUAGE c'::text) RETURNS boolean\n    LANGUAGE plpgsql SECURITY DEFINER\n    AS $$BEGIN RETURN true; END$$;",
    "CREATE AGGREGATE public.total(public.d) (\n    SFUNC = public.add,\n    STYPE = public.d,\n    INITCOND = '1'\n);",
    "ALTER TABLE ONLY public.t ATTACH PARTITION public.p FOR VALUES IN ('x');",
    "SELECT pg_catalog.setval('public.s', 5, true);",
    "DO $$BEGIN END$$;",
])
def test_what_can_run_the_applications_own_code_is_the_loaders(statement: str) -> None:
    assert role_of(statement) == "loader"


@pytest.mark.parametrize("statement", [
    "CREATE EXTENSION IF NOT EXISTS pg_stat_statements WITH SCHEMA public;",
    "CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;",
    "CREATE CAST (text AS public.t) WITH INOUT;",
    "CREATE OPERATOR CLASS public.o\n    FOR TYPE text USING btree AS\n    OPERATOR 1 public.<~;",
    "CREATE FUNCTION public.f(text) RETURNS integer\n    LANGUAGE c STRICT\n    AS '$libdir/x', 'f';",
    "CREATE FUNCTION public.f(text) RETURNS integer\n    LANGUAGE plpython3u\n    AS $$return 1$$;",
    "CREATE FUNCTION public.f() RETURNS boolean\n    LANGUAGE plpgsql LEAKPROOF\n    AS $$BEGIN RETURN true; END$$;",
    "CREATE FUNCTION public.f() RETURNS integer\n    LANGUAGE plpgsql\n    SET log_statement TO 'none'\n    AS $$BEGIN RETURN 1; END$$;",
    "CREATE TYPE public.shell;",
    "ALTER TABLE public.t OWNER TO owner;",
    "GRANT SELECT ON TABLE public.t TO owner;",
    "COMMENT ON TABLE public.t IS 'x';",
    "CREATE PUBLICATION p FOR ALL TABLES WITH (publish = 'insert');",
])
def test_what_the_owner_cannot_make_is_the_administrators(statement: str) -> None:
    assert role_of(statement) == "root"


def test_owners_come_after_the_rows_and_event_triggers_last_of_all() -> None:
    lines = [line for _, line in by_role(
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION public.f();\nALTER TABLE public.t OWNER TO owner;\n"
        "REFRESH MATERIALIZED VIEW public.m;\nCOPY public.t (a) FROM stdin;\n1\n\\.\nGRANT ALL ON TABLE public.t TO owner;\n")]
    begins = ("COPY", "ALTER TABLE", "GRANT ALL", "DROP OWNED", "REFRESH", "CREATE EVENT", "SELECT 'loaded'")
    # each kind in its place; a view that could not be filled is tried again
    assert list(dict.fromkeys(next(begin for begin in begins if line.startswith(begin)) for line in lines if line.startswith(begins))) == list(begins)


def test_a_row_of_60_mib_passes_in_less_memory_than_it_has(tmp_path: Path) -> None:
    with (tmp_path / "dump").open("w") as dump:
        dump.write(HEADER + "COPY public.files (id, body) FROM stdin;\n1\t\\\\x")
        for _ in range(60):
            dump.write("0123456789abcdef" * 65536)
        dump.write("\n2\t\\\\x\n\\.\n\n\n")
    text = programs.text("recovery/split_dump.sh") + "ulimit -v 60000; split_dump root loader owner <dump | wc -c; exit ${PIPESTATUS[0]}\n"
    done = subprocess.run(("bash", "-c", text), cwd=tmp_path, text=True, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 60 * 2**20


def test_rows_pass_whatever_they_hold() -> None:
    rows = ["\\connect postgres\tx", "COPY public.t (a) FROM stdin;", "\\\\.", "-- PostgreSQL database dump complete", "x" * 700_000, "GRANT ALL;"]
    lines = by_role("COPY public.t (a) FROM stdin;\n" + "\n".join(rows) + "\n\\.\nCOPY public.u (a) FROM stdin;\n\\.\n")
    lines = [(role, line) for role, line in lines if not line.startswith("SET search_path")]
    assert [line for role, line in lines if role == "loader"][-len(rows) - 4:] == [
        "COPY public.t (a) FROM stdin;", *rows, "\\.", "COPY public.u (a) FROM stdin;", "\\."]


@pytest.mark.parametrize("body", [
    "$$\nCOPY t (a) FROM stdin;\n\\.\n\\! reboot\nGRANT ALL ON x TO y;\n$$",
    "'\nCOPY t (a) FROM stdin;\n''\\! reboot; GRANT\n'",
    "E'\\'; GRANT ALL;\n\\! reboot'",
    "$a$ $b$ ; GRANT ALL ON x TO y; $b$ $a$",
])
def test_a_functions_text_is_one_statement_whatever_it_says(body: str) -> None:
    lines = by_role(f"CREATE FUNCTION public.f() RETURNS integer\n    LANGUAGE plpgsql\n    AS {body};\n")
    assert {role for role, line in lines if line in body.splitlines()} <= {"loader"}
    assert not [line for role, line in lines if role == "root" and line.startswith("GRANT ALL")]


def test_a_new_style_functions_body_is_one_statement() -> None:
    body = "BEGIN ATOMIC\n SELECT 1;\n SELECT CASE WHEN true THEN 2 ELSE 3 END;\nEND;"
    lines = by_role(f"CREATE FUNCTION public.f() RETURNS integer\n    LANGUAGE sql\n    {body}\nCREATE TABLE public.t ();\n")
    assert [role for role, line in lines if line in ("END;", "CREATE TABLE public.t ();")] == ["loader", "loader"]


@pytest.mark.parametrize(("dump", "what"), [
    ("\\! touch /tmp/x\n", "a command of psql"),
    ("CREATE TABLE t (a integer); \\connect postgres\n", "a command of psql"),
    ("\\restrict a; \\! x\n", "a command of psql"),
    ("SET ROLE postgres;\n", "not a setting of a dump"),
    ("SET session_authorization = 'postgres';\n", "not a setting of a dump"),
    ("SELECT 'x\n", "ends within a statement"),
    ("COPY public.t (a) FROM stdin;\n1\n", "ends within a table"),
])
def test_what_pg_dump_does_not_write_is_refused_with_its_line(dump: str, what: str) -> None:
    done = split(dump)
    assert done.returncode != 0
    assert what in done.stderr
    assert "line " in done.stderr
    assert "'loaded'" not in done.stdout


@pytest.mark.parametrize(("statement", "role"), [
    ('ALTER TABLE public.t OWNER TO "Big ""Role";', 'Big "Role'),
    ("GRANT SELECT(a),UPDATE(b) ON TABLE public.t TO reader WITH GRANT OPTION;", "reader"),
    ("REVOKE ALL ON SCHEMA public FROM gone;", "gone"),
    ("ALTER DEFAULT PRIVILEGES FOR ROLE maker IN SCHEMA public REVOKE ALL ON TABLES FROM PUBLIC;", "maker"),
    ("SET SESSION AUTHORIZATION granter;", "granter"),
    ("CREATE POLICY p ON public.t AS RESTRICTIVE FOR SELECT TO one, tenant USING ((a = CURRENT_USER));", "tenant"),
    ("CREATE USER MAPPING FOR mapped SERVER far;", "mapped"),
    ("ALTER EVENT TRIGGER e OWNER TO eventful;", "eventful"),
])
def test_roles_that_the_server_may_have_lost_are_made_without_login(statement: str, role: str) -> None:
    made = [line for _, line in by_role(statement + "\n") if line.startswith("SELECT E'role") and f"E'{role}'" in line]
    assert len(made) == 1


PRIVILEGES = ("-- Dumped by pg_dump version {}\n\n--\n-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: the owner\n--\n\n"
              "REVOKE ALL ON SCHEMA public FROM PUBLIC;\nGRANT ALL ON SCHEMA public TO owner;\n")


@pytest.mark.parametrize("version", ["14.10 (Ubuntu 14.10-0ubuntu0.22.04.1)", "13.22"])
def test_the_owner_of_public_comes_back_from_a_dump_that_does_not_set_it(version: str) -> None:
    lines = by_role(PRIVILEGES.format(version))
    own, revoke = ("root", 'ALTER SCHEMA public OWNER TO "the owner";'), ("root", "REVOKE ALL ON SCHEMA public FROM PUBLIC;")
    assert lines.index(own) < lines.index(revoke)
    assert any(line.startswith("SELECT E'role") and "E'the owner'" in line for _, line in lines)


@pytest.mark.parametrize("version", ["15.18 (Debian 15.18-0+deb12u1)", "17.12", "18.6"])
def test_a_dump_of_15_or_later_sets_the_owner_of_public_itself(version: str) -> None:
    assert not [line for _, line in by_role(PRIVILEGES.format(version)) if "ALTER SCHEMA public" in line]


def test_settings_hold_for_every_session() -> None:
    done = split("CREATE EXTENSION x;\nCREATE TABLE t ();\n").stdout
    for session in done.split("\\connect")[1:]:
        assert "search_path" in session and "standard_conforming_strings = on" in session


def test_only_the_administrator_asks_for_messages_in_english() -> None:
    """A role that is not a superuser may not, not even as an option of its connection: the loader has that from its making."""
    done = split("CREATE EXTENSION x;\nCREATE TABLE t ();\n").stdout
    sessions = done.split("\\connect - ")[1:]
    assert {session.split()[0] for session in sessions} == {'"root"', '"loader"'}
    assert all(("SET lc_messages = 'C';" in session) == session.startswith('"root"') for session in sessions)


@pytest.mark.parametrize("statement", [
    "COPY public.t (a) FROM stdin;\n1\n\\.",
    "ALTER TABLE public.t ADD CONSTRAINT c CHECK (public.f(a)) NOT VALID;",
    "CREATE TABLE public.t (a text);",
])
def test_what_a_function_did_to_its_session_is_over_before_psql_reads_on(statement: str) -> None:
    """It could make psql read a string's end differently, and take the rest for a command of its own."""
    lines = by_role("SET client_encoding = 'UTF8';\n" + statement + "\nCREATE INDEX i ON public.t (a) WHERE (a <> 'x\\');\n")
    after = lines[lines.index(("loader", statement.splitlines()[-1])) + 1]
    assert after == ("loader", "SET search_path = ''; SET standard_conforming_strings = on;SET client_encoding = 'UTF8';")


def test_a_backslash_ends_no_string_where_the_dump_says_that_it_escapes() -> None:
    lines = by_role("SET standard_conforming_strings = off;\nCREATE TABLE t (a text DEFAULT 'x\\'; GRANT ALL;');\nCREATE TABLE u ();\n")
    assert ("loader", "CREATE TABLE u ();") in lines


def test_a_limit_that_only_newer_servers_know_is_not_passed_on() -> None:
    """An image's pg_dump may be newer than its server: such a backup was made, and no restore of it went through."""
    done = split("SET transaction_timeout = 0;\nSET lock_timeout = 0;\nCREATE TABLE public.t (\n    a integer\n);\n")
    assert done.returncode == 0, done.stderr
    assert "transaction_timeout" not in done.stdout
    assert "SET lock_timeout = 0;" in done.stdout


@pytest.mark.parametrize(("schema", "name"), [("public", "public"), ('"A ""b"', 'A "b')])
def test_a_role_that_passed_a_privilege_on_may_use_the_schema_for_it_alone(schema: str, name: str) -> None:
    """Found by trying: the role had lost the schema since, and no restore could name the table as that role."""
    lines = split(f"SET SESSION AUTHORIZATION granter;\nGRANT SELECT ON TABLE {schema}.t TO reader;\nGRANT UPDATE ON TABLE {schema}.t TO reader;\n"
                  "RESET SESSION AUTHORIZATION;\nGRANT ALL ON TABLE public.u TO reader;\n").stdout.splitlines()
    begin = next(number for number, line in enumerate(lines) if "AS lent" in line)
    quoted = '"' + name.replace('"', '""') + '"'
    assert f"has_schema_privilege(E'granter', E'{name}', 'USAGE') AS lent \\gset" in lines[begin]
    assert lines[begin + 1:begin + 12] == [
        "\\if :lent", f'GRANT USAGE ON SCHEMA {quoted} TO "granter";', "\\endif", "SET SESSION AUTHORIZATION granter;",
        f"GRANT SELECT ON TABLE {schema}.t TO reader;", f"GRANT UPDATE ON TABLE {schema}.t TO reader;", "RESET SESSION AUTHORIZATION;",
        "\\if :lent", f'REVOKE USAGE ON SCHEMA {quoted} FROM "granter";', "\\endif", "GRANT ALL ON TABLE public.u TO reader;"]
