"""What a dump holds: the shared program, run by bash on texts as pg_dump writes them, and on those that could fool it."""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from runbook_lib.core import programs

PROGRAM = programs.text("platform/whole_lines.sh", "recovery/dump_contents.sh")
HEAD = "--\n-- PostgreSQL database dump\n--\n\n\\restrict x1\n\n-- Dumped from database version 15.20\n-- Dumped by pg_dump version 15.20\n\n"
END = "--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict x1\n\n"
USERS = "COPY public.users (id, name) FROM stdin;\n1\tann\n2\tbob\n3\tbob\n\\.\n\n\n"


def run(script: str, folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    # as each program that has it begins
    return subprocess.run(("bash", "-c", f"set -uo pipefail\n{PROGRAM}{script}", "test", *words), cwd=folder, text=True, capture_output=True,
                          timeout=120, env={**os.environ, **variables})


def read(text: str | bytes, folder: Path, **variables: str) -> list[list[str]]:
    """The contents of a dump; what is passed on is the dump itself, byte for byte."""
    raw = text if isinstance(text, bytes) else text.encode()
    (folder / "dump").write_bytes(raw)
    done = run("with_contents contents <dump >passed", folder, **variables)
    assert done.returncode == 0, done.stderr
    assert (folder / "passed").read_bytes() == raw
    return [line.split("\t") for line in (folder / "contents").read_text().splitlines()]


def kinds(lines: Iterable[list[str]], kind: str) -> list[list[str]]:
    return [line[1:] for line in lines if line[0] == kind]


def test_a_dump_is_described_by_tables_objects_sequences_and_its_end(tmp_path: Path) -> None:
    entry = "--\n-- Name: users; Type: TABLE; Schema: public; Owner: app\n--\n\nCREATE TABLE public.users (id integer);\n\n\n"
    found = read(HEAD + entry + USERS + "SELECT pg_catalog.setval('public.users_id_seq', 3, true);\n\n\n" + END, tmp_path)
    (table,) = kinds(found, "table")
    assert table[:3] == ["public.users", "3", "18"]
    assert kinds(found, "object") == [["TABLE", "public", "users", "app"]]
    assert kinds(found, "sequence") == [["public.users_id_seq", "3,true"]]
    assert kinds(found, "end") == [["1"]]
    assert kinds(found, "pg_dump") == [["15.20"]]


BODIES = {
    "a COPY line and an entry in a function": "CREATE FUNCTION public.f() RETURNS void\n    LANGUAGE sql\n    AS $_$\n"
    "-- Name: fake; Type: TABLE; Schema: public; Owner: x\nCOPY public.fake (a) FROM stdin;\n1\n\\.\n"
    "-- PostgreSQL database dump complete\n$_$;\n",
    "an open quote in a function": "CREATE FUNCTION public.f() RETURNS void LANGUAGE sql AS $$ it's \" -- /* $$;\n",
    "a tag inside a tag": "CREATE FUNCTION public.f() RETURNS void LANGUAGE sql AS $a$ $b$ ; $$ \nCOPY x.y FROM stdin;\n$a$;\n",
    "a function in a string": "CREATE FUNCTION public.f() RETURNS void LANGUAGE sql AS '\nCOPY public.fake FROM stdin;\n''\n';\n",
    "escapes": "COMMENT ON TABLE public.users IS E'it\\'s; \\\\';\n",
    "a comment of many lines": "COMMENT ON TABLE public.users IS 'first\n-- Name: fake; Type: TABLE; Schema: public; Owner: x\n"
    "COPY public.fake (a) FROM stdin;\n';\n",
    "a dollar in a name": "CREATE TABLE public.a$b$c (d$e$ integer DEFAULT 1);\n",
    "parameters": "CREATE VIEW public.v AS SELECT $1 AS a, '$$' AS b;\n",
    "nested comments": "SELECT 1 /* ; /* ' */ $$ */ + 2;\n",
    "a name with everything": "ALTER TABLE public.\"a;b'c$$d\n--e\" OWNER TO app;\n",
    "a body of the standard": "CREATE FUNCTION public.f() RETURNS integer LANGUAGE sql\n    BEGIN ATOMIC\n SELECT 1;\n SELECT 2;\nEND;\n",
    "a large literal": f"COMMENT ON TABLE public.users IS '{'x' * 300_000}';\n",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_what_stands_in_quotes_and_bodies_is_never_taken_for_a_block_or_an_object(body: str, tmp_path: Path) -> None:
    found = read(HEAD + body + USERS + END, tmp_path)
    assert [table[:2] for table in kinds(found, "table")] == [["public.users", "3"]]
    assert kinds(found, "object") == []
    assert kinds(found, "end") == [["1"]]


NAMES = {
    'public."order"': "public.\"order\"",
    'public."Odd Name"': "public.\"Odd Name\"",
    'public."a ""b"" c"': 'public."a ""b"" c"',
    'public."über [x] (y)"': 'public."über [x] (y)"',
    '"my schema"."FROM stdin;"': '"my schema"."FROM stdin;"',
    'public."line\nbreak\tand tab"': 'public."line\nbreak\tand tab"',
    'public."back\\slash"': 'public."back\\slash"',
    'public."a.b"': 'public."a.b"',
}


@pytest.mark.parametrize("name", NAMES)
def test_a_table_may_have_any_name_and_so_may_its_columns(name: str, tmp_path: Path) -> None:
    found = read(f'{HEAD}COPY {name} (t, "c;\nd) FROM stdin;", "E") FROM stdin;\n1\t2\t3\n\\.\n\n\n{END}', tmp_path)
    (table,) = kinds(found, "table")
    assert (json.loads(f'"{table[0]}"'), table[1]) == (name, "1")


def test_names_that_are_not_utf_8_stay_different(tmp_path: Path) -> None:
    blocks = b"".join(b'COPY public."' + name + b'" (a) FROM stdin;\n\\.\n\n\n' for name in (b"\xe4", b"\xe5"))
    found = read(HEAD.encode() + blocks + END.encode(), tmp_path)
    assert [json.loads(f'"{table[0]}"') for table in kinds(found, "table")] == ['public."ä"', 'public."å"']


def test_rows_that_look_like_commands_are_rows(tmp_path: Path) -> None:
    rows = "COPY public.x (a) FROM stdin;\n-- PostgreSQL database dump complete\n\\\\.\n\n$$\n'\n\\N\n"
    found = read(f"{HEAD}COPY public.notes (a) FROM stdin;\n{rows}\\.\n\n\n{END}", tmp_path)
    assert [table[:3] for table in kinds(found, "table")] == [["public.notes", "7", str(len(rows))]]
    assert kinds(found, "end") == [["1"]]


@pytest.mark.parametrize(
    "text", [HEAD + USERS, HEAD + USERS[:50], HEAD + USERS + END + "DROP TABLE x;\n", HEAD + "CREATE TABLE x (", "",
             HEAD + USERS + END.replace("complete", "complet"), HEAD + "AS $$ " + USERS + END,
             HEAD + USERS + END + "\\echo x\n", HEAD + "COPY nothing that we know FROM stdin;\n1\n\\.\n" + END],
    ids=["no end", "in the rows", "SQL after it", "in a statement", "empty", "altered marker", "open quote", "psql command", "unknown"],
)
def test_what_does_not_end_as_a_dump_ends_is_incomplete(text: str, tmp_path: Path) -> None:
    assert kinds(read(text, tmp_path), "end") == [["0"]]


def table_sum(folder: Path, rows: Iterable[str], columns: str = "id, name") -> str:
    text = f"{HEAD}COPY public.users ({columns}) FROM stdin;\n{''.join(f'{row}{chr(10)}' for row in rows)}\\.\n\n\n{END}"
    return kinds(read(text, folder), "table")[0][3]


def test_the_sum_is_of_all_columns_and_all_rows_whatever_their_order(tmp_path: Path) -> None:
    rows = [f"{number}\t{'x' * (number % 90)}" for number in range(5000)]
    mixed = random.Random(1).sample(rows, len(rows))
    good = table_sum(tmp_path, rows)
    assert table_sum(tmp_path, mixed) == good
    changed = ([*rows[:-1], rows[0]], rows[:-1], [*rows, rows[0]], [*rows[:-1], rows[-1] + "y"],
               ["0\tB", "1\tA", *rows[2:]], ["0\tA", "1\tB", *rows[2:]])
    sums = {table_sum(tmp_path, one) for one in changed} | {table_sum(tmp_path, rows, "name, id"), good}
    assert len(sums) == len(changed) + 2


def test_empty_rows_and_rows_without_columns_count(tmp_path: Path) -> None:
    found = read(f"{HEAD}COPY public.none  FROM stdin;\n\n\n\\.\n\n\nCOPY public.empty (a) FROM stdin;\n\\.\n\n\n{END}", tmp_path)
    assert [table[:3] for table in kinds(found, "table")] == [["public.none", "2", "2"], ["public.empty", "0", "0"]]


def test_a_row_of_60_mib_takes_seconds_and_little_memory(tmp_path: Path) -> None:
    with (tmp_path / "dump").open("w") as dump:
        dump.write(HEAD + "COPY public.files (id, body) FROM stdin;\n1\t\\\\x")
        for _ in range(60):
            dump.write("0123456789abcdef" * 65536)
        dump.write("\n2\t\\\\x\n\\.\n\n\n" + END)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # less than the row: with three times as much a program that held it whole passed
    done = run("ulimit -v 60000; with_contents contents <dump >/dev/null && cat contents", tmp_path)
    cpu_s = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before.ru_utime
    assert done.returncode == 0, done.stderr
    assert "table\tpublic.files\t2\t62914572\t" in done.stdout
    assert cpu_s < 10


def test_large_objects_count_whatever_their_order(tmp_path: Path) -> None:
    made = [f"SELECT pg_catalog.lo_create('{number}');\n" for number in (11, 12)]
    written = [f"SELECT pg_catalog.lo_open('{number}', 131072);\nSELECT pg_catalog.lowrite(0, '\\x{number}');\n"
               "SELECT pg_catalog.lo_close(0);\n" for number in (11, 12)]
    (first,) = kinds(read(HEAD + "".join([*made, *written]) + END, tmp_path), "large_objects")
    (second,) = kinds(read(HEAD + "".join([*made[::-1], *written[::-1]]) + END, tmp_path), "large_objects")
    (other,) = kinds(read(HEAD + "".join([*made, *written]).replace("\\x12", "\\x13") + END, tmp_path), "large_objects")
    assert first == second != other
    assert first[0] == "2"


def compare(folder: Path, wanted: str, found: str) -> subprocess.CompletedProcess[str]:
    for name, text in (("wanted", wanted), ("found", found)):
        read(text, folder)
        (folder / "contents").rename(folder / name)
    return run("same_contents wanted found", folder)


VIEW = "--\n-- Name: v; Type: VIEW; Schema: public; Owner: app\n--\n\nCREATE VIEW public.v AS\n SELECT {};\n\n\n"


def test_an_expression_that_prints_differently_after_a_restore_is_the_same(tmp_path: Path) -> None:
    before = HEAD + VIEW.format("((a)::text = ANY ((ARRAY['x'::character varying])::text[]))") + USERS + END
    after = HEAD + VIEW.format("((a)::text = ANY (ARRAY[('x'::character varying)::text]))") + USERS + END
    assert compare(tmp_path, before, after).returncode == 0


@pytest.mark.parametrize(
    "found",
    [HEAD + END, HEAD + USERS.replace("ann", "anN") + END, HEAD + USERS + VIEW.format("1") + END, HEAD + USERS,
     HEAD + USERS + USERS + END, HEAD + USERS.replace("id, name", "id, nick") + END,
     HEAD + USERS + "SELECT pg_catalog.setval('public.s', 1, true);\n" + END],
    ids=["a lost table", "a letter", "one more view", "truncated", "rows twice", "a renamed column", "a sequence"],
)
def test_a_copy_that_holds_anything_else_differs_and_the_difference_is_named(found: str, tmp_path: Path) -> None:
    done = compare(tmp_path, HEAD + USERS + END, found)
    assert done.returncode == 1
    assert done.stdout.strip()


def child(columns: str, *rows: str, parents: str = "\nINHERITS (public.a, public.b)") -> str:
    made = f'CREATE TABLE public.ab (\n    x integer\n){parents};\n\n\n'
    return f"{HEAD}{made}COPY public.ab ({columns}) FROM stdin;\n{''.join(f'{row}{chr(10)}' for row in rows)}\\.\n\n\n{END}"


def test_a_child_of_two_tables_may_come_back_with_its_columns_in_another_order(tmp_path: Path) -> None:
    wanted = child('id, own, "b, c"', "1\tx\ty", "2\t\\N\t" + "z" * 200_000)
    assert compare(tmp_path, wanted, child('id, "b, c", own', "2\t" + "z" * 200_000 + "\t\\N", "1\ty\tx")).returncode == 0
    assert compare(tmp_path, wanted, child('id, "b, c", own', "1\tx\ty", "2\t\\N\t" + "z" * 200_000)).returncode == 1
    assert compare(tmp_path, wanted, child('id, "b, c", own', "2\t" + "z" * 200_000 + "\t\\N")).returncode == 1


def parted(*blocks: tuple[str, str]) -> str:
    made = 'CREATE TABLE public."by Mood" (\n    id integer\n)\nPARTITION BY HASH (mood);\n\n\n'
    return f"{HEAD}{made}" + "".join(f'COPY public."by Mood" ({columns}) FROM stdin;\n{rows}\\.\n\n\n' for columns, rows in blocks) + END


def test_rows_that_are_written_for_a_partitioned_table_may_come_back_in_other_partitions(tmp_path: Path) -> None:
    wanted = parted(("id, mood", "1\tsad\n2\tok\n"), ("mood, id", "ok\t3\n"))
    (table,) = kinds(read(wanted, tmp_path), "table")
    assert table[:2] == [r'public.\"by Mood\"', "3"]
    assert compare(tmp_path, wanted, parted(("id, mood", "2\tok\n"), ("mood, id", "ok\t3\nsad\t1\n"))).returncode == 0
    for rows in ("ok\t3\nsad\t2\n", "ok\t3\n", "ok\t3\nsad\t1\nsad\t1\n"):
        assert compare(tmp_path, wanted, parted(("id, mood", "2\tok\n"), ("mood, id", rows))).returncode == 1, rows


def test_the_columns_of_any_other_table_keep_their_order(tmp_path: Path) -> None:
    assert compare(tmp_path, child("a, b", "1\t2", parents=""), child("b, a", "2\t1", parents="")).returncode == 1


def test_two_truncated_dumps_are_never_the_same(tmp_path: Path) -> None:
    assert compare(tmp_path, HEAD + USERS, HEAD + USERS).returncode == 1


@pytest.mark.parametrize(("row", "readable"), [
    ("aä€😀".encode() * 60_000, True), (b"plain" * 60_000, True), (b"\xf4\x8f\xbf\xbf", True), (b"\xff", False), (b"x" * 100_000 + b"\xc3", False),
    (b"\xed\xa0\x80", False), (b"\xf4\x90\x80\x80", False), (b"\xc0\x80", False), ("ä".encode() * 60_000 + b"\xa4", False)])
@pytest.mark.parametrize(("encoding", "heeded"), [("UTF8", True), ("LATIN1", False)])
def test_bytes_that_no_restore_takes_are_found_in_their_table(row: bytes, readable: bool, encoding: str, heeded: bool, tmp_path: Path) -> None:
    """Letters lie across the pieces in which a dump is read."""
    table = b"COPY public.t (a) FROM stdin;\n" + b"x" + row + b"\nend\n\\.\n\n\n"
    found = read(f"{HEAD}SET client_encoding = '{encoding}';\n{USERS}".encode() + table + END.encode(), tmp_path)
    assert kinds(found, "unreadable") == ([] if readable or not heeded else [["public.t"]])


def test_what_the_operators_shell_exports_changes_nothing(tmp_path: Path) -> None:
    text = f'{HEAD}COPY public."ü" (a) FROM stdin;\nä\n\\.\n\n\n{END}'
    assert read(text, tmp_path, PERL_UNICODE="SDA", PERL5OPT="-Mutf8", PERLIO=":crlf") == read(text, tmp_path)


def test_a_server_without_perl_is_told_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "env").chmod(0o755)
    done = run("with_contents contents </dev/null", tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 127
    assert "install the package perl" in done.stderr


def manifest(folder: Path, **fields: object) -> None:
    read(HEAD + USERS + END, folder)
    digest = run("contents_digest contents", folder).stdout.strip()
    statements = kinds([line.split("\t") for line in (folder / "contents").read_text().splitlines()], "statements")[0][1]
    data = {"contents": digest, "statements": statements, "users": 3} | fields
    head = "".join(f' "{name}": "{data[name]}",\n' for name in ("contents", "statements") if data[name])
    (folder / "manifest").write_text(f'{{"format": 3,\n{head} "tables": [\n{{"table": "public.users", "rows": {data["users"]}, '
                                     '"bytes": 18, "content": "0"}\n ],\n')


@pytest.mark.parametrize(
    ("fields", "output"),
    [({}, ""), ({"users": 4}, "rows"), ({"contents": "0" * 32}, "other contents"), ({"statements": "0" * 32}, "other statements"),
     ({"contents": ""}, ""), ({"contents": "", "users": 2}, "rows")],
    ids=["as it was", "rows", "contents", "statements", "an older format", "an older format, other rows"],
)
def test_a_dump_is_compared_with_its_manifest_of_whatever_format(fields: dict[str, object], output: str, tmp_path: Path) -> None:
    manifest(tmp_path, **fields)
    done = run("contents_match_manifest contents manifest", tmp_path)
    assert done.returncode == (1 if output else 0), done.stdout
    assert output in done.stdout


@pytest.mark.parametrize("found", [HEAD + USERS + END, HEAD + END], ids=["the same", "a lost table"])
def test_contents_that_cannot_be_sorted_are_never_the_same(found: str, tmp_path: Path) -> None:
    """Two sides that could not be read are both empty, which proves nothing."""
    compare(tmp_path, HEAD + USERS + END, found)
    broken = tmp_path / "bin/sort"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\nexit 2\n")
    broken.chmod(0o755)
    path = f"PATH={broken.parent}:$PATH; "
    done = run(path + "same_contents wanted found", tmp_path)
    assert (done.returncode, "could not be compared" in done.stdout) == (2, True)
    done = run(path + "contents_digest wanted", tmp_path)
    assert (done.returncode != 0, done.stdout) == (True, "")
    (tmp_path / "manifest").write_text('{"contents": "d41d8cd98f00b204e9800998ecf8427e"}\n')  # of nothing at all
    done = run(path + "contents_match_manifest wanted manifest", tmp_path)
    assert (done.returncode, "could not be compared" in done.stdout) == (2, True)
