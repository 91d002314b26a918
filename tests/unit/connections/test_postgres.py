"""SQL goes in by standard input, in a session that can only read; rows come back as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runbook_lib.connections.postgres import ServerDatabase, parse_rows
from runbook_lib.connections.scripted import ScriptedServer
from runbook_lib.core.errors import DockerUnavailable, FactUnreadable


def database(answer: Any) -> tuple[ServerDatabase, ScriptedServer]:
    server = ScriptedServer(commands={"psql -XqAt": answer, "docker ps": "4f2c\n"})
    return ServerDatabase(server, database="staging_db", user="staging_user", project="gw2-staging", service="postgres"), server  # type: ignore[arg-type]


def test_a_select_is_wrapped_in_a_read_only_transaction() -> None:
    asked, server = database('{"n":1}\n')
    assert asked.rows("SELECT 1 AS n", timeout_s=7) == [{"n": 1}]
    _, query = server.asked
    assert str(query.stdin).startswith("BEGIN READ ONLY;\nSET default_transaction_read_only=on;\n")
    # else an event trigger on login that writes would fail, and with it the connection
    assert "read_only" not in str(query)
    assert "statement_timeout=7000" in str(query)
    assert "SELECT 1" not in str(query)
    # PostgreSQL may speak any language: it is known by the code that each error has
    assert "VERBOSITY=verbose" in query.argv
    assert "LC_ALL=C" in query.argv


@pytest.mark.parametrize("sql", ["SELECT 1; DROP TABLE users", "SELECT 1 \\! id", "SELECT 1) a; COMMIT; SELECT (1"])
def test_a_second_statement_is_refused(sql: str) -> None:
    with pytest.raises(ValueError, match="one SELECT"):
        database("")[0].rows(sql)


@pytest.mark.parametrize("text", ["not json\n", "[1]\n", "1\n", '{"a":1}\nERROR\n', '{"a":\n'])
def test_anything_but_rows_is_unreadable(text: str) -> None:
    with pytest.raises(FactUnreadable):
        parse_rows(text)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ((1, "", "Error response from daemon: No such container: x-postgres-1"), FactUnreadable, "No PostgreSQL cont"),
        ((1, "", "Error response from daemon: container 4f2c is not running"), FactUnreadable, "No PostgreSQL cont"),
        ((1, "", "Error response from daemon: Container 4f2c is restarting, wait"), FactUnreadable, "No PostgreSQL"),
        ((3, "", 'ERROR:  relation "x" does not exist'), FactUnreadable, "does not exist"),
        ((3, "", "FEHLER:  42P01: Relation existiert nicht\nLOCATION:  parserOpenTable, parse_relation.c:1386\n"),
         FactUnreadable, r"42P01: Relation existiert nicht\n"),
        ((1, "", "Cannot connect to the Docker daemon at unix:///var/run/docker.sock"), DockerUnavailable, "daemon"),
        ((127, "", "sh: 2: docker: not found"), DockerUnavailable, "not found"),
        ((127, "", "bash: line 1: docker: command not found"), DockerUnavailable, "not found"),
    ],
)
def test_a_failed_question_says_why(answer: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        database(answer)[0].rows("SELECT 1")


def test_the_container_is_found_by_its_labels_once_and_never_by_its_name() -> None:
    """An interrupted recreation leaves its hash in front of the name, and another project may have the plain name."""
    server = ScriptedServer(commands={"4f2c": '{"n":1}\n', "docker ps": "4f2c\n"})
    asked = ServerDatabase(server, database="staging_db", user="staging_user", project="gw2-second", service="postgres")  # type: ignore[arg-type]
    assert asked.rows("SELECT 1 AS n") == asked.rows("SELECT 1 AS n") == [{"n": 1}]
    assert "label=com.docker.compose.service=postgres" in str(server.asked[0])
    assert "label=com.docker.compose.project=gw2-second" in str(server.asked[0])
    assert len(server.asked) == 3


def test_of_several_databases_none_is_asked() -> None:
    """`docker compose up --scale`, or a container that was started by hand: a backup might be of the empty one."""
    server = ScriptedServer(commands={"psql": '{"n":1}\n', "docker ps": "4f2c\n5e3b\n"})
    asked = ServerDatabase(server, database="d", user="u", project="p", service="db")  # type: ignore[arg-type]
    with pytest.raises(FactUnreadable, match="2 containers of db run") as several:
        asked.rows("SELECT 1 AS n")
    assert "docker compose -p p ps db" in several.value.next_step
    assert len(server.asked) == 1


def test_a_container_that_was_recreated_since_is_found_again() -> None:
    found = iter(("4f2c\n", "5e3b\n"))
    gone = (1, "", "Error response from daemon: No such container: 4f2c")
    asked_of = iter(('{"n":1}\n', gone, '{"n":2}\n'))
    server = ScriptedServer(commands={"psql": lambda: next(asked_of), "docker ps": lambda: next(found)})
    asked = ServerDatabase(server, database="staging_db", user="staging_user", project="p", service="postgres")  # type: ignore[arg-type]
    assert asked.rows("SELECT 1 AS n") == [{"n": 1}]
    assert asked.rows("SELECT 1 AS n") == [{"n": 2}]


def test_an_engine_that_does_not_answer_is_not_an_absent_container() -> None:
    server = ScriptedServer(commands={"docker ps": (1, "", "Cannot connect to the Docker daemon at unix:///run/docker.sock")})
    with pytest.raises(DockerUnavailable):
        ServerDatabase(server, database="d", user="u", project="p", service="postgres").rows("SELECT 1")  # type: ignore[arg-type]


def test_where_no_container_has_the_labels_none_is_running() -> None:
    server = ScriptedServer(commands={"docker ps": ""})
    with pytest.raises(FactUnreadable, match="No PostgreSQL container is running"):
        ServerDatabase(server, database="staging_db", user="staging_user", project="gw2-staging", service="postgres").rows("SELECT 1")  # type: ignore[arg-type]
    assert len(server.asked) == 1


def test_a_row_is_a_line_whatever_its_texts_hold() -> None:
    name = "a\u2028b\u2029\x85\x7f"
    assert parse_rows(f'{{"name": "{name}"}}\n{{"name": "c"}}\n') == [{"name": name}, {"name": "c"}]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": NaN}', '{"a": 1, "a": 2}', '{"a": 1e999}', '{"a": "\\ud800"}'])
def test_rows_that_no_check_could_use_are_unreadable(text: str) -> None:
    with pytest.raises(FactUnreadable, match="not JSON"):
        parse_rows(text)


def test_another_database_of_the_server_is_asked_where_one_is_named() -> None:
    asked, server = database('{"n":1}\n')
    asked.rows("SELECT 1 AS n", database="postgres")
    asked.rows("SELECT 1 AS n")
    assert [str(one).split(" -d ")[1].split()[0] for one in server.asked if " -d " in str(one)] == ["postgres", "staging_db"]


REFUSED = (2, "", "psql: Fehler: Datenbank »staging_db« akzeptiert gegenwärtig keine Verbindungen")


@pytest.mark.parametrize(("found", "what", "following"), [
    ({"allowed": False, "most": -1, "by_restore": True}, "a restore was interrupted while it swapped names", "Run 32 Restore"),
    ({"allowed": True, "most": 0, "by_restore": True}, "a restore was interrupted while it swapped names", "Run 32 Restore"),
    ({"allowed": False, "most": 42, "by_restore": False}, "closed by its operators: ALLOW_CONNECTIONS is false", "ALLOW_CONNECTIONS true"),
    ({"allowed": True, "most": 0, "by_restore": False}, "closed by its operators: CONNECTION LIMIT is 0", "CONNECTION LIMIT -1"),
    ({"allowed": True, "most": 42, "by_restore": False}, "akzeptiert gegenw", "docker compose -p p logs"),
    (None, "akzeptiert gegenw", "docker compose -p p logs"),
], ids=["shut in a swap", "limited in a swap", "shut by operators", "limited by operators", "full", "another database is closed too"])
def test_a_closed_database_says_who_closed_it_and_what_opens_it_in_any_language(
        found: dict[str, Any] | None, what: str, following: str) -> None:
    answer = REFUSED if found is None else json.dumps(found) + "\n"
    server = ScriptedServer(commands={"-d staging_db": REFUSED, "-d postgres": answer, "docker ps": "4f2c\n"})
    asked = ServerDatabase(server, database="staging_db", user="staging_user", project="p", service="postgres")  # type: ignore[arg-type]
    with pytest.raises(FactUnreadable, match=what) as caught:
        asked.rows("SELECT 1 AS n")
    assert following in caught.value.next_step
