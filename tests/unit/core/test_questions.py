"""Questions and replies as values."""

from __future__ import annotations

import pytest

from runbook_lib.core.questions import HttpReply, Question


def reply(body: bytes) -> HttpReply:
    return HttpReply("https://staging.example.com/health", 200, {}, body, 0.1)


def test_a_body_that_is_not_utf_8_is_still_text() -> None:
    assert reply(b"caf\xe9").text == "caf\N{REPLACEMENT CHARACTER}"


def test_a_body_is_json_or_a_value_error() -> None:
    assert reply(b'{"status": "ok"}').json() == {"status": "ok"}
    with pytest.raises(ValueError):
        reply(b"<html>").json()


def test_questions_of_the_same_name_are_the_same_question() -> None:
    assert Question("endpoints", lambda _: 1) == Question("endpoints", lambda _: 2)
