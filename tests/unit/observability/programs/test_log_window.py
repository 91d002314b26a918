"""The program that cuts a window out of a log, run by a real bash on real files: rotated, compressed, odd and hostile ones."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from pathlib import Path

import pytest

from tests.unit.log_rotation import ROTATING, rotating_tool
from tests.unit.observability.programs.dated_logs import BEGIN, DAY, json_line, lines, three_days, written
from tests.unit.observability.programs.log_windows import ask, numbers, sent, sizes

OTHER_USER = 65_534


def test_the_sizes_are_those_of_the_lines_that_come(folder: Path) -> None:
    log = three_days(folder)
    for since, until in ((0, 4_000_000_000), (BEGIN + 50_000, BEGIN + 150_000)):
        listed = sizes(log, since, until)
        parts = [int(one.split()[1]) for one in listed if one.startswith("F ")]
        came = gzip.decompress(ask("send", log, since, until).stdout)
        assert listed[0] == "S ok"
        # the partial line at each cut is counted, and does not come
        assert 0 <= sum(parts) - len(came) < 2 * 200
        assert any(one.startswith("Z ") for one in listed)
    assert [Path(one.split(maxsplit=2)[2]).name for one in sizes(log) if one.startswith("F ")] == ["a.log.2.gz", "a.log.1", "a.log"]


def test_a_window_without_lines_is_empty_and_no_error(folder: Path) -> None:
    log = three_days(folder)
    assert sent(log, BEGIN + 30 * DAY, BEGIN + 31 * DAY) == [] or len(sent(log, BEGIN + 30 * DAY, BEGIN + 31 * DAY)) < 65_536 // 60
    assert sent(written(folder / "empty.log", b"", BEGIN)) == []
    assert sizes(folder / "empty.log") == ["S ok", f"F 0 {folder}/empty.log"]


@pytest.mark.parametrize("name", ["a.log.1", "a-20261120.log", "a.log-20261120", "a.log.2026112007", "old/a.log.1", "a_1.log"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_rotated_files_are_found_by_any_name_and_unpacked_by_their_content(folder: Path, name: str, pack: object) -> None:
    assert callable(pack)
    (folder / "old").mkdir()
    written(folder / name, pack(lines(BEGIN, BEGIN + 200)), BEGIN + 200)
    log = written(folder / "a.log", lines(BEGIN + 200, BEGIN + 400), BEGIN + 400)
    assert sent(log) == list(range(BEGIN, BEGIN + 400, 20))


def test_other_logs_of_the_folder_are_left_alone(folder: Path) -> None:
    log = three_days(folder)
    before = sent(log)
    for name in ("b.log", "b.log.1", "aa.log.1", "a.txt", "a-worker1.log", "a-http2.log-20261120", "a.ip6.log.1", "a.logs2", "a.log.1~", "a.log.bak", "a.log.1.swp"):
        written(folder / name, lines(BEGIN, BEGIN + 200), BEGIN + DAY)
    assert sent(log) == before


def test_a_file_that_is_just_being_compressed_comes_once(folder: Path) -> None:
    log = three_days(folder)
    before = sent(log)
    packed = gzip.compress((folder / "a.log.1").read_bytes())
    written(folder / "a.log.1.gz", packed[:len(packed) // 2], BEGIN + 2 * DAY)
    (folder / "a.log.3").hardlink_to(folder / "a.log.2.gz")
    assert sent(log) == before
    assert ask("send", log, 0, 4_000_000_000).stderr == b""


def test_a_file_that_ends_in_the_middle_of_a_line_does_not_join_the_next(folder: Path) -> None:
    written(folder / "a.log.1", json_line(BEGIN) + json_line(BEGIN + 1)[:30], BEGIN + 1)
    log = written(folder / "a.log", json_line(BEGIN + 2), BEGIN + 2)
    assert gzip.decompress(ask("send", log, 0, 4_000_000_000).stdout) == json_line(BEGIN) + json_line(BEGIN + 1)[:30] + b"\n" + json_line(BEGIN + 2)


@pytest.mark.parametrize(("make", "state"), [
    (lambda path: None, "missing"), (lambda path: path.mkdir(), "folder"), (os.mkfifo, "special"),
    (lambda path: path.symlink_to("/dev/zero"), "special"), (lambda path: path.symlink_to(path.parent / "nowhere"), "dangling"),
    (lambda path: path.symlink_to(path), "dangling"),
], ids=["missing", "folder", "pipe", "device", "dangling", "loop"])
def test_what_is_not_a_file_is_named_and_never_waited_for(folder: Path, make: object, state: str) -> None:
    assert callable(make)
    make(folder / "a.log")
    assert sizes(folder / "a.log") == [f"S {state}"]
    assert sent(folder / "a.log") == []


def test_a_link_to_a_log_is_read(folder: Path) -> None:
    written(folder / "real.log", json_line(BEGIN), BEGIN)
    (folder / "a.log").symlink_to(folder / "real.log")
    assert sent(folder / "a.log") == [BEGIN]


def test_links_and_pipes_among_rotated_files_are_left_out(folder: Path) -> None:
    log = three_days(folder)
    before = sent(log)
    (folder / "a.log.7").symlink_to("/etc/passwd")
    os.mkfifo(folder / "a.log.8")
    assert sent(log) == before


def test_only_rotated_files_are_left(folder: Path) -> None:
    three_days(folder).unlink()
    assert sizes(folder / "a.log")[0] == "S ok"
    assert len(sent(folder / "a.log")) == 2 * DAY // 20


def test_a_log_that_may_not_be_read_is_named(folder: Path) -> None:
    log = three_days(folder)
    for name in ("a.log", "a.log.1"):
        (folder / name).chmod(0o600 if os.geteuid() == 0 else 0)
    asked = ask("size", log, 0, 4_000_000_000, user=OTHER_USER)
    assert asked.stdout.decode().splitlines()[0] == "S ok"
    assert f"G {folder}/a.log.1: no access" in asked.stderr.decode()
    (folder / "a.log.2.gz").unlink()
    assert sizes(log, user=OTHER_USER)[0] == "S unreadable"


def test_a_damaged_compressed_file_gives_what_it_has_and_is_named(folder: Path) -> None:
    log = three_days(folder)
    whole = (folder / "a.log.2.gz").read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[: len(whole) // 2] + b"\0" * 500 + whole[len(whole) // 2 + 500:]):
        written(folder / "a.log.2.gz", damaged, BEGIN + DAY)
        asked = ask("send", log, 0, 4_000_000_000)
        assert asked.stderr.decode() == f"G {folder}/a.log.2.gz: cannot be read whole\n"
        assert set(range(BEGIN + DAY, BEGIN + 5 * DAY // 2, 20)) <= set(numbers(gzip.decompress(asked.stdout)))


def test_a_line_without_an_end_is_cut_and_its_neighbours_come(folder: Path) -> None:
    log = written(folder / "a.log", json_line(BEGIN) + b"x" * 3_000_000 + b"\n" + json_line(BEGIN + 1), BEGIN)
    came = gzip.decompress(ask("send", log, 0, 4_000_000_000).stdout)
    assert (numbers(came), max(map(len, came.splitlines()))) == ([BEGIN, BEGIN + 1], 32_768)
    packed = written(folder / "b.log", gzip.compress(json_line(BEGIN) + b"x" * 3_000_000 + b"\n" + json_line(BEGIN + 1)), BEGIN)
    assert numbers(gzip.decompress(ask("send", packed, 0, 4_000_000_000).stdout)) == [BEGIN, BEGIN + 1]


def test_bytes_of_any_kind_come_as_they_are(folder: Path) -> None:
    odd = bytes(range(256)).replace(b"\n", b"") + b" \x1b[2J $(touch /tmp/x) `id` ; rm -rf \xff\xfe\r"
    log = written(folder / "a.log", odd + b"\n" + json_line(BEGIN), BEGIN)
    # but zeros, which no text has
    assert gzip.decompress(ask("send", log, 0, 4_000_000_000).stdout) == odd.replace(b"\0", b"\n") + b"\n" + json_line(BEGIN)


def test_a_name_with_a_line_end_makes_no_line_of_ours(folder: Path) -> None:
    log = three_days(folder)
    written(folder / "a.log.9\nS missing\nF 7 x", json_line(BEGIN), BEGIN + 10)
    listed = sizes(log)
    assert [one[0] for one in listed] == ["S", "F", "F", "F", "F", "Z"]


def test_no_more_is_sent_than_was_agreed(folder: Path) -> None:
    came = gzip.decompress(ask("send", three_days(folder), 0, 4_000_000_000, most=10_000).stdout)
    assert len(came) == 10_000


@pytest.mark.parametrize("how", ROTATING)
@pytest.mark.parametrize("when", ["find", "sort", "od"])
def test_a_rotation_while_it_is_read_neither_loses_nor_doubles_a_line_silently(folder: Path, tmp_path: Path, when: str, how: str) -> None:
    """Before the listing (find), between it and the opening of the files (sort), and when the first of them is read (od)."""
    log = three_days(folder)
    rotating_tool(tmp_path, when, folder, how, json_line(BEGIN + 3 * DAY).decode().strip())
    asked = ask("send", log, 0, 4_000_000_000, path=str(tmp_path))
    found = [one for one in numbers(gzip.decompress(asked.stdout)) if one < BEGIN + 3 * DAY]
    assert (folder / "rotated").exists()
    assert found == sorted(set(found))
    if found != list(range(BEGIN, BEGIN + 5 * DAY // 2, 20)):
        # of a log that is cut in place, the lines are in a copy that did not exist yet
        assert how == "copytruncate"
        assert b"cut while it was read" in asked.stderr


DOCKER = """#!/bin/sh
echo 'WARNING: Error loading config file: /home/deploy/.docker/config.json: permission denied' >&2
case "$*" in
*service=web-blue*) echo abc123 ;;
ps*) ;;
*abc123*) printf '%s' '{out}'; printf '%s' '{err}' >&2; echo "$*" >'{asked}' ;;
esac
"""


def test_what_containers_wrote_is_asked_of_docker(folder: Path, tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text(DOCKER.format(out=json_line(BEGIN).decode(), err=json_line(BEGIN + 1).decode(), asked=tmp_path / "asked"))
    docker.chmod(0o755)
    source = ("service", "gw2", "web-blue", "web-green")
    assert sorted(sent(folder, BEGIN, BEGIN + 60, path=str(tmp_path), source=source)) == [BEGIN, BEGIN + 1]
    assert (tmp_path / "asked").read_text().split() == ["logs", "--since", str(BEGIN), "--until", str(BEGIN + 60), "abc123"]
    listed = sizes(folder, path=str(tmp_path), source=source)
    assert [listed[0], listed[1].split()[2:]] == ["S ok", ["container", "abc123"]]
    assert sizes(folder, path=str(tmp_path), source=("service", "gw2", "other")) == ["S missing"]


# a client that may not read root's configuration: its warning is not a line of the log
UNDATED = """#!/bin/sh
echo 'WARNING: Error loading config file: /home/deploy/.docker/config.json: permission denied' >&2
case "$*" in
ps*) echo abc123 ;;
*--timestamps*) sed 's/^/2026-11-29T00:08:54.606123456Z /' '{log}' ;;
*logs*) cat '{log}' ;;
esac
"""


@pytest.mark.parametrize(("text", "dated"), [
    ("Server listening on 3000\nError: no such user\n    at find (users.js:4)\n", True),
    ("1:M 28 Nov 2026 23:51:23.930 * Ready to accept connections\n", True),
    ("Nov 29 00:08:54 host app[7]: it broke\n[06:10:11 ERR] as did this\n[29-Nov-2026 00:08:54] NOTICE: up\n", True),
    ("starting\n2026-11-29 00:00:01 ERROR it broke\n    at find (users.js:4)\n", False),
    ('{"level": "error", "message": "no time in it"}\n', False),
    ("", False),
], ids=["no line has a time", "a time that is not read", "times without a year, a day or a zone", "a traceback has that of its first line", "JSON", "nothing"])
def test_lines_of_a_container_without_any_time_get_dockers(folder: Path, tmp_path: Path, text: str, dated: bool) -> None:
    """43 could read none of them, and ended inconclusive."""
    (folder / "log").write_text(text)
    (docker := tmp_path / "docker").write_text(UNDATED.format(log=folder / "log"))
    docker.chmod(0o755)
    asked = ask("send", folder, 1, 4_000_000_000, path=str(tmp_path), source=("service", "gw2", "web"))
    stamp = "2026-11-29T00:08:54.606123456Z " if dated else ""
    assert gzip.decompress(asked.stdout).decode() == "".join(stamp + line for line in text.splitlines(keepends=True))


def test_a_log_that_the_engine_keeps_nowhere_is_named_and_has_no_lines(folder: Path, tmp_path: Path) -> None:
    """The client's error was a line of it: 43 counted an error of the application."""
    why = "Error response from daemon: configured logging driver does not support reading"
    (docker := tmp_path / "docker").write_text(f"#!/bin/sh\ncase $1 in ps) echo abc123 ;; logs) echo '{why}' >&2; exit 1 ;; esac\n")
    docker.chmod(0o755)
    asked = ask("send", folder, 1, 4_000_000_000, path=str(tmp_path), source=("service", "gw2", "web"))
    assert (gzip.decompress(asked.stdout), asked.stderr.decode()) == (b"", f"G container abc123: its log cannot be read ({why})\n")


def test_the_zeros_that_a_truncated_log_begins_with_are_no_lines_and_no_bytes_of_it(folder: Path) -> None:
    """copytruncate: the first line came cut at its zeros, and 43 refused a log of gigabytes that had none."""
    log = folder / "app.log"
    with log.open("wb") as file:
        file.seek(30_000_000)
        file.write(b"".join(json_line(BEGIN + 20 * number) for number in range(50)))
    assert sent(log, BEGIN, BEGIN + 1000) == [BEGIN + 20 * number for number in range(50)]
    assert b"\0" not in gzip.decompress(ask("send", log, BEGIN, BEGIN + 1000).stdout)
    size = next(int(line.split()[1]) for line in sizes(log, BEGIN, BEGIN + 1000) if line.startswith("F "))
    assert size == 50 * len(json_line(BEGIN))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("before", [b"", json_line(BEGIN), json_line(BEGIN)[:30]], ids=["begin", "behind a line", "within a line"])
@pytest.mark.parametrize("zeros", [3, 100_000])
def test_the_first_line_behind_any_gap_of_zeros_comes_whole(folder: Path, pack: object, before: bytes, zeros: int) -> None:
    """A log that copytruncate cut and then packed, or that a power failure left a gap in: it came joined to its zeros, or cut."""
    assert callable(pack)
    behind = lines(BEGIN + 20, BEGIN + 100)
    log = written(folder / "a.log", pack(before + b"\0" * zeros + behind), BEGIN + 100)
    came = gzip.decompress(ask("send", log, BEGIN, BEGIN + 100).stdout)
    assert came.splitlines(keepends=True)[-4:] == behind.splitlines(keepends=True)
    assert b"\0" not in came


def test_the_window_is_found_behind_a_gap_that_is_larger_than_all_lines(folder: Path) -> None:
    """All lines came, as the search ended among the zeros."""
    log = written(folder / "a.log", b"\0" * 6_000_000 + lines(BEGIN, BEGIN + 2 * DAY), BEGIN + 2 * DAY)
    found = sent(log, BEGIN + DAY, BEGIN + DAY + 100)
    assert set(range(BEGIN + DAY, BEGIN + DAY + 100, 20)) <= set(found)
    assert len(found) < DAY // 20 // 2
