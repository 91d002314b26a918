"""Which keys of a JSON log are read, and what a level is called."""

from __future__ import annotations

import io

import polars as pl
import pytest

from runbook_lib.environment.logs import LogFile
from runbook_lib.observability.facts.log_formats import (
    USUAL_KEYS,
    candidates,
    keys_of,
    moment,
    numbers_in,
    severity,
    text_columns,
)
from runbook_lib.observability.facts.log_reading import Unreadable, read_log
from runbook_lib.platform.facts.log_lines import time_of
from tests.unit.observability.log_doubles import MESSAGES, REQUESTS, read, request, reviewed


def test_of_a_field_that_a_sample_has_only_the_keys_in_it_are_read() -> None:
    found = keys_of(REQUESTS, b'{"time": 1, "status": 200, "path": "/"}')
    assert [key for key in USUAL_KEYS["status"] if key in found] == ["status"]
    assert set(USUAL_KEYS["address"]) <= set(found), "a field that the sample lacks may come later"
    assert set(found) < set(keys_of(REQUESTS))
    assert len(keys_of(MESSAGES)) == len(set(keys_of(MESSAGES)))


@pytest.mark.parametrize(("sample", "numbers"), [
    (b'{"status": 200, "seconds": 0.1}', {"status", "seconds"}), (b'{"status":200,"seconds":"0.1"}', {"status"}),
    (b'{"status":200}\n{"status":"200"}', set()), (b'{"status":200}\n{"status":null}', set()), (b'{"code":-1}', {"code"}),
    (b'{"up":{"status":"x"},"status":200}', set()), (b"", set()),
])
def test_numbers_are_what_a_whole_sample_has_as_such(sample: bytes, numbers: set[str]) -> None:
    assert numbers_in(REQUESTS, keys_of(REQUESTS, sample), sample) == numbers


def test_a_key_that_is_also_a_text_is_read_as_one() -> None:
    both = LogFile(kind="access", format="json", path="/a", fields={"status": "s", "path": "s"})
    assert numbers_in(both, keys_of(both), b'{"s": 200}') == frozenset()


@pytest.mark.parametrize("odd", [
    request(status="404", seconds=None), request(seconds="0.5"), request(status=True), request(status=None, code=404), request(seconds={"a": 1}),
    request(seconds="NaN"), request(seconds="-Infinity"), request(seconds=-1),
    request(time="2026-11-27T14:30:00+01:30"), request(time="2026-11-27T13:00:00.123456Z"), request(time=1795784400), request(path=""),
    b'{"status": 1e999}\n', b'{"status": 123456789012345678901234567890}\n', b"{}\n",
])
def test_one_odd_line_changes_no_other_and_is_read_as_alone(odd: bytes) -> None:
    """Numbers and times of one form are read faster, all at once: where one line differs, that must not be seen."""
    plain = [request(path=f"/{number}?q#f", seconds=number / 8) for number in range(600)]
    rows, unreadable = read(REQUESTS, b"".join([*plain, odd]))
    (alone, reasons), (others, none) = read(REQUESTS, odd), read(REQUESTS, b"".join(plain))
    assert (rows, unreadable, none) == (others + alone, reasons, {})
    assert [(row["path"], row["seconds"]) for row in others] == [(f"/{number}", number / 8) for number in range(600)]


def test_a_key_that_the_environment_file_names_is_the_only_one() -> None:
    mine = LogFile(kind="access", format="json", path="/a", fields={"status": "s"})
    assert candidates(mine, "status") == ("s",)
    assert candidates(mine, "path") == USUAL_KEYS["path"]


@pytest.mark.parametrize(("level", "name"), [
    ("warn", "WARNING"), ("Error", "ERROR"), ("err", "ERROR"), ("FATAL", "CRITICAL"), (" emerg ", "CRITICAL"), ("info", "INFO"), ("", ""),
    ("odd", "ODD"), ("panic", "CRITICAL"), ("EMERGENCY", "CRITICAL"), ("50", "ERROR"), ("60", "CRITICAL"), ("30", "INFO"), ("3", "ERROR"), ("6", "INFO"), ("50.0", "ERROR"), (" ERROR ", "ERROR"), ('{"name": "ERROR", "no": 40}', "ERROR"),
    ('{"intLevel":100,"standardLevel":"FATAL"}', "CRITICAL"), ('{"no": 40}', ""),
])
def test_levels_have_one_name(level: str, name: str) -> None:
    assert pl.select(severity(pl.lit(level))).item() == name


@pytest.mark.parametrize("text", ["2026-11-27T20:00:00Z", "1795809600", "1795809600.25", "1795809600123", "1795809600123456", "1795809600123456789",
                                  "1795809600123.5"])
def test_a_time_in_parts_of_seconds_is_the_same_time(text: str) -> None:
    assert str(pl.select(moment(pl.lit(text))).item()) == "2026-11-27 20:00:00"


@pytest.mark.parametrize("text", ["17958096001", "179580960012", "1795809600123x", "12", ""])
def test_another_number_is_no_time(text: str) -> None:
    assert pl.select(moment(pl.lit(text))).item() is None


@pytest.mark.parametrize("line", [
    "\x1b[32m2026-11-27 20:00:00,123\x1b[0m \x1b[31mERROR\x1b[0m no such table",
    "2026-11-27 20:00:00 \x1b[1;38:5:9mERROR\x1b[m no such table",
    "2026-11-27 20:00:00 ERROR no such table",
])
def test_colours_hide_no_level(line: str) -> None:
    [found] = text_columns(pl.DataFrame({"line": [line]})).rows(named=True)
    assert (str(found["at"]), found["level"], found["message"]) == ("2026-11-27 20:00:00", "ERROR", "ERROR no such table")


@pytest.mark.parametrize(("line", "at"), [
    ("2026-11-27 21:00:00.123 CET [77] ERROR:  no such table", "2026-11-27 20:00:00"),
    ("2026-07-27 22:00:00 CEST [77] ERROR:  no such table", "2026-07-27 20:00:00"),
    ("2026-11-27 23:00:00.123 +03 [77] ERROR:  no such table", "2026-11-27 20:00:00"),
    ("2026-11-28 01:45:00 +0545 [77] ERROR:  no such table", "2026-11-27 20:00:00"),
    ("2026-11-27 15:00:00 EST [77] ERROR:  no such table", "2026-11-27 20:00:00"),
    ("2026-11-27 20:00:00.123 UTC [77] ERROR:  no such table", "2026-11-27 20:00:00"),
    ("2026-11-27 20:00:00.123 GMT [77] ERROR:  no such table", "2026-11-27 20:00:00"),
    ("2026-11-27 20:00:00 [77] ERROR:  no such table", "2026-11-27 20:00:00"),
    ("2026-11-27 20:00:00 CETERA ERROR no such table", "2026-11-27 20:00:00"),
    ("2026-11-27 20:00:00 CST [77] ERROR:  no such table", "None"),  # Chicago, Shanghai or Havana
    ("2026-11-27 20:00:00 IST [77] ERROR:  no such table", "None"),
])
def test_a_time_zone_that_is_named_counts_and_one_that_several_share_is_not_guessed(line: str, at: str) -> None:
    """Found in use: PostgreSQL's log with `log_timezone = 'Europe/Berlin'` was read as UTC."""
    [found] = text_columns(pl.DataFrame({"line": [line]})).rows(named=True)
    assert (str(found["at"]), found["level"]) == (at, "ERROR")
    assert found["message"].endswith("no such table") and "2026" not in found["message"]
    own = time_of(line)
    assert (None if own is None else str(own.replace(tzinfo=None, microsecond=0))) == (None if at == "None" else at)


def test_a_line_of_json_may_name_its_time_zone_as_well() -> None:
    """PostgreSQL's own JSON log does."""
    for text, hour in (("2026-11-27 21:00:00.123 CET", 20), ("2026-11-27 20:00:00.123 UTC", 20), ("2026-11-27T20:00:00.123Z", 20)):
        assert pl.select(moment(pl.lit(text))).item().hour == hour
        at = time_of(f'{{"timestamp":"{text}","error_severity":"LOG"}}')
        assert at is not None and at.hour == hour
    assert pl.select(moment(pl.lit("2026-11-27 21:00:00.123 CST"))).item() is None


def test_the_time_of_nginx_may_stand_in_json_in_the_form_of_its_access_log() -> None:
    """`"time": "$time_local"` is in many configurations; each of their lines was unreadable."""
    own = [b'{"time":"29/Nov/2026:01:00:03 +0100","status":"200","path":"/a"}', b'{"time":"2026-11-29T00:00:04Z","status":"200","path":"/b"}']
    unreadable = Unreadable()
    (found,) = read_log(io.BytesIO(b"\n".join(own) + b"\n"), REQUESTS, unreadable)
    assert [str(at) for at in found["at"]] == ["2026-11-29 00:00:03", "2026-11-29 00:00:04"]
    assert not unreadable.counts


@pytest.mark.parametrize("text", [
    "2026-11-26T00:00:01+00:00", "2026-11-26T00:00:01Z", "2026-11-26T02:00:01.999999+02:00", "2026-11-26T00:00:01-0530",
    "2026-11-26T00:00:01,123Z", "2026-11-26T00:00:01", "2026-11-26 00:00:01", "2026-02-30T00:00:01Z", "2026-11-26T00:00:60Z",
    "2026-1-6T00:00:01Z", " 2026-11-26T00:00:01Z", "2026-11-26T00:00:01 EST", "1795651201", "1795651201.5", "soon", "",
])
def test_a_time_is_the_same_whether_all_lines_are_of_the_usual_form_or_one_is_not(text: str) -> None:
    """What nearly all writers write is read in a quicker way: alone, and next to lines that take the other."""
    log = LogFile(kind="access", format="json", path="/x")

    def read(*times: str) -> list[object]:
        lines = "".join(f'{{"time": "{one}", "status": 200, "path": "/a", "request_id": "{one}"}}\n' for one in times)
        tables = list(read_log(io.BytesIO(lines.encode()), log, Unreadable()))
        return [at for table in tables for at, key in table.select("at", "request_id").iter_rows() if key == text]

    assert read(text) == read(text, "1795651202") == read(text, text, "2026-11-26T00:00:01Z")[:1]


@pytest.mark.parametrize("seconds", ["NaN", "Infinity", "-Infinity", -1, "-1.5"])
def test_what_is_no_time_ends_no_review_and_is_not_known(seconds: object) -> None:
    """NaN ended 43 with an internal error, and -1, which some write for none, was the fastest reply of all."""
    review = reviewed((REQUESTS, request(seconds=seconds) + request(seconds=0.25)))
    (row, _), _ = read(REQUESTS, request(seconds=seconds) + request(seconds=0.25))
    assert (row["seconds"], review.requests, [one.p50_ms for one in review.routes]) == (None, 2, [250])
