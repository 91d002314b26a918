"""Thirty days and more of rotation by Debian's logrotate with our own configuration, while real programs write.

A day passes by making everything else a day older: names, times of files, and logrotate's own record.
"""

from __future__ import annotations

import grp
import gzip
import os
import pwd
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.unit.staging import debian_tools
from tests.unit.staging.files import text
from tests.unit.staging.log_writers import end, writing

DAYS = 33
DAY_S = 86_400

pytestmark = pytest.mark.skipif(debian_tools.program("logrotate") is None, reason=debian_tools.MISSING)


class Server:
    """A server's log folders below a throw-away one, its logrotate, and a `docker` that signals the programs of a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.seen: dict[str, Counter[int]] = {}  # the lines of each compressed file, by the day on which it was closed
        self.day = 0
        for name in ("gw2", "nginx", "bin"):
            (folder / name).mkdir()
        self.docker()
        rules = text("server/logrotate/gw2-wvwbuilder").replace("/var/log", str(folder))
        self.rules = folder / "rules"
        # only root can be another user, and only root may leave its rules to others
        self.rules.write_text(re.sub(r"su root root", f"su {pwd.getpwuid(os.getuid()).pw_name} {grp.getgrgid(os.getgid()).gr_name}", rules))
        self.rules.chmod(0o644)

    def docker(self, *writers: int, fails: bool = False) -> None:
        """From now on, the engine has these processes as its nginx; or it does not answer."""
        program = self.folder / "bin" / "docker"
        reopen = "".join(f"kill -USR1 {one}; " for one in writers)
        program.write_text("#!/bin/sh\n" + ("exit 1\n" if fails else f'case "$1" in ps) echo 4f2c ;; exec) {reopen};; esac\n'))
        program.chmod(0o755)

    def log(self, name: str) -> Path:
        return self.folder / name

    def rotate(self) -> subprocess.CompletedProcess[str]:
        return debian_tools.run("logrotate", "--state", str(self.state), str(self.rules),
                                path=f"{self.folder / 'bin'}:{os.environ['PATH']}")

    def rotated(self, name: str) -> list[Path]:
        """The rotated files of a log, the newest first."""
        return sorted(self.log(name).parent.glob(f"{self.log(name).name}-*"), reverse=True)

    def pass_a_day(self) -> None:
        self.day += 1
        for file in sorted(self.folder.glob("*/*.log*")):  # the oldest first, so that no name is taken
            dated = re.fullmatch(r"(.+\.log-)(\d{8})(.*)", file.name)
            changed = file.stat().st_mtime - DAY_S
            if dated:
                at = date.fromisoformat(dated[2]) - timedelta(days=1)
                file = file.rename(file.with_name(f"{dated[1]}{at:%Y%m%d}{dated[3]}"))
            os.utime(file, (changed, changed))
        lines = self.state.read_text().splitlines()
        self.state.write_text("\n".join([lines[0], *map(_a_day_earlier, lines[1:])]) + "\n")

    def remember(self, name: str) -> None:
        """Keeps the lines of what is compressed and will change no more; what is there already must not have changed."""
        for file in self.rotated(name):
            if file.suffix == ".gz":
                closed = date.fromisoformat(file.name.removesuffix(".gz")[-8:]) + timedelta(days=self.day)
                lines = numbers(file)
                assert self.seen.setdefault(f"{name} {closed}", lines) == lines, file

    def all_lines(self, name: str) -> Counter[int]:
        """Every line that is in a file or was, before its file had lived its thirty days; how often each."""
        self.remember(name)
        found = sum((lines for key, lines in self.seen.items() if key.startswith(f"{name} ")), Counter[int]())
        return sum((numbers(file) for file in [*self.rotated(name), self.log(name)] if file.suffix != ".gz" and file.exists()), found)


def _a_day_earlier(line: str) -> str:
    name, _, at = line.rpartition(" ")
    year, month, rest = at.split("-", 2)
    day, _, clock = rest.partition("-")
    before = date(int(year), int(month), int(day)) - timedelta(days=1)
    return f"{name} {before.year}-{before.month}-{before.day}-{clock}"


def numbers(file: Path) -> Counter[int]:
    text = (gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()).decode()
    # NUL bytes and torn lines are no lines: their numbers would be missing
    return Counter(int(found) for found in re.findall(r"^line (\d+)$", text.rpartition("\n")[0], re.MULTILINE))


def await_(condition: Callable[[], object], what: str, pause_s: float = 0.005) -> None:
    until = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(pause_s)


def has_lines(log: Path) -> bool:
    return log.exists() and log.stat().st_size > 0


def await_growth(log: Path) -> None:
    size = log.stat().st_size if log.exists() else 0
    await_(lambda: log.exists() and log.stat().st_size > size, f"{log} grows")


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def run_days(server: Server, *names: str) -> None:
    for day in range(DAYS):
        for name in names:
            await_(partial(has_lines, server.log(name)), f"{name} has lines on day {day}")
        done = server.rotate()
        assert (done.returncode, done.stderr) == (0, "")
        server.pass_a_day()
        for name in names:
            server.remember(name)


def test_a_program_that_is_signalled_loses_no_line_and_doubles_none(server: Server) -> None:
    names = ("nginx/access.log", "nginx/error.log")
    with ExitStack() as stack:
        writers = [stack.enter_context(writing("signalled", server.log(name))) for name in names]
        server.docker(*(one.pid for one in writers))
        run_days(server, *names)
        counts = [end(one) for one in writers]
    for name, count in zip(names, counts, strict=True):
        assert server.all_lines(name) == Counter(range(count))
        files = server.rotated(name)
        assert [file.suffix == ".gz" for file in files] == [False, *[True] * 29]
        assert len({*server.seen}) > 30  # what was deleted had been there


def test_programs_that_notice_the_move_lose_no_line_whether_they_write_much_or_hardly(server: Server) -> None:
    name, kinds = "gw2/backend.log", ("watched", "watched", "watched", "idle")
    with ExitStack() as stack:
        writers = [stack.enter_context(writing(kind, server.log(name), first, len(kinds))) for first, kind in enumerate(kinds)]
        run_days(server, name)
        ends = [end(one) for one in writers]
    expected = Counter(number for first, last in enumerate(ends) for number in range(first, last, len(kinds)))
    assert server.all_lines(name) == expected
    assert [file.suffix == ".gz" for file in server.rotated(name)] == [False, *[True] * 29]


def test_a_night_without_docker_loses_no_line_and_the_next_one_rotates_again(server: Server) -> None:
    name = "nginx/access.log"
    with writing("signalled", server.log(name)) as writer:
        for fails in (False, False, True, True, False, False, False):
            await_(lambda: has_lines(server.log(name)), "the log has lines")
            server.docker(writer.pid, fails=fails)
            done = server.rotate()
            assert bool(done.returncode) == fails
            assert ("rotated tomorrow" in done.stderr) == fails
            server.pass_a_day()
            server.remember(name)
        last = end(writer)
    assert server.all_lines(name) == Counter(range(last))
    # the first night only notes that there is a log; two were without Docker
    assert len(server.rotated(name)) == 7 - 1 - 2


def test_what_still_writes_into_a_moved_file_is_never_compressed_under_it(server: Server) -> None:
    name = "gw2/backend.log"
    with writing("watched", server.log(name), 0, 2) as notices, writing("holds", server.log(name), 1, 2) as holds:
        complaints = []
        await_(lambda: has_lines(server.log(name)), "the log has lines")
        assert server.rotate().returncode == 0  # the first night only notes that there is a log
        server.pass_a_day()
        for _ in range(4):
            done = server.rotate()
            complaints.append("still written" in done.stderr)
            server.pass_a_day()
            for file in (server.rotated(name)[0], server.log(name)):
                await_growth(file)
        held = end(holds)
        server.pass_a_day()
        assert server.rotate().returncode == 0
        kept = end(notices)
    assert complaints == [False, True, True, True]
    assert server.all_lines(name) == Counter([*range(0, kept, 2), *range(1, held, 2)])
