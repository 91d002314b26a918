"""Runs as an operator starts them: real processes, followed by their journals, interrupted, killed, and read."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.processes import root
from runbook_lib.archive import journal
from runbook_lib.core.text import tail_of

TIMEOUT_S = 900
STOP_TIMEOUT_S = 120
PAUSE_S, LONGEST_PAUSE_S = 0.05, 0.5

SHOWN = 600  # characters of what a run printed, in the measurements of a case


@dataclass(frozen=True)
class FinishedRun:
    """A finished run: its exit code, everything it printed, and its folder (None: it was never opened)."""

    code: int
    output: str
    folder: Path | None

    @property
    def tail(self) -> str:
        """The end of what it printed, in whole words: why it ended as it did."""
        return tail_of(self.output.strip(), SHOWN)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of its journal; none when it was never opened."""
        return journal.read(self.folder) if self.folder else []

    @property
    def end(self) -> dict[str, Any]:
        """The event that records how the run ended. Raises LabError unless there is exactly one."""
        ends = [event for event in self.events if event["event"] == "run_finished"]
        if len(ends) != 1:
            raise LabError(f"The journal records {len(ends)} ends of the run.\n{self.output[-2000:]}")
        return ends[0]

    @property
    def states(self) -> dict[str, str]:
        """The state of each finished step, by its key."""
        return {event["key"]: event["state"] for event in self.events if event["event"] == "step_finished"}

    @property
    def undone(self) -> list[str]:
        """The keys of the steps that were undone, in that order."""
        # files are put back first, and a step with both parts is undone twice over
        return list(dict.fromkeys(event["key"] for event in self.events if event["event"] == "undo_finished"))

    @property
    def steps(self) -> list[str]:
        """The keys of the last plan, in order; none when nothing was planned."""
        return planned_steps(self.events)

    def has(self, event: str) -> bool:
        """Whether the journal has an event of this kind."""
        return any(one["event"] == event for one in self.events)


class ActiveRun:
    """A run in progress, in a session of its own as a terminal provides it. Leaving `with` stops it.

    So does the end of whoever follows it: Ctrl-C reaches the tests alone, and a run that went on would change the
    server under the next ones.
    """

    def __init__(self, words: tuple[str, ...], outputs: Path, variables: Mapping[str, str] | None = None) -> None:
        self._outputs, self._known = outputs, set(outputs.iterdir())
        self._log = outputs.parent / f"{outputs.name}-{time.monotonic_ns()}.log"
        environment = {**os.environ, "RUNBOOK_OUTPUTS": str(outputs), **(variables or {})}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(words, cwd=root(), env=environment, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True)
        self._stop = weakref.finalize(self, _stop, self.process)

    def __enter__(self) -> ActiveRun:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()

    @property
    def folder(self) -> Path | None:
        """The run's folder; None until it is opened."""
        fresh = [path for path in self._outputs.iterdir() if path not in self._known and (path / journal.FILE).exists()]
        return fresh[0] if fresh else None

    def events(self) -> list[dict[str, Any]]:
        """The events of its journal so far."""
        folder = self.folder
        return journal.read(folder) if folder else []

    def _written(self) -> int:
        """Bytes of its journal so far."""
        folder = self.folder
        return (folder / journal.FILE).stat().st_size if folder else 0

    def reaches(self, event: str, key: str = "") -> bool:
        """Wait for an event of the journal (of the step `key`); False when the run ended before it."""
        deadline, read = time.monotonic() + TIMEOUT_S, -1
        while True:
            ended = self.process.poll() is not None
            written = self._written()  # the whole journal twenty times a second costs as much as the run itself
            if written != read and any(one["event"] == event and key in ("", one.get("key")) for one in self.events()):
                return not ended
            read = written
            if ended:
                return False
            if time.monotonic() > deadline:
                raise LabError(f"No {event} {key} after {TIMEOUT_S} s:\n{self._log.read_text()[-2000:]}")
            time.sleep(PAUSE_S)

    def until(self, event: str, key: str = "") -> None:
        """Wait for an event of the journal (of the step `key`). Raises LabError when the run ends before it."""
        if not self.reaches(event, key):
            raise LabError(f"The run ended before {event} {key}:\n{self._log.read_text()[-2000:]}")

    def ctrl_c(self) -> None:
        """Send SIGINT to the whole process group, as a terminal does."""
        os.killpg(self.process.pid, signal.SIGINT)

    def send(self, number: int) -> None:
        """Send a signal to the runner alone."""
        self.process.send_signal(number)

    def kernel(self) -> int:
        """The process id of the kernel. Raises LabError when it is not running."""
        found = journal_writer(self.folder) if self.folder else None
        if found is None:
            raise LabError("No process has the run's journal open.")
        return found

    def kill(self) -> None:
        """SIGKILL the runner and its worker at once: no process is left that could still write."""
        kernel = self.kernel()
        for pid in (self.process.pid, _parent(kernel), kernel):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def wait(self) -> FinishedRun:
        """Wait for the end of the run."""
        code = self.process.wait(timeout=TIMEOUT_S)
        return FinishedRun(code, self._log.read_text("utf-8", "replace"), self.folder)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)  # processes started by a background job ignore SIGINT
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=STOP_TIMEOUT_S)


def start_run(instance_name: str, environment: str, outputs: Path, notebook: str, parameters: Mapping[str, str],
              reason: str, variables: Mapping[str, str] | None = None, *, low_priority: bool = False) -> ActiveRun:
    """Start `runbook run NOTEBOOK --apply`.

    `low_priority`: the run's own processes yield to the server's, as if they ran on another machine. A kernel that
    starts costs this machine as much as everything the server does for its users.
    """
    given = [word for name, value in parameters.items() for word in ("-p", f"{name}={value}")]
    words = (program("runbook"), "run", notebook, "-e", environment, *given, "--apply", "--confirm", instance_name,
             "--reason", reason)
    return ActiveRun(("nice", "-n", "10", *words) if low_priority else words, outputs, variables)


def planned_steps(events: list[dict[str, Any]]) -> list[str]:
    """The keys of the last plan in a journal."""
    plans = [event["plan"] for event in events if event["event"] == "plan"]
    return [step["key"] for step in plans[-1]["steps"]] if plans else []


def program(name: str) -> str:
    """The path of a console script of this Python environment."""
    return str(Path(sys.executable).with_name(name))


def journal_writer(folder: Path) -> int | None:
    """The id of the process that has the journal in `folder` open to write, or None; who follows a run reads it."""
    target = str(folder / journal.FILE)
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and any(_writes(entry, target) for entry in (process / "fd").iterdir()):
                return int(process.name)
    return None


def _writes(entry: Path, target: str) -> bool:
    """Whether an open file of a process, which may be closed meanwhile, is `target`, open to write."""
    with contextlib.suppress(OSError):
        if os.readlink(entry) == target:
            shown = (entry.parents[1] / "fdinfo" / entry.name).read_text()
            flags = re.search(r"^flags:\s+([0-7]+)", shown, re.MULTILINE)
            return flags is not None and int(flags[1], 8) & os.O_ACCMODE != os.O_RDONLY
    return False


def wait_for(condition: Callable[[], bool], what: str, timeout_s: float = TIMEOUT_S) -> float:
    """Wait until the condition holds; returns the seconds it took. Raises LabError after `timeout_s`."""
    began, pause_s = time.monotonic(), PAUSE_S
    while not condition():
        if time.monotonic() - began > timeout_s:
            raise LabError(f"Timed out after {timeout_s:.0f} s waiting for: {what}")
        time.sleep(pause_s)
        # most conditions start a process on the server: what takes long is asked for less often
        pause_s = min(1.3 * pause_s, LONGEST_PAUSE_S)
    return time.monotonic() - began


def _parent(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1])
