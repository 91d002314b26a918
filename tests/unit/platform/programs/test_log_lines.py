"""Which lines of a log are severe, whoever wrote it: the program that runs on the server, on real files."""

from __future__ import annotations

import gzip
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runbook_lib.platform.facts.log_lines import NAMED_TIMES, TIMES, LogLine
from runbook_lib.platform.facts.logs import SevereLines, lines_program, parse_lines
from tests.unit.log_rotation import ROTATING, rotating_tool

SINCE = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)


def read(folder: Path, *lines: str, key: str = "") -> SevereLines:
    """The severe lines of a log with these lines, and one before and one after them."""
    around = [f'{{"time": "{at:%Y-%m-%dT%H:%M:%SZ}", "level": "info", "sev": "info", "msg": "ok"}}' for at in (SINCE - timedelta(hours=1), SINCE + timedelta(hours=1))]
    (folder / "app.log").write_text("\n".join([around[0], *lines, around[1]]) + "\n", encoding="utf-8")
    done = subprocess.run(("bash", "-s", "--", str(folder / "app.log"), str(int(SINCE.timestamp())), "4000", "2000", "\n".join((*TIMES, *NAMED_TIMES)), key), input=lines_program(),
                          capture_output=True, text=True, check=True, timeout=120)
    return parse_lines(done.stdout.split("\n"), SINCE, level_key=key)


def found_in(log: Path, tools: str = "") -> tuple[tuple[LogLine, ...], str]:
    done = subprocess.run(("bash", "-s", "--", str(log), str(int(SINCE.timestamp())), "4000", "2000", "\n".join((*TIMES, *NAMED_TIMES))),
                          input=lines_program().encode(), capture_output=True, check=True, timeout=120,
                          env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"})
    found = parse_lines(done.stdout.decode("utf-8", "replace").split("\n"), SINCE)
    return found.lines, found.incomplete


@pytest.mark.parametrize("level", ['"error"', '"ERROR"', '"err"', '"Critical"', '"crit"', '"fatal"', '"panic"', '"dpanic"', '"ALERT"', '"emerg"',
                                   '"EMERGENCY"', "50", "60", "3", '"SEVERE"', ' "error"', '" ERROR "', "50.0", '"50"', '"50.0"', "3.0",
                                   '{"name": "ERROR"}', '{"icon": "❌", "name": "ERROR", "no": 40}', '{"intLevel":200,"standardLevel":"FATAL"}'])
def test_the_severe_levels_of_every_writer_count(tmp_path: Path, level: str) -> None:
    found = read(tmp_path, f'{{"level": {level},"time": "2026-11-27T20:30:00Z", "msg": "boom"}}')
    assert [(line.message, line.at) for line in found.lines] == [("boom", SINCE + timedelta(minutes=30))]


@pytest.mark.parametrize("level", ['"info"', '"warning"', '"warn"', '"debug"', '"errors"', "30", "40", "500", "5", "4", "20", '" info "', "30.0", "50.5", "500.0",
                                   '{"name": "INFO", "no": 20}', '{"no": 50}'])
def test_lesser_levels_do_not(tmp_path: Path, level: str) -> None:
    assert read(tmp_path, f'{{"level": {level},"time": "2026-11-27T20:30:00Z", "msg": "the error level"}}').lines == ()


@pytest.mark.parametrize("line", ["2026-11-27 20:30:00 \x1b[31mERROR\x1b[0m boom", "\x1b[32m2026-11-27 20:30:00\x1b[0m \x1b[1;31mCRITICAL\x1b[m boom"])
def test_colours_hide_no_error(tmp_path: Path, line: str) -> None:
    assert [one.at for one in read(tmp_path, line).lines] == [SINCE + timedelta(minutes=30)]


@pytest.mark.parametrize("line", [
    '\x1b[90m{"level": 50, "time": "2026-11-27T20:30:00Z", "msg": "boom"}\x1b[0m',  # coloured JSON
    '2026-11-27T20:30:00Z api {"level": "error", "msg": "boom"}',  # JSON behind a text
    'time="2026-11-27T20:30:00Z" level=error msg="boom, info follows"', 't=2026-11-27T20:30:00Z lvl=eror msg=boom',
    "2026/11/27 20:30:00 [crit] 7#7: *1 boom", "2026-11-27 20:30:00 [core:error] boom", "2026-11-27 20:30:00 [http2:error] boom",
    "2026-11-27 20:30:00 level=severe boom", "2026-11-27 20:30:00 ERROR boom level=debug", "2026-11-27 20:30:00 ERROR boom severity=low x",
    '{"level"\t:\t"error", "time": "2026-11-27T20:30:00Z", "msg": "boom"}', '{request-1} 2026-11-27 20:30:00 ERROR boom',
    '{"time": "2026-11-27T20:30:00Z", "log": {"level": "error"}, "message": "boom"}',
    '{"@t": "2026-11-27T20:30:00Z", "@l": "Error", "@mt": "boom"}',
    '{"Timestamp": "2026-11-27T20:30:00Z", "LogLevel": "Critical", "Message": "boom"}',
    '{"@timestamp": "2026-11-27T20:30:00Z", "log.level": "error", "message": "boom"}',
    '{"message": "boom", "level": 500, "level_name": "CRITICAL", "datetime": "2026-11-27T20:30:00Z"}',
    '{"level":"error","ts":1795811400.1234,"caller":"main.go:7","msg":"boom"}',  # zap
    '{"level":50,"time":1795811400123,"pid":7,"msg":"boom"}',  # pino
    '{"name":"api","level":50,"msg":"boom","time":"2026-11-27T20:30:00Z","v":0}',  # bunyan
    '{"level":{"name":"ERROR","intLevel":200},"message":"boom","timestamp":"2026-11-27T20:30:00Z"}',  # log4j2
    '{"text": "2026-11-27 20:30:00.123 | ERROR | boom\\n", "record": {"exception": null, "level": {"icon": "x", "name": "ERROR", "no": 40}, '
    '"message": "boom", "time": {"repr": "2026-11-27 20:30:00+00:00", "timestamp": 1795811400.123456}}}',  # loguru
])
def test_an_error_in_another_writers_form_is_one(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, line)
    assert [("boom" in one.message, one.at) for one in found.lines] == [(True, SINCE + timedelta(minutes=30))]
    assert not [one for one in found.lines if "\\x1b" in one.message]


@pytest.mark.parametrize("line", [
    'time="2026-11-27T20:30:00Z" level=info msg="level=error, ERROR"', '2026-11-27T20:30:00Z INFO body {"level": "error"}',
    "2026/11/27 20:30:00 [warn] 7#7: ERROR", '2026-11-27T20:30:00Z api {"level": "info", "msg": "ERROR"}', "GET /?level=error 200",
    '{"time": "2026-11-27T20:30:00Z", "level": "info", "msg": "ok", "character": {"level": 3}}',
    '{"time": "2026-11-27T20:30:00Z", "level": "info", "msg": "ok", "reply": {"level": "error"}}',
    '{"time": "2026-11-27T20:30:00Z", "msg": "ok", "character": {"level": 3}}',
])
def test_a_lesser_line_that_quotes_an_error_is_none(tmp_path: Path, line: str) -> None:
    assert read(tmp_path, line).lines == ()


@pytest.mark.parametrize("time", ["1795800000", "1795800000.25", "1795800000123", '"2026-11-27T17:20:00Z"', '{"repr": "2026-11-27 17:20:00+00:00"}'])
def test_a_log_is_dated_whatever_its_writer_counts_in(tmp_path: Path, time: str) -> None:
    """Errors from before the moment counted as new ones, and the log as one without a time."""
    log = tmp_path / "app.log"
    log.write_text(f'{{"level": "error", "ts" : {time}, "msg": "an old one"}}\n')
    assert found_in(log) == ((), "")


def test_the_level_has_the_key_that_the_environment_file_names(tmp_path: Path) -> None:
    lines = ['{"time": "2026-11-27T20:30:00Z", "sev": "ERROR", "level": "info"}', '{"time": "2026-11-27T20:31:00Z", "sev": "info", "level": "error"}']
    assert [one.level for one in read(tmp_path, *lines, key="sev").lines] == ["ERROR"]


def test_more_severe_lines_than_are_read_are_named(tmp_path: Path) -> None:
    found = read(tmp_path, *(f"2026-11-27 20:30:00 INFO no ERROR {number}" for number in range(2001)))
    assert (found.lines, found.incomplete) == ((), "only the last 2000 lines that may be severe were read, of 2001")


def test_a_line_whose_level_lies_in_what_was_cut_is_severe(tmp_path: Path) -> None:
    line = '{"time": "2026-11-27T20:30:00Z", "msg": "boom", "trace": "' + "x" * 4000 + '", "level": "error"}'
    assert [one.level for one in read(tmp_path, line).lines] == ["ERROR"]


@pytest.mark.parametrize("line", [
    "[27-Nov-2026 20:30:00 UTC] PHP Fatal error:  boom", "[27-Nov-2026 21:30:00 Europe/Berlin] PHP Parse error:  boom since 2020-01-01 00:00:00",
    "[27-Nov-2026 20:30:00] ERROR: boom", "[Fri Nov 27 20:30:00.123456 2026] [core:error] [pid 7] boom since 2020-01-01 00:00:00",
    "E1127 20:30:00.123456       1 file.go:12] boom", "F1127 20:30:00.123456       1 file.go:12] boom", "Nov 27 20:30:00 host app[7]: ERROR boom",
    "<27>Nov 27 20:30:00 host app[7]: boom", "<34>1 2026-11-27T20:30:00.003Z host su 1 ID47 - boom", "1795811400 ERROR boom",
    "2026-11-27T20:30:00.123456789Z [20:30:00 ERR] boom",
])
def test_an_error_counts_whatever_way_its_writer_begins_a_line(tmp_path: Path, line: str) -> None:
    """They were none, or had no time; a date in their words was taken for it."""
    found = read(tmp_path, line)
    assert [(one.at.replace(microsecond=0) if one.at else None, "boom" in one.message) for one in found.lines] == [(SINCE + timedelta(minutes=30), True)]
    old = line.replace("27-Nov", "26-Nov").replace("Fri Nov 27", "Thu Nov 26").replace("1127", "1126").replace("Nov 27", "Nov 26")
    assert read(tmp_path, old.replace("2026-11-27T", "2026-11-26T").replace("1795811400", "1795725000")).lines == ()


def test_a_log_of_such_lines_alone_is_dated(tmp_path: Path) -> None:
    """It was one without a time: 21 could not say whether anything went wrong since the deployment."""
    log = tmp_path / "app.log"
    for line in ("[27-Nov-2026 19:20:00 Europe/Berlin] PHP Warning:  x", "[Fri Nov 27 17:20:00 2026] [core:notice] x", "1795800000 x"):
        log.write_text(f"{line}\n")
        assert found_in(log) == ((), "")


def test_the_time_has_the_key_that_the_environment_file_names(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text('{"time": "of day", "when": "2026-11-27T17:20:00Z", "level": "error"}\n{"when": "2026-11-27T20:20:00Z", "level": "error", "message": "boom"}\n')
    done = subprocess.run(("bash", "-s", "--", str(log), str(int(SINCE.timestamp())), "4000", "2000", "when"), input=lines_program(),
                          capture_output=True, text=True, check=True, timeout=120)
    found = parse_lines(done.stdout.split("\n"), SINCE, time_key="when")
    assert ([one.message for one in found.lines], found.incomplete) == (["boom"], "")


T = b"2026-11-27 20:30:00 "


@pytest.mark.parametrize("text", [
    T + b"\0\0 ERROR boom\n", b"\0" * 5000 + b"\n" + T + b"ERROR boom\n", b"\0" * 200_000 + T + b"ERROR boom\n", T + b"ERROR boom\r\n",
    b"x" * 3_000_000 + b"\n" + T + b"ERROR boom\n", T + b"ERROR boom \xff\xfe\xc3\n", b"\xff" * 999 + b"\n" + T + b"ERROR boom\n", T + b"ERROR boom",
    T + b"INFO the rest was los" + b"\0" * 500 + T + b"ERROR boom\n", b'{"time":"2026-11-27T20:30:00Z","level":"error","msg":"boom"}\n', "\ufeff".encode() + T + b"ERROR boom\n",
    T + "ERROR boom \u202egnp <b>$(touch x)</b>".encode() + b"\n",
], ids=["nul", "a line of nul", "the gap that copytruncate leaves", "crlf", "3 MB in a line", "not utf-8", "a line that is not", "no end", "a gap within a line", "another format",
        "a byte order mark", "markup"])
def test_an_error_next_to_anything_is_found_with_its_time(tmp_path: Path, text: bytes) -> None:
    """Behind a gap of NUL, as a writer leaves it whose log was truncated under it, the first error was lost silently."""
    log = tmp_path / "app.log"
    log.write_bytes(b"2026-11-27 19:00:00 INFO ok\n" + text)
    [one], incomplete = found_in(log)
    assert ("boom" in one.message, one.at, incomplete) == (True, SINCE + timedelta(minutes=30), "")
    assert not set(one.message) & set("\0\r\u202e\x1b")


def test_an_error_whose_time_only_its_writer_understands_is_shown_without_one(tmp_path: Path) -> None:
    [one] = read(tmp_path, "[27-Nov-2026 20:30:00 Mars/Base] ERROR: boom").lines
    assert (one.at, "boom" in one.message) == (None, True)


@pytest.mark.parametrize("how", ROTATING)
@pytest.mark.parametrize("when", ["find", "sort", "od"])
def test_a_rotation_while_it_is_read_neither_loses_nor_doubles_an_error_silently(tmp_path: Path, when: str, how: str) -> None:
    """Its files were listed, and then read by their names, which were those of others by then."""
    (tools := tmp_path / "tools").mkdir()
    (folder := tmp_path / "logs").mkdir()
    for number, name in enumerate(("a.log.2.gz", "a.log.1", "a.log")):
        at = SINCE + timedelta(hours=number)
        text = "".join(f"{at + timedelta(minutes=minute - 1):%F %T} ERROR {number}/{minute}\n" for minute in range(9)).encode()
        (folder / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        os.utime(folder / name, (at.timestamp() + 600,) * 2)
    rotating_tool(tools, when, folder, how, f"{SINCE + timedelta(hours=3):%F %T} ERROR new")
    found, incomplete = found_in(folder / "a.log", str(tools))
    assert (folder / "rotated").exists()
    messages = [line.message.split()[-1] for line in found]
    assert len(messages) == len(set(messages))
    wanted = {f"{number}/{minute}" for number in range(3) for minute in range(9)} - {"0/0"} | ({"new"} if how != "copy" else set())
    assert set(messages) == wanted or (how == "copytruncate" and "cut while it was read" in incomplete)


@pytest.mark.parametrize("place", [1, 31, 32, 33, 64, 99])
def test_the_longest_silence_is_known_wherever_it_is(tmp_path: Path, place: int) -> None:
    """A rotated file that is gone leaves a longer one; not each line is dated for it."""
    log = tmp_path / "a.log"
    log.write_text("".join(f"{SINCE + timedelta(seconds=number, hours=3 * (number >= place)):%F %T} INFO x\n" for number in range(100)))
    done = subprocess.run(("bash", "-s", "--", str(log), "0", "4000", "2000", "time"), input=lines_program(), capture_output=True, text=True, check=True, timeout=60)
    marks = {line[0]: line[2:] for line in done.stdout.splitlines()}
    assert (marks["S"], marks["B"][:19], marks["E"][:19]) == ("10801", f"{SINCE:%F %T}", f"{SINCE + timedelta(seconds=99, hours=3):%F %T}")
