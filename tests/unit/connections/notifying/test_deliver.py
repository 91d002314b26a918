"""All channels at once, within one deadline: a bad one delays no other, and none raises."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections.notifying import deliver, mail, webhooks
from runbook_lib.core.messages import Delivered, Delivery, Route
from tests.unit.connections.notifying.messages import CANARY, HURRIED, MESSAGE, email, mail_settings, sent, slack
from tests.unit.connections.notifying.receivers import (
    SLACK_OK,
    Authority,
    Mailbox,
    Reply,
    mail_server,
    scripted_server,
    smtp_that,
    web_receiver,
)


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
    over = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: over.wait(120))
    try:
        began = time.monotonic()
        result = sent(slack("https://hooks.example.invalid"), mail_settings(25, deadline_s=HURRIED))
        assert time.monotonic() - began < 60
    finally:
        over.set()
    assert (result.state, result.reason) == (Delivery.NOT_SENT, f"no answer within {HURRIED:g} s")


def test_a_webhook_that_has_the_message_and_stays_silent_may_have_taken_it() -> None:
    for longer in (1, 5, 25):  # a busy machine may not send it within the first one
        with web_receiver(Reply(hangs=True)) as silent:
            result = sent(slack(silent.url), mail_settings(25, deadline_s=HURRIED * longer))
            if silent.requests:
                break
    assert len(silent.requests) == 1
    assert result.state is Delivery.UNKNOWN


def test_a_resolver_that_answers_too_late_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    late, resolve = threading.Event(), socket.getaddrinfo

    def slow(*words: Any, **more: Any) -> Any:
        late.wait(120)
        return resolve(*words, **more)

    monkeypatch.setattr("socket.getaddrinfo", slow)
    with web_receiver(SLACK_OK) as receiver:
        result = sent(slack(receiver.url), mail_settings(25, deadline_s=HURRIED))
        late.set()
        wait_for_senders()
    assert (result.state, receiver.requests) == (Delivery.NOT_SENT, [])


@pytest.mark.parametrize("way", ["none", "starttls", "tls"])
def test_a_mail_that_was_given_up_does_not_arrive_later(tmp_path: Path, way: str) -> None:
    class Slow(Mailbox):
        async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
            await asyncio.sleep(HURRIED / 2)  # the socket's own limit begins anew with each reply
            envelope.mail_from = address
            return "250 ok"

        async def handle_RCPT(self, *words: Any) -> str:
            while not over.is_set():
                await asyncio.sleep(0.05)
            return await super().handle_RCPT(*words)

    authority, mailbox, over = Authority(tmp_path), Slow(), threading.Event()
    with mail_server(mailbox, None if way == "none" else authority.context, starttls=way == "starttls") as port:
        result = sent(email(), mail_settings(port, tls=way, ca_file=authority.ca_file, deadline_s=HURRIED))
        over.set()
        wait_for_senders()
    assert (result.state, mailbox.mails) == (Delivery.NOT_SENT, [])


def wait_for_senders() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("notify-"):
            thread.join(60)
            assert not thread.is_alive()


def test_nothing_is_printed_whatever_happens(capfd: pytest.CaptureFixture[str]) -> None:
    with web_receiver(Reply(500, CANARY)) as receiver:
        result = sent(slack(receiver.url))
    assert CANARY not in result.reason
    assert capfd.readouterr() == ("", "")
