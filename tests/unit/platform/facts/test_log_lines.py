"""One line of a log: its time, its level, and a message that is harmless to show."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from runbook_lib.platform.facts import log_lines
from runbook_lib.platform.facts.log_lines import level_of_text, log_line, sanitize, time_of

AT = datetime(2026, 11, 22, 16, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize("hostile", ["\x1b[2J\x1b]0;owned\x07", "a\rb", "\u202egnp.exe", "\x00", "\x9b31m"])
def test_control_characters_are_shown_and_not_obeyed(hostile: str) -> None:
    shown = sanitize(hostile)
    assert hostile not in shown
    assert "\\x" in shown
    assert shown.isprintable()


def test_a_long_message_is_cut() -> None:
    assert len(sanitize("word " * 100_000)) <= log_lines.SHOWN + 2


@pytest.mark.parametrize("text", [
    '{"time": "2026-11-22T16:05:01+00:00"}', '{"timestamp": "2026-11-22T17:05:01.000+01:00", "x": 1}',
    '{"asctime": "2026-11-22 16:05:01"}', '{"level": "ERROR", "time": "2026-11-22T16:05:01Z", "message": "cut he',
    "2026-11-22 16:05:01,000 ERROR app", "[2026-11-22 16:05:01 +0000] [7] [ERROR] x", "2026-11-22T16:05:01Z x",
    '127.0.0.1 - - [22/Nov/2026:17:05:01 +0100] "GET / HTTP/1.1" 200 1',
])
def test_a_line_gives_its_time_in_the_usual_forms(text: str) -> None:
    assert time_of(text) == AT


@pytest.mark.parametrize("text", [
    "Traceback (most recent call last):", "ERROR:    Exception", '{"time": 3}', '{"time": "soon"}', "{", "[" * 10_000, "",
    "[16:05:01 ERR] since 2026-11-22 16:05:01", "2026-13-45 99:99:99 ERROR", '[99/Xxx/2026:16:05:01 +0000]',
    '{"message": "at \\"time\\": \\"2026-11-22T16:05:01Z\\" cut',
])
def test_other_lines_give_none(text: str) -> None:
    assert time_of(text) is None


@pytest.mark.parametrize("text", [
    "CRITICAL: worker died", "[2026-11-22 16:05:01 +0000] [7] [ERROR] Exception in worker", "ERROR:    Exception in ASGI",
    "2026-11-22 16:05:01,123 ERROR app: INFO was here", "Traceback (most recent call last):", "FATAL:  role missing",
    "app | ERROR couldn't connect, can't go on",
    "\x1b[31mERROR\x1b[0m no such table", "\x1b[1;38:5:9mCRITICAL\x1b[m worker died", "\x1b[31mTraceback (most recent call last):",
])
def test_severe_text_is_severe(text: str) -> None:
    assert level_of_text(text)


@pytest.mark.parametrize("text", [
    '127.0.0.1 - - [22/Nov/2026:16:05:01 +0000] "GET /?q=ERROR HTTP/1.1" 200 5 "-" "curl ERROR"', "GET /?q=ERROR 200",
    'INFO:     127.0.0.1:1 - "GET /ERROR HTTP/1.1" 200 OK', "INFO handled an ERROR page", "WARNING: no ERROR handler",
    "path=/x?level=CRITICAL 200", "DEBUG 'ERROR'", "error in lower case is prose", "ERRORS_TOTAL 5", "/ERROR", "q=ERROR&x",
    '"ERROR', "a trace: Traceback", "\x1b[33mWARNING\x1b[0m no ERROR handler", "\x1b[32mINFO\x1b[0m handled an ERROR page",
])
def test_words_in_requests_quotes_and_lesser_lines_are_no_errors(text: str) -> None:
    assert level_of_text(text) == ""


def test_a_line_of_json_shows_message_request_and_what_was_raised() -> None:
    text = json.dumps({"level": "error", "msg": "failed", "request_id": "r1", "exception": "Traceback\n  File\nValueError: bad"})
    line = log_line(text, AT, "log")
    assert (line.level, line.message, line.request_id, line.at) == ("ERROR", "failed (ValueError: bad)", "r1", AT)


def test_a_line_that_was_cut_keeps_its_level_and_text() -> None:
    line = log_line('{"level": "CRITICAL", "message": "long', None, "log")
    assert (line.level, line.message[:9]) == ("CRITICAL", '{"level":')
