"""Lines of every kind: what can be read is read, what cannot is counted by its reason, and nothing is dropped."""

from __future__ import annotations

import io

import pytest

from runbook_lib.environment.logs import LogFile
from runbook_lib.observability.facts import log_reading
from runbook_lib.observability.facts.log_reading import (
    ACCESS_LINE,
    CONTINUED,
    NO_STATUS,
    NO_TIME,
    NOT_COMBINED,
    NOT_JSON,
    SHARED_ZONE,
    TOO_LONG,
    Unreadable,
    read_log,
)
from tests.unit.observability.log_doubles import COMBINED, GOOD, MESSAGES, REQUESTS, TEXTS, message, read, request

# ── lines that can be read, however odd ──────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize(("line", "path", "status", "address"), [
    (GOOD, "/a", 200, "192.0.2.1"),
    (GOOD.replace(b"\n", b"\r\n"), "/a", 200, "192.0.2.1"),
    (GOOD.rstrip(b"\n"), "/a", 200, "192.0.2.1"),
    (GOOD.replace(b"192.0.2.1", b"2001:db8::1"), "/a", 200, "2001:db8::1"),
    (GOOD.replace(b"- - [", b"- ann [27] smith ["), "/a", 200, "192.0.2.1"),
    (GOOD.replace(b"/a", b"/a?q=1&b=2#c"), "/a", 200, "192.0.2.1"),
    (GOOD.replace(b"GET /a HTTP/1.1", rb"GET /\"x\\\" HTTP/1.1"), r"/\"x\\\"", 200, "192.0.2.1"),
    (GOOD.replace(b"GET /a HTTP/1.1", rb"\x16\x03\x01\x02"), "(not a request line)", 200, "192.0.2.1"),
    (GOOD.replace(b"GET /a HTTP/1.1", b"-"), "(not a request line)", 200, "192.0.2.1"),
    (GOOD.replace(b"GET /a HTTP/1.1", b""), "(not a request line)", 200, "192.0.2.1"),
    (GOOD.replace(b'"curl"', b'"a \\" 500 7 [01/Jan/1970:00:00:00 +0000]"'), "/a", 200, "192.0.2.1"),
    (GOOD.replace(b"200 5", b"499 -"), "/a", 499, "192.0.2.1"),
    (GOOD.replace(b"/a", "/ä\u202e".encode()), "/ä\u202e", 200, "192.0.2.1"),
    (GOOD.replace(b"/a", b"/\xff\xfe"), "/\ufffd\ufffd", 200, "192.0.2.1"),
    (GOOD.replace(b"/a", b"/<script>alert(1)</script>"), "/<script>alert(1)</script>", 200, "192.0.2.1"),
    (GOOD.replace(b"/a", b"/a\0b"), "/a\0b", 200, "192.0.2.1"),
    (GOOD.replace(b"curl", b"\x1b[2J\x1b]0;title\x07"), "/a", 200, "192.0.2.1"),
    (GOOD.rpartition(b' "-"')[0] + b"\n", "/a", 200, "192.0.2.1"),  # the common format
])
def test_a_combined_line_is_read_whatever_a_client_sent(line: bytes, path: str, status: int, address: str) -> None:
    (row,), unreadable = read(COMBINED, line)
    assert (row["path"], row["status"], row["address"], unreadable) == (path, status, address, {})
    assert str(row["at"]) == "2026-11-27 12:00:00"


@pytest.mark.parametrize(("end", "seconds"), [(b" 0.125", 0.125), (b" rt=0.125", 0.125), (b' "0.125"', 0.125), (b"", None), (b" 7", None)])
def test_a_response_time_at_the_end_of_a_combined_line_is_read(end: bytes, seconds: float | None) -> None:
    (row,), _ = read(COMBINED, GOOD.rstrip() + end + b"\n")
    assert row["seconds"] == seconds


@pytest.mark.parametrize(("time", "utc"), [
    ('"2026-11-27T12:00:00+00:00"', "2026-11-27 12:00:00"), ('"2026-11-27T12:00:00Z"', "2026-11-27 12:00:00"),
    ('"2026-11-27T13:30:00+01:30"', "2026-11-27 12:00:00"), ('"2026-11-27T07:00:00-0500"', "2026-11-27 12:00:00"),
    ('"2026-11-27 12:00:00,123"', "2026-11-27 12:00:00"), ('"2026-11-27T12:00:00.123456789Z"', "2026-11-27 12:00:00"),
    ('"2026-11-27T12:00:00.123+02:00"', "2026-11-27 10:00:00"), ("1795780800", "2026-11-27 12:00:00"),
    ("1795780800.25", "2026-11-27 12:00:00"), ('"1795780800"', "2026-11-27 12:00:00"),
])
def test_times_come_in_many_forms_and_are_in_utc(time: str, utc: str) -> None:
    (row,), unreadable = read(REQUESTS, f'{{"time": {time}, "status": 200, "path": "/"}}\n'.encode())
    assert (str(row["at"]), unreadable) == (utc, {})


def test_times_of_another_zone_in_a_combined_log_are_in_utc() -> None:
    (row,), _ = read(COMBINED, GOOD.replace(b"12:00:00 +0000", b"00:30:00 -1130"))
    assert str(row["at"]) == "2026-11-27 12:00:00"


@pytest.mark.parametrize(("more", "field", "value"), [
    ({"status": "404"}, "status", 404), ({"status": 404.0}, "status", 404), ({"seconds": "0.5"}, "seconds", 0.5),
    ({"seconds": None}, "seconds", None), ({"seconds": "0.1, 0.2"}, "seconds", None), ({"seconds": []}, "seconds", None),
    ({"path": None}, "path", ""), ({"path": "/x?token=s3cret"}, "path", "/x"), ({"path": {"a": 1}}, "path", '{"a": 1}'),
    ({"address": None}, "address", ""), ({"deep": [[[[{"a": [1]}]]]]}, "status", 200),
])
def test_values_of_another_type_are_taken_as_far_as_they_go(more: dict[str, object], field: str, value: object) -> None:
    (row,), unreadable = read(REQUESTS, request(**more))  # type: ignore[arg-type]
    assert (row[field], unreadable) == (value, {})


def test_other_keys_are_read_where_the_environment_file_names_them_or_they_are_usual() -> None:
    mine = LogFile(kind="access", format="json", path="/a", fields={"status": "s", "path": "p", "seconds": "t"})
    (row,), _ = read(mine, b'{"time": "2026-11-27T12:00:00Z", "s": 503, "p": "/x", "t": 2, "status": 200}\n')
    assert (row["status"], row["path"], row["seconds"]) == (503, "/x", 2.0)
    (row,), _ = read(REQUESTS, b'{"@timestamp": "2026-11-27T12:00:00Z", "status_code": 503, "uri": "/x", "remote_addr": "::1"}\n')
    assert (row["status"], row["path"], row["address"]) == (503, "/x", "::1")


def test_two_writers_in_one_file_are_both_read() -> None:
    other = b'{"@timestamp": "2026-11-27T12:00:00Z", "status_code": 503, "uri": "/x"}\n'
    rows, unreadable = read(REQUESTS, request() * 2000 + other * 3)
    assert (len(rows), unreadable, sum(row["status"] == 503 for row in rows)) == (2003, {}, 3)


def test_colours_around_json_hide_no_message() -> None:
    coloured = b"\x1b[90m" + message().rstrip(b"\n") + b"\x1b[0m\n"
    assert read(MESSAGES, message() + coloured) == (read(MESSAGES, message() * 2)[0], {})


def test_of_a_key_given_twice_one_value_counts_and_the_line_is_one_line() -> None:
    line = b'{"time": "2026-11-27T12:00:00Z", "status": 200, "status": 503, "path": "/"}\n'
    (row,), unreadable = read(REQUESTS, line)
    assert row["status"] in (200, 503)
    assert unreadable == {}


@pytest.mark.parametrize(("line", "level", "text"), [
    (b"2026/11/27 12:00:00 [error] 7#7: *1 connect() failed\n", "ERROR", "[error] 7#7: *1 connect() failed"),
    (b"2026-11-27 12:00:00,123 WARN pool: slow\n", "WARNING", "WARN pool: slow"),
    (b"[2026-11-27T13:00:00+01:00] CRIT disk\n", "CRITICAL", "CRIT disk"),
    (b"2026-11-27 12:00:00 nothing else\n", "", "nothing else"),
])
def test_a_text_line_has_a_time_a_level_and_a_message(line: bytes, level: str, text: str) -> None:
    (row,), unreadable = read(TEXTS, line)
    assert (row["level"], row["message"], str(row["at"]), unreadable) == (level, text, "2026-11-27 12:00:00", {})


def test_an_exception_is_known_by_its_last_line() -> None:
    trace = "Traceback (most recent call last):\n  File \"x.py\", line 3\nValueError: no such squad\n"
    (row,), _ = read(MESSAGES, message(text="failed", exception=trace))
    assert row["message"] == "failed: ValueError: no such squad"


# ── lines that cannot be read ────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize(("log", "line", "reason"), [
    (REQUESTS, b"GET / 200\n", NOT_JSON),
    (REQUESTS, b'{"time": "2026-11-27T12:00:00Z", "status": 2\n', NOT_JSON),
    (REQUESTS, b'{"time": "2026-11-27T12:00:00Z", "status": 200} trailing}\n', NOT_JSON),
    (REQUESTS, b'{"a": 1}{"b": 2}\n', NOT_JSON),
    (REQUESTS, b"[1, 2]\n", NOT_JSON), (REQUESTS, b"null\n", NOT_JSON), (REQUESTS, b'"text"\n', NOT_JSON),
    (REQUESTS, b'{"a": "\0"}\n', NOT_JSON), (REQUESTS, b'{"a": 1e999}\n', NOT_JSON), (REQUESTS, b'{"a": NaN}\n', NOT_JSON),
    (REQUESTS, b'{"a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}\n", NOT_JSON),
    (REQUESTS, GOOD, NOT_JSON),
    (REQUESTS, request(status=None), NO_STATUS), (REQUESTS, request(status="ok"), NO_STATUS), (REQUESTS, request(status=99999), NO_STATUS),
    (REQUESTS, request(status=-1), NO_STATUS), (REQUESTS, b"{}\n", NO_STATUS),
    (REQUESTS, request(time="yesterday"), NO_TIME), (REQUESTS, request(time=None), NO_TIME), (REQUESTS, request(time="2026-13-45T12:00:00Z"), NO_TIME),
    (COMBINED, request(), NOT_COMBINED), (COMBINED, b"\x00\x00\x00\n", NOT_COMBINED),
    (COMBINED, GOOD[:50] + b"\n", NOT_COMBINED), (COMBINED, GOOD.replace(b" 200 ", b" 2OO "), NOT_COMBINED),
    (COMBINED, GOOD.replace(b"27/Nov", b"31/Feb"), NO_TIME),
    (MESSAGES, b"Traceback (most recent call last):\n", NOT_JSON), (MESSAGES, b'{"message": "undated"}\n', NO_TIME),
    (TEXTS, b"    at line 3\n", CONTINUED), (TEXTS, b"Traceback (most recent call last):\n", CONTINUED),
    (TEXTS, b"django.db.utils.OperationalError: no such table\n", CONTINUED), (TEXTS, b"starting up\n", NO_TIME), (TEXTS, b"2026-11-27 12:00:00 IST ERROR x\n", SHARED_ZONE),
    (TEXTS, b'[27/Nov/2026 22:02:39] "GET /status/ HTTP/1.1" 200 5\n', ACCESS_LINE),
    (REQUESTS, b"x" * 1_000_000, TOO_LONG), (COMBINED, GOOD.rstrip() + b"x" * 40_000 + b"\n", TOO_LONG),
    (MESSAGES, message(text="x" * 40_000), TOO_LONG),
])
def test_a_line_that_cannot_be_read_is_counted_by_its_reason_and_its_neighbours_are_read(log: LogFile, line: bytes, reason: str) -> None:
    good = {"json": request() if log.kind == "access" else message(), "combined": GOOD, "text": b"2026-11-27 12:00:00 ERROR x\n"}[log.format]
    rows, unreadable = read(log, good * 3 + line.rstrip(b"\n") + b"\n" + good * 2)
    assert (len(rows), unreadable) == (5, {reason: 1})


@pytest.mark.parametrize("line", [
    b'127.0.0.1 - - [27/Nov/2026:22:02:39 -0600] "GET /error/ HTTP/1.1" 500 5 "-" "curl/8"\n',
    b"172.27.1.1 - - [27/Nov/2026:22:02:39 -0600] 'GET /?at=2020-01-01T00:00:00Z HTTP/1.1' 200 3393 '-' 'curl' in 50356\xc2\xb5s\n",
    b'[27/Nov/2026:22:02:39 -0600] "GET /warning HTTP/1.1" 200 5\n',
])
def test_a_request_among_messages_has_its_own_time_and_no_level(line: bytes) -> None:
    """As gunicorn writes them next to the application's messages, for which no log of its own can be named."""
    rows, unreadable = read(TEXTS, b"2026-11-27 12:00:00 ERROR x\n" + line)
    assert [(str(row["at"]), row["level"]) for row in rows] == [("2026-11-27 12:00:00", "ERROR"), ("2026-11-28 04:02:39", "")]
    assert unreadable == {}


def test_a_date_in_a_message_is_not_that_of_a_request() -> None:
    rows, unreadable = read(TEXTS, b"the job of [27/Nov/2026:22:02:39 +0000] ended\n")
    assert (rows, unreadable) == ([], {NO_TIME: 1})


def test_no_line_and_blank_lines_are_not_unreadable() -> None:
    for text in (b"", b"\n", b"\r\n", b"  \n\t\n"):
        for log in (REQUESTS, COMBINED, MESSAGES, TEXTS):
            assert read(log, text) == ([], {})


def test_a_half_written_last_line_is_one_unreadable_line() -> None:
    rows, unreadable = read(REQUESTS, request() * 4 + request()[:40])
    assert (len(rows), unreadable) == (4, {NOT_JSON: 1})


def test_bad_lines_among_many_are_found_and_each_good_one_is_read_once() -> None:
    lines = [request(path=f"/{number}") for number in range(5_000)]
    for place in (0, 17, 18, 2_500, 4_999):
        lines[place] = b'{"broken": \n'
    rows, unreadable = read(REQUESTS, b"".join(lines))
    assert unreadable == {NOT_JSON: 5}
    assert sorted(str(row["path"]) for row in rows) == sorted(f"/{n}" for n in range(5_000) if n not in (0, 17, 18, 2_500, 4_999))


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_pieces_of_any_size_give_the_same_lines(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(log_reading, "PIECE_BYTES", size)
    monkeypatch.setattr(log_reading, "LONGEST_LINE", 300)
    text = request(path="/é") + b"x" * 700 + b"\n" + request(path="/b") + b"broken\n" + request(path="/c") + b"y" * 900
    rows, unreadable = read(REQUESTS, text)
    assert [row["path"] for row in rows] == ["/é", "/b", "/c"]
    assert unreadable == {TOO_LONG: 2, NOT_JSON: 1}


def test_the_samples_are_few_and_short_and_none_of_a_line_that_was_cut() -> None:
    unreadable = Unreadable()
    list(read_log(io.BytesIO(b"junk " * 100 + b"\n" + b"a\n" * 50 + b"password=" * 10_000), REQUESTS, unreadable))
    assert unreadable.counts == {NOT_JSON: 51, TOO_LONG: 1}
    assert [len(one) for one in unreadable.samples[NOT_JSON]] == [200, 1, 1, 1, 1]
    assert unreadable.samples[TOO_LONG] == []
    assert unreadable.total == 52
