"""What psql prints of an error, as it gets into evidence: enough to find the fault, and nothing that users have stored."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs

# as psql 15 printed it, for rows, values, statements and functions that name a person
RECORDED = (Path(__file__).parent / "data/psql_errors.txt").read_text()
PROGRAM = programs.text("recovery/load_dump.sh") + "\nwith_causes_only <&3\n"


def causes(text: str) -> str:
    argv = ("bash", "-c", 'exec 3<&0; . /dev/fd/4 4<<<"$1"', "causes", PROGRAM)
    done = subprocess.run(argv, input=text, text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_code_message_line_and_names_stay() -> None:
    kept = causes(RECORDED)
    for piece in ('psql:<stdin>:9: ERROR:  23505: duplicate key value violates unique constraint "people_pkey"',
                  "CONTEXT:  COPY people, line 1, column mail\n", "CONSTRAINT NAME:  people_mail_check\n",
                  "22001: value too long for type character varying(12)\n", "function pg_temp_3.says(text) line 1 at RAISE\n",
                  "22P02: invalid input syntax for type integer: (value not shown)\n"):
        assert piece in kept


@pytest.mark.parametrize("value", ["john", "jane", "private", "secret", '"abc"', "(1)", "DETAIL", "HINT", "LINE 1", "LOCATION"])
def test_values_and_rows_do_not(value: str) -> None:
    assert value in RECORDED
    assert value not in causes(RECORDED)


@pytest.mark.parametrize("text", [
    "WARNING:  01000: john\nCONTEXT:  PL/pgSQL function f() line 1 at RAISE\n",
    "psql:<stdin>:3: FEHLER:  22P02: ungültige Eingabe für Typ json: »john«\nKONTEXT:  COPY people, Zeile 1, Spalte id: »john«\n",
    "ERROR:  XX000: john at line 1.\nCONTEXT:  PL/Perl function \"f\"\n",
    "ERROR:  ABCDE: john\nCONTEXT:  PL/pgSQL function f(text,integer[]) line 1 at RAISE\nSQL statement \"SELECT f('john')\"\n",
    'ERROR:  42P01: relation "john" does not exist\nCONTEXT:  COPY people, line 7, column place: "john"\n',
    'ERROR:  XX000: cannot read "john"\n', "psql:<stdin>:44: error: invalid command \\john\n", "invalid command \\john\n",
    "ERROR:  23514: new row violates it\nCONTEXT:  COPY people, line 7: \"psql\njohn\"\n",
])
def test_in_other_languages_and_from_other_functions_neither(text: str) -> None:
    assert "john" not in causes(text)


def test_an_object_that_is_missing_keeps_its_name() -> None:
    text = 'psql:<stdin>:3: ERROR:  42704: type "public.geometry" does not exist\n'
    assert causes(text) == text


@pytest.mark.parametrize("text", [
    "Error response from daemon: No such container: x\n",
    'psql: error: connection to server on socket "/tmp/x" failed: FATAL:  role "x" does not exist\n',
    "psql:<stdin>:3: error: invalid command \\restrict\n",
    "psql:<stdin>:3: server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n",
    "",
])
def test_what_is_not_an_error_of_the_database_stays_as_it_is(text: str) -> None:
    assert causes(text) == text
