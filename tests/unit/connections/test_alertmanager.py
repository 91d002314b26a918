"""Silences of a real Alertmanager, and what is made of one that hangs, lies or is gone."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from runbook_lib.connections import alertmanager
from runbook_lib.connections.alertmanager import ServerAlertmanager
from runbook_lib.core.alerts import ExpectedAlert
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable, HostUnreachable, RunbookError
from runbook_lib.core.findings import Verdict
from runbook_lib.core.plan import Plan, Step
from runbook_lib.execution.silences import Silences
from tests.unit.alertmanager_server import serving
from tests.unit.connections.notifying.receivers import scripted_server

ALERT = ExpectedAlert("ServiceUnhealthy", (("job", "postgres"),))
QUIET = Step("change-postgres", "Restart postgres", (Command(("true",), timeout_s=60.0),), expected_alerts=(ALERT,))
LOUD = Step("watch", "Watch", ())
PLAN = Plan("deploy v1", "lab", (QUIET, LOUD))


class Direct:
    """This machine in the place of the server: a tunnel is a plain connection."""

    address = "deploy@here"

    def __init__(self) -> None:
        self.link = SimpleNamespace(open_tunnel=lambda port: socket.create_connection(("127.0.0.1", port), 60))


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(tmp_path_factory.mktemp("alertmanager")) as address:
        yield int(address.rpartition(":")[2])


@pytest.fixture
def manager(port: int, monkeypatch: pytest.MonkeyPatch) -> ServerAlertmanager:
    monkeypatch.setattr(alertmanager, "TIMEOUT_S", 60.0)
    made = ServerAlertmanager(Direct(), port=port)
    for one in active(made):
        made.expire(one["id"])
    return made


def active(manager: ServerAlertmanager) -> list[dict[str, Any]]:
    return [one for one in manager.silences()[0] if one["status"]["state"] == "active"]


def silenced(port: int, **labels: str) -> bool:
    """Whether an alert that fires now is silenced."""
    address = f"http://127.0.0.1:{port}/api/v2/alerts"
    requests.post(address, json=[{"labels": labels}], timeout=60).raise_for_status()
    (found,) = [one for one in requests.get(address, timeout=60).json() if one["labels"] == labels]
    return bool(found["status"]["silencedBy"])


def silences(manager: Any, run_id: str = "run-1") -> Silences:
    return Silences(lambda: manager, "lab", run_id)


def test_only_what_is_expected_is_silenced_and_only_while_the_step_lasts(manager: ServerAlertmanager, port: int) -> None:
    made = silences(manager)
    made.before(PLAN, QUIET)
    assert silenced(port, alertname="ServiceUnhealthy", job="postgres", try_="1")
    assert not silenced(port, alertname="ServiceUnhealthy", job="redis", try_="1")
    assert not silenced(port, alertname="DiskUsageHigh", try_="1")
    (one,) = active(manager)
    assert (one["createdBy"], one["comment"]) == ("runbooks of lab", "Restart postgres, run run-1")
    made.before(PLAN, LOUD)
    assert active(manager) == []
    assert made.findings == ()


def test_a_silence_ends_on_its_own_a_little_after_the_limit_of_its_step(manager: ServerAlertmanager) -> None:
    _, now = manager.silences()
    silences(manager).before(PLAN, QUIET)
    (one,) = active(manager)
    ends = datetime.fromisoformat(one["endsAt"].replace("Z", "+00:00"))
    assert timedelta(seconds=60) < ends - now < timedelta(seconds=60 + 600)


def test_the_next_run_ends_what_a_dead_one_left_and_nothing_of_others(manager: ServerAlertmanager) -> None:
    silences(manager, "run-dead").before(PLAN, QUIET)
    _, now = manager.silences()
    kept = manager.silence(ALERT.matchers(), now + timedelta(hours=1), created_by="ada", comment="by hand", starts=now)
    made = silences(manager, "run-2")
    made.before(PLAN, QUIET)
    assert sorted(one["comment"] for one in active(manager)) == ["Restart postgres, run run-2", "by hand"]
    made.end()
    assert [one["id"] for one in active(manager)] == [kept]


def test_the_same_silence_goes_on_over_several_steps(manager: ServerAlertmanager) -> None:
    made = silences(manager)
    made.before(PLAN, QUIET)
    made.before(PLAN, Step("again", "Restart again", (Command(("true",), timeout_s=600.0),), expected_alerts=(ALERT,)))
    (one,) = active(manager)
    assert "Restart" in one["comment"]
    made.end()
    assert active(manager) == []


def test_a_step_that_expects_nothing_asks_nothing() -> None:
    def reach() -> Any:
        raise AssertionError("it was asked")

    made = Silences(reach, "lab", "run-1")
    made.before(PLAN, LOUD)
    made.end()
    assert made.findings == ()


@pytest.mark.parametrize("error", [EndpointUnavailable("No connection."), RuntimeError("canary"), TimeoutError()],
                         ids=lambda error: type(error).__name__)
def test_an_alertmanager_that_is_down_is_reported_once_and_waited_for_once(error: Exception) -> None:
    asked = []

    def reach() -> Any:
        asked.append(True)
        raise error

    made = Silences(reach, "lab", "run-1")
    for step in (QUIET, QUIET, LOUD):
        made.before(PLAN, step)
    made.end()
    (found,) = made.findings
    assert (found.verdict, len(asked)) == (Verdict.WARNING, 1)
    assert "canary" not in found.measured


@pytest.mark.parametrize("reply", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]",
    b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnope", b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops",
    b"SSH-2.0-not-http\r\n", b"",
], ids=["object", "numbers", "text", "500", "not-http", "closed"])
def test_a_reply_that_is_not_alertmanagers_is_an_error_of_ours(reply: bytes) -> None:
    def talk(connection: socket.socket, over: Any) -> None:
        connection.recv(65_536)
        connection.sendall(reply)

    with scripted_server(talk) as other, pytest.raises(RunbookError) as caught:
        ServerAlertmanager(Direct(), port=other).silences()
    assert isinstance(caught.value, EndpointUnavailable | FactUnreadable)


def test_one_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alertmanager, "TIMEOUT_S", 0.2)

    def talk(connection: socket.socket, over: Any) -> None:
        over.wait(120)

    with scripted_server(talk) as silent, pytest.raises(EndpointUnavailable):
        ServerAlertmanager(Direct(), port=silent).silences()


@contextmanager
def hanging(monkeypatch: pytest.MonkeyPatch, timeout_s: float, wait_s: float) -> Iterator[tuple[Silences, list[bool]]]:
    """Silences at an Alertmanager that takes each request and never answers; and the requests it took."""
    monkeypatch.setattr(alertmanager, "TIMEOUT_S", timeout_s)
    taken: list[bool] = []

    def talk(connection: socket.socket, over: Any) -> None:
        taken.append(True)
        over.wait(120)

    with scripted_server(talk) as silent:
        manager = ServerAlertmanager(Direct(), port=silent)
        yield Silences(lambda: manager, "lab", "run-1", wait_s=wait_s), taken


def test_one_that_hangs_holds_no_step_that_does_not_need_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each applied run took five seconds longer, before its first step."""
    with hanging(monkeypatch, timeout_s=60.0, wait_s=0.1) as (made, _):
        began = time.monotonic()
        made.begin()
        made.before(PLAN, LOUD)
        made.end()
        took = time.monotonic() - began
    assert took < 30.0  # of sixty seconds
    assert made.findings == ()


def test_one_that_hangs_is_waited_for_once_in_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with hanging(monkeypatch, timeout_s=2.0, wait_s=60.0) as (made, taken):
        made.begin()
        for step in (LOUD, QUIET, LOUD, QUIET):
            made.before(PLAN, step)
        made.end()
    assert len(taken) == 1
    assert [one.verdict for one in made.findings] == [Verdict.WARNING]


def test_one_that_refused_at_first_is_asked_again_by_the_step(manager: ServerAlertmanager) -> None:
    answers = [EndpointUnavailable("No connection.")]

    def reach() -> ServerAlertmanager:
        if answers:
            raise answers.pop()
        return manager

    made = Silences(reach, "lab", "run-1")
    made.begin()
    made.before(PLAN, QUIET)
    assert len(active(manager)) == 1
    made.end()
    assert (active(manager), made.findings) == ([], ())


def test_a_server_that_cannot_be_reached_is_no_fault_of_its_alertmanager() -> None:
    """40 without a link sent to `docker compose ps alertmanager` on a server that did not answer."""
    lost = HostUnreachable("The server refuses connections on this port.", next_step="Check the address and port.")

    def open_tunnel(port: int) -> Any:
        raise lost

    with pytest.raises(HostUnreachable, match="refuses connections") as caught:
        ServerAlertmanager(SimpleNamespace(address="a@b", link=SimpleNamespace(open_tunnel=open_tunnel)), port=9).silences()
    assert caught.value is lost


@pytest.mark.parametrize("begins", [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "],
                         ids=["body", "headers"])
def test_one_that_drips_is_given_up_in_the_same_time(begins: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alertmanager, "TIMEOUT_S", 1.0)
    dripped = []

    def talk(connection: socket.socket, over: Any) -> None:
        connection.sendall(begins)
        while not over.wait(0.02) and len(dripped) < 3000:  # a minute
            connection.sendall(b" ")
            dripped.append(True)

    with scripted_server(talk) as slow, pytest.raises(EndpointUnavailable):
        ServerAlertmanager(Direct(), port=slow).silences()
    assert len(dripped) < 3000
