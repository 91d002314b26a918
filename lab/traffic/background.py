"""The load as a background process: started, followed second by second, ended with its result."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.errors import LabError
from lab.instance import Instance
from lab.processes import root
from lab.traffic.counters import LoadResult

START_TIMEOUT_S, END_TIMEOUT_S = 30.0, 180.0


class Load:
    """A running load. `result` is available when it has ended."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._sent: list[int] = []
        self._failed: list[int] = []
        self._output: list[str] = []
        self._changed = threading.Condition()
        self._result: LoadResult | None = None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def result(self) -> LoadResult:
        """The result. Raises LabError while the load runs, and when it died."""
        if self._result is None:
            raise LabError("The load left no result.\n" + "\n".join(self._output[-5:]))
        return self._result

    @property
    def seconds(self) -> int:
        """How many seconds are settled: all their requests have ended."""
        return len(self._failed)

    def wait_until_settled(self, seconds: int, timeout_s: float) -> bool:
        """Wait until that many seconds are settled; False on timeout or when the load has ended."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while len(self._failed) < seconds and self._reader.is_alive() and time.monotonic() < deadline:
                self._changed.wait(0.5)
        return len(self._failed) >= seconds

    def since(self, second: int) -> tuple[int, int, int]:
        """Requests sent, requests failed and seconds with a failure, in the settled seconds from `second` on."""
        with self._changed:
            failed = self._failed[second:]
            return sum(self._sent[second:]), sum(failed), sum(count > 0 for count in failed)

    def wait_until_clean(self, clean_s: int, timeout_s: float) -> bool:
        """Wait until `clean_s` consecutive settled seconds, beginning now or later, had no failure."""
        begin, deadline = len(self._failed), time.monotonic() + timeout_s
        with self._changed:
            while not self._clean_since(begin, clean_s):
                if not self._reader.is_alive() or time.monotonic() > deadline:
                    return False
                self._changed.wait(0.5)
        return True

    def end(self, out: Path) -> None:
        """Stop it, and read its result."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(10)
        if self._process.stdout is not None and not self._reader.is_alive():
            self._process.stdout.close()
        if out.exists():
            self._result = LoadResult.read(out)

    def _clean_since(self, begin: int, clean_s: int) -> bool:
        part = self._failed[max(begin, len(self._failed) - clean_s):]
        return len(part) >= clean_s and not any(part)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            words = line.split()
            with self._changed:
                if words[:1] == ["second"]:
                    self._sent.append(int(words[2]))
                    self._failed.append(int(words[3]))
                else:
                    self._output.append(line.rstrip())
                self._changed.notify_all()


@contextmanager
def background_load(instance: Instance, rate: float, *, longest_s: float = 3600.0) -> Iterator[Load]:
    """A load that sends before the block begins and ends with it; `result` is available afterwards.

    Raises LabError when it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="lab-traffic-") as folder:
        out = Path(folder) / "result.json"
        words = (sys.executable, "-m", "lab.traffic", "--name", instance.name, "--rate", str(rate), "--seconds",
                 str(longest_s), "--follow", "--out", str(out))
        process = subprocess.Popen(words, cwd=root(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        load = Load(process)
        try:
            if not load.wait_until_settled(1, START_TIMEOUT_S):
                process.terminate()
                raise LabError("The load did not start.",
                               next_step=f"run it alone: python -m lab.traffic --name {instance.name}")
            yield load
        finally:
            load.end(out)
