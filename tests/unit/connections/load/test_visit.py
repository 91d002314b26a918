"""One visit: its own names, what it keeps of replies, and the removal of what it made whatever was lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runbook_lib.connections.load import visit as visits
from runbook_lib.connections.load.visit import Visit
from tests.unit.connections.load.application import job

FLOW = job()["flow"]


class Server:
    """Answers by path; remembers what it was sent."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {"/": (200, b""), "/register": (201, b""), "/login": (200, b'{"token": "t1"}'), "/items": (200, b""),
                        "/me": (204, b"")} | {f"/{name}": answer for name, answer in answers.items()}
        self.sent: list[tuple[str, str, dict[str, str], bytes | None]] = []

    def __call__(self, method: str, path: str, headers: dict[str, str], body: bytes | None, step: str,
                 expected: int) -> tuple[int | None, bytes]:
        self.sent.append((method, path, headers, body))
        answer: tuple[int | None, bytes] = self.answers[path]
        return answer

    @property
    def paths(self) -> list[str]:
        return [path for _, path, _, _ in self.sent]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "PAUSE_S", 0.0)


def test_a_whole_flow_repeats_what_it_should_and_is_clean() -> None:
    server, visit = Server(), Visit(1, "seed")
    assert visit.run(FLOW, server)
    assert server.paths == ["/", "/register", "/login", "/items", "/items", "/me"]
    assert visit.clean
    assert visit.tidy(FLOW, server)
    assert server.paths[-1] == "/me"
    assert len(server.sent) == 6  # nothing is removed twice


def test_names_and_passwords_are_made_from_the_seed() -> None:
    same, other, another = Visit(1, "seed"), Visit(2, "seed"), Visit(1, "other")
    assert Visit(1, "seed").values == same.values
    assert len({one.name for one in (same, other, another)}) == 3
    assert len({one.values["password"] for one in (same, other, another)}) == 3
    assert same.values["password"] not in repr(same)


def test_what_was_kept_is_sent_and_what_it_is_called_too() -> None:
    server, visit = Server(), Visit(1, "seed")
    visit.run(FLOW, server)
    assert json.loads(server.sent[1][3] or b"")["username"] == visit.name
    assert server.sent[-1][2] == {"Authorization": "Bearer t1"}


def test_an_error_ends_the_flow_and_removes_what_was_made() -> None:
    server, visit = Server(items=(500, b"")), Visit(1, "seed")
    assert not visit.run(FLOW, server)
    assert server.paths == ["/", "/register", "/login", "/items", "/me"]
    assert visit.clean


@pytest.mark.parametrize("reply", [b"", b"[]", b"{}", b'{"token": "a\\nb"}', b'{"token": "' + b"x" * 9_000 + b'"}', b"{" * 100_000, "{\"token\": \"é\"}".encode()])
def test_a_reply_without_what_is_to_be_kept_is_an_error(reply: bytes) -> None:
    server, visit = Server(login=(200, reply)), Visit(1, "seed")
    assert not visit.run(FLOW, server)
    assert not visit.clean
    assert "/me" not in server.paths  # without a token there is nothing that could be sent


def test_a_lost_token_is_fetched_again_to_remove_the_account() -> None:
    server, visit = Server(login=(None, b"")), Visit(1, "seed")
    assert not visit.run(FLOW, server)
    server.answers["/login"] = (200, b'{"token": "t2"}')
    assert visit.tidy(FLOW, server)
    assert server.sent[-1][2] == {"Authorization": "Bearer t2"}


def test_an_account_that_never_was_is_nothing_to_remove() -> None:
    server = Server(login=(401, b""))
    assert Visit(1, "seed", begun=True).tidy(FLOW, server)
    assert "/me" not in server.paths


@pytest.mark.parametrize("answer", [(500, b""), (None, b""), (429, b"")])
def test_what_cannot_be_removed_is_left_and_said_after_a_few_attempts(answer: tuple[int | None, bytes]) -> None:
    server, visit = Server(me=answer), Visit(1, "seed", begun=True)
    assert not visit.tidy(FLOW, server)
    assert server.paths.count("/me") == visits.ATTEMPTS


def test_a_visit_that_sent_nothing_left_nothing() -> None:
    server = Server()
    assert Visit(1, "seed").tidy(FLOW, server)
    assert server.sent == []


def test_a_flow_that_makes_nothing_has_nothing_to_remove() -> None:
    server, visit = Server(), Visit(1, "seed")
    reads = [step for step in FLOW if step["path"] == "/"]
    assert visit.run(reads, server)
    assert visit.tidy(reads, server)
    assert server.paths == ["/"]


def test_a_stop_lets_no_further_step_begin_and_removes_what_was_made() -> None:
    server, visit = Server(), Visit(1, "seed")
    assert not visit.run(FLOW, server, lambda: "/login" in server.paths)
    assert server.paths == ["/", "/register", "/login", "/me"]
    assert visit.clean


def test_an_unanswered_request_may_still_make_what_is_not_there_yet() -> None:
    """A connection that was cut proves nothing: the account may appear a moment later."""
    server, visit = Server(register=(None, b""), login=(401, b"")), Visit(1, "seed")
    assert not visit.run(FLOW, server)
    asked: list[str] = []

    def late(method: str, path: str, *rest: Any) -> tuple[int | None, bytes]:
        asked.append(path)
        if asked.count("/login") == 2:
            server.answers["/login"] = (200, b'{"token": "t"}')
        return server(method, path, *rest)

    assert visit.tidy(FLOW, late)
    assert asked == ["/login", "/login", "/me"]
