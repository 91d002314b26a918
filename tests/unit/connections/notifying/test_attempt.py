"""What an error of the network means, whatever a library wrapped it into, and that none of its own text is shown."""

from __future__ import annotations

import socket
import ssl
import time

import pytest
import requests
import urllib3

from runbook_lib.connections.notifying.attempt import Attempt, causes_of, reason_of_network

SECRET = "https://hooks.example.com/services/T0/B0/canary"


@pytest.mark.parametrize(("error", "reason"), [
    (socket.gaierror(-2, f"Name not known: {SECRET}"), "its name cannot be resolved"),
    (TimeoutError(SECRET), "no answer in time"),
    (ConnectionRefusedError(111, "Connection refused"), "no connection: Connection refused"),
    (requests.ReadTimeout(SECRET), "no answer in time"),
    (requests.exceptions.ProxyError(SECRET), "the proxy did not let it through"),
    (requests.exceptions.InvalidURL(SECRET), "no connection (InvalidURL)"),
    (requests.ConnectionError(urllib3.exceptions.ProtocolError(SECRET, ConnectionResetError(104, "Connection reset"))),
     "no connection: Connection reset"),
    (ssl.SSLError(1, SECRET), "TLS could not be established (no reason given)"),
    (ValueError(SECRET), "no connection (ValueError)"),
], ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None)
def test_a_reason_is_in_our_words(error: Exception, reason: str) -> None:
    assert reason_of_network(error)[0] == reason
    assert "canary" not in "".join(reason_of_network(error))


def test_causes_are_found_through_every_wrapping_and_circles_end() -> None:
    inner, outer = OSError(113, "No route to host"), ValueError("x")
    outer.__cause__, inner.__context__ = inner, outer
    assert causes_of(outer) == [outer, inner]


def test_a_deadline_that_is_over_leaves_a_little_and_never_nothing() -> None:
    attempt = Attempt(time.monotonic() - 5)
    assert attempt.over
    assert 0 < attempt.left_s < 1


def test_giving_up_closes_all_even_where_one_is_closed_already() -> None:
    attempt, closed = Attempt(0.0), []
    attempt.closes(lambda: (_ for _ in ()).throw(OSError("closed already")))
    attempt.closes(lambda: closed.append(True))
    attempt.give_up()
    assert closed == [True]


def test_what_was_given_up_is_not_handed_over_any_more() -> None:
    attempt = Attempt(0.0)
    attempt.give_up()
    with pytest.raises(TimeoutError):
        attempt.hand_over()
    assert not attempt.handed_over
