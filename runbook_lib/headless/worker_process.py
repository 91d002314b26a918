"""The worker as the runner sees it: a process group of its own, started with one job, spoken to by a private pipe."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from runbook_lib.core.signals import ENDING
from runbook_lib.headless.surroundings import variables

_PROGRAM = Path(__file__).with_name("worker_main.py")
LONGEST_MESSAGE = 1_000_000  # bytes; what is longer was not written by the worker


class WorkerProcess:
    """A running worker.

    `grace_s`: how long the undo of the plan in progress may take, in seconds, as the worker reports it.
    `run`: run id and folder, as soon as the notebook has opened its run. `ended`: the worker's last message.
    `outcome`: how the run reports that it ended, whether or not it could record it.
    """

    def __init__(self, job: dict[str, Any], scratch: Path) -> None:
        self.grace_s = 0.0
        self.run: dict[str, Any] | None = None
        self.ended: dict[str, Any] = {}
        self.outcome: dict[str, Any] | None = None
        self._log = scratch / "worker.log"
        self._word = secrets.token_hex(16).encode()
        self._unread = b""
        job_file = scratch / "job.json"
        job_file.write_text(json.dumps({**job, "word": self._word.decode()}))
        control, self._control = os.pipe()
        self._channel, channel = os.pipe()
        try:
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    (sys.executable, "-I", "-X", "utf8", str(_PROGRAM), str(job_file), str(control), str(channel)),
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(control, channel),
                    env=variables(scratch), start_new_session=True,
                )
        finally:
            os.close(control)
            os.close(channel)
        os.set_blocking(self._channel, False)

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def wait(self, seconds: float) -> None:
        """Wait for a message, the end of the process, or at most `seconds`."""
        with contextlib.suppress(InterruptedError):
            select.select([self._channel], [], [], seconds)

    def read_messages(self) -> None:
        """Take in what the worker sent since the last call. Whatever else is written there is not the worker's."""
        while True:
            try:
                raw = os.read(self._channel, 65536)
            except (BlockingIOError, OSError):
                break
            if not raw:
                break
            self._unread += raw
        *lines, self._unread = self._unread.split(b"\n")
        self._unread = self._unread[-LONGEST_MESSAGE:]
        for line in lines:
            if line.startswith(self._word):
                self._take(json.loads(line.removeprefix(self._word)))

    def _take(self, message: dict[str, Any]) -> None:
        self.grace_s = float(message.get("grace_s", self.grace_s))
        self.run = message.get("run", self.run)
        self.outcome = message.get("outcome", self.outcome)
        self.ended = message if "ended" in message else self.ended

    def signal(self, number: int, reason: str) -> None:
        """To the worker and the child processes of its cells. No further cell starts.

        The first `reason` is what the run is reported to be stopped by.
        """
        with contextlib.suppress(OSError):
            os.write(self._control, f"{reason}\n".encode())
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def end(self) -> None:
        """Kill what is left of it, what a cell has left running too, and read its last messages."""
        self.signal(signal.SIGKILL, "ended")
        self._process.wait()
        self.read_messages()
        for descriptor in (self._control, self._channel):
            os.close(descriptor)

    @property
    def asked_to_end_by(self) -> int:
        """The signal that ended it, where that is one that asks to end: sent to the process itself, not by our runner.

        0 for any other end.
        """
        number = -(self._process.returncode or 0)
        return number if number in ENDING else 0

    def how_it_died(self) -> str:
        """For a worker that ended without a message: the signal, and the end of what it wrote before its cells ran."""
        code = self._process.returncode
        died = f"The worker was ended by {signal.Signals(-code).name}.\n" if code is not None and code < 0 else ""
        return died + self._log.read_text("utf-8", "replace")[-2000:]
