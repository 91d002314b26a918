"""Thirty nights of rotation while a real rsyslog forwards the logs to another one: no line is lost, and none is doubled.

Writers never pause. Between nights the sender is restarted, the receiver is restarted, or it is away for a while. Each
night comes when what was written before it has arrived, as after a day.
"""

from __future__ import annotations

import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.ports import unused_port
from tests.unit.staging import debian_tools
from tests.unit.staging.files import text
from tests.unit.staging.log_writers import end, writing
from tests.unit.staging.test_log_rotation import Server, await_, has_lines

NIGHTS = 30
STREAMS = {"nginx/access.log": "nginx-access", "nginx/error.log": "nginx-error", "gw2/backend.log": "gw2"}
# what happens on the day before each night, again and again
DAYS = ("nothing", "sender restarted", "receiver restarted", "receiver away")
LONG_S = 120
PAUSE_S = 0.01  # of each writer between two lines

pytestmark = pytest.mark.skipif(debian_tools.program("rsyslogd") is None or debian_tools.program("logrotate") is None,
                                reason=debian_tools.MISSING)


class Daemon:
    """A real rsyslogd with a configuration of ours in a folder of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder / name
        self.running: subprocess.Popen[bytes] | None = None
        self.folder.mkdir()
        started = text(f"server/rsyslog/{name}")
        self.rules = f'global(workDirectory="{self.folder}" maxMessageSize="64k")\n{started}'

    def start(self) -> None:
        program = debian_tools.program("rsyslogd")
        assert program is not None, debian_tools.MISSING
        (self.folder / "rsyslog.conf").write_text(self.rules)
        (self.folder / "pid").unlink(missing_ok=True)
        words = (program, "-n", "-M", str(debian_tools.LIBRARIES / "rsyslog"), "-f", str(self.folder / "rsyslog.conf"),
                 "-i", str(self.folder / "pid"))
        with (self.folder / "output").open("a") as output:
            self.running = subprocess.Popen(words, env=debian_tools.environment(), stdout=output, stderr=output)
        await_((self.folder / "pid").exists, f"{self.folder.name} runs")

    def stop(self) -> None:
        if self.running is not None and self.running.poll() is None:
            self.running.send_signal(signal.SIGTERM)
            self.running.wait(LONG_S)


class Pair:
    """The sender of the server's logs and the log server, both on this machine's loopback."""

    def __init__(self, server: Server) -> None:
        port = unused_port()
        self.server = server
        self.sender, self.receiver = Daemon(server.folder, "60-gw2-forward.conf"), Daemon(server.folder, "log-server.conf")
        self.sender.rules = self.sender.rules.replace("/var/log", str(server.folder)).replace(
            'target="logs.example.com" port="2514"', f'target="127.0.0.1" port="{port}"')
        self.receiver.rules = self.receiver.rules.replace("/var/log/remote/%hostname%", str(server.folder / "remote")).replace(
            'port="2514"', f'port="{port}" address="127.0.0.1"')

    def received(self, name: str) -> Counter[int]:
        file = self.server.folder / "remote" / f"{STREAMS[name]}.log"
        return Counter(map(int, re.findall(r"^line (\d+)$", file.read_text(), re.MULTILINE))) if file.exists() else Counter()

    def await_everything_until_now(self) -> None:
        """What the files have now, the one that was just moved among them, has arrived."""
        for name in STREAMS:
            log, moved = self.server.log(name), self.server.rotated(name)[:1]
            files = [file for file in (log, *moved) if file.exists() and file.suffix != ".gz"]
            written = {int(one) for file in files for one in re.findall(r"^line (\d+)\n", file.read_text(), re.MULTILINE)}
            await_(partial(self.has, name, written), f"{name} has arrived", 0.1)

    def has(self, name: str, lines: set[int]) -> bool:
        return lines <= self.received(name).keys()

    def live(self, day: str) -> None:
        if day == "sender restarted":
            self.sender.stop()
            self.sender.start()
        elif day in ("receiver restarted", "receiver away"):
            self.receiver.stop()
            sizes = {name: self.server.log(name).stat().st_size for name in STREAMS}
            if day == "receiver away":
                await_(lambda: all(self.server.log(name).stat().st_size > size + 500 for name, size in sizes.items()), "a while")
            self.receiver.start()


@contextmanager
def forwarding(pair: Pair) -> Iterator[Pair]:
    """Both sides run until the end, the receiver first."""
    try:
        pair.receiver.start()
        pair.sender.start()
        yield pair
    finally:
        pair.sender.stop()
        pair.receiver.stop()


def test_thirty_nights_and_restarts_of_both_sides_lose_no_line_and_double_none(tmp_path: Path) -> None:
    server = Server(tmp_path)
    with forwarding(Pair(server)) as pair, ExitStack() as stack:
        kinds = {name: "watched" if name.startswith("gw2") else "signalled" for name in STREAMS}
        writers = {name: stack.enter_context(writing(kind, server.log(name), pause_s=PAUSE_S)) for name, kind in kinds.items()}
        server.docker(*(writers[name].pid for name in STREAMS if name.startswith("nginx")))
        for night in range(NIGHTS):
            await_(lambda: all(has_lines(server.log(name)) for name in STREAMS), f"lines on day {night}")
            pair.live(DAYS[night % len(DAYS)])
            pair.await_everything_until_now()
            done = server.rotate()
            assert (done.returncode, done.stderr) == (0, "")
            pair.await_everything_until_now()
            server.pass_a_day()
        counts = {name: end(one) for name, one in writers.items()}
        pair.await_everything_until_now()
        for name, count in counts.items():
            assert pair.received(name) == Counter(range(count)), name
