"""All channels at once, within one deadline: a bad one delays no other, and none raises."""

from __future__ import annotations

import time

import pytest

from runbook_lib.connections.notifying import deliver, mail, webhooks
from runbook_lib.core.messages import Delivered, Delivery, Route
from tests.unit.connections.notifying.messages import CANARY, HURRIED, MESSAGE, email, mail_settings, sent, slack
from tests.unit.connections.notifying.receivers import SLACK_OK, Reply, scripted_server, smtp_that, web_receiver


def test_a_channel_that_hangs_takes_no_other_along_and_all_end_by_one_deadline() -> None:
    with scripted_server(smtp_that(banner="hang")) as port, web_receiver(SLACK_OK) as receiver, \
            web_receiver(Reply(hangs=True)) as silent:
        settings = mail_settings(port, deadline_s=5.0)
        began = time.monotonic()
        first, second, third = deliver(MESSAGE, [email(), slack(receiver.url), slack(silent.url)], settings)
        assert time.monotonic() - began < 60
    assert second.state is Delivery.SENT
    assert Delivery.SENT not in (first.state, third.state)


def test_a_channel_that_is_off_is_not_applicable_with_its_reason() -> None:
    off = Route("slack", "Slack", off="STAGING_SLACK_WEBHOOK is not available to this run")
    result = sent(off)
    assert (result.state, result.reason) == (Delivery.OFF, off.off)


@pytest.mark.parametrize("error", [RuntimeError(f"bad {CANARY}"), MemoryError(), RecursionError(CANARY), UnicodeError(CANARY)],
                         ids=lambda error: type(error).__name__)
def test_an_internal_error_becomes_a_result_without_its_text(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Delivered:
        raise error

    monkeypatch.setattr(webhooks, "send_to_webhook", broken)
    monkeypatch.setattr(mail, "send_mail", broken)
    for route in (slack("https://hooks.example.invalid"), email()):
        result = sent(route, mail_settings(25))
        assert result.state is Delivery.NOT_SENT
        assert type(error).__name__ in result.reason


def test_a_resolver_that_never_answers_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    over = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: over.wait(120))
    try:
        began = time.monotonic()
        result = sent(slack("https://hooks.example.invalid"), mail_settings(25, deadline_s=HURRIED))
        assert time.monotonic() - began < 60
    finally:
        over.set()
    assert (result.state, result.reason) == (Delivery.NOT_SENT, f"no answer within {HURRIED:g} s")


def test_nothing_is_printed_whatever_happens(capfd: pytest.CaptureFixture[str]) -> None:
    with web_receiver(Reply(500, CANARY)) as receiver:
        result = sent(slack(receiver.url))
    assert CANARY not in result.reason
    assert capfd.readouterr() == ("", "")
