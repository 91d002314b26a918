"""Runs as an operator starts them: real processes, waited for by what their journals say, killed, and read."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.processes import root
from runbook_lib.archive import journal

PATIENCE_S = 900


@dataclass(frozen=True)
class FinishedRun:
    """A run that is over: its exit code, all it printed, and the folder it left (None: it was never opened)."""

    code: int
    output: str
    folder: Path | None

    @property
    def events(self) -> list[dict[str, Any]]:
        return journal.read(self.folder) if self.folder else []

    @property
    def end(self) -> dict[str, Any]:
        """The journal's own word on how the run ended."""
        ends = [event for event in self.events if event["event"] == "run_finished"]
        if len(ends) != 1:
            raise LabError(f"The journal has {len(ends)} ends.\n{self.output[-2000:]}")
        return ends[0]

    @property
    def states(self) -> dict[str, str]:
        return {event["key"]: event["state"] for event in self.events if event["event"] == "step_finished"}

    @property
    def undone(self) -> list[str]:
        return [event["key"] for event in self.events if event["event"] == "undo_finished"]

    @property
    def steps(self) -> list[str]:
        """The keys of the plan that was made last, in order; none when nothing was planned."""
        return planned_steps(self.events)

    def has(self, event: str) -> bool:
        return any(one["event"] == event for one in self.events)


class ActiveRun:
    """A run at work, in a session of its own as a terminal gives it."""

    def __init__(self, words: tuple[str, ...], outputs: Path, variables: Mapping[str, str] | None = None) -> None:
        self._outputs, self._known = outputs, set(outputs.iterdir())
        self._log = outputs.parent / f"{outputs.name}-{time.monotonic_ns()}.log"
        surroundings = {**os.environ, "RUNBOOK_OUTPUTS": str(outputs), **(variables or {})}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(words, cwd=root(), env=surroundings, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True)

    def __enter__(self) -> ActiveRun:
        return self

    def __exit__(self, *error: object) -> None:
        """Whoever stops waiting stops the run as well, as an operator would."""
        if self.process.poll() is None:
            self.send(signal.SIGTERM)  # SIGINT is ignored by what a background job starts
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=120)

    @property
    def folder(self) -> Path | None:
        fresh = [path for path in self._outputs.iterdir() if path not in self._known and (path / journal.FILE).exists()]
        return fresh[0] if fresh else None

    def events(self) -> list[dict[str, Any]]:
        folder = self.folder
        return journal.read(folder) if folder else []

    def reaches(self, event: str, key: str = "") -> bool:
        """Wait for an event of the journal (of the step `key`); False when the run ended before it."""
        give_up = time.monotonic() + PATIENCE_S
        while True:
            over = self.process.poll() is not None
            if any(one["event"] == event and key in ("", one.get("key")) for one in self.events()):
                return not over
            if over:
                return False
            if time.monotonic() > give_up:
                raise LabError(f"Still waiting for {event} {key}:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.05)

    def until(self, event: str, key: str = "") -> None:
        """Wait for an event of the journal (of the step `key`). Raises LabError when the run ends before it."""
        if not self.reaches(event, key):
            raise LabError(f"The run ended before {event} {key}:\n{self._log.read_text()[-2000:]}")

    def ctrl_c(self) -> None:
        """What a terminal does: SIGINT to everything in its foreground."""
        os.killpg(self.process.pid, signal.SIGINT)

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def kernel(self) -> int:
        """The process that holds the run's journal open."""
        found = journal_writer(self.folder) if self.folder else None
        if found is None:
            raise LabError("No process holds the run's journal.")
        return found

    def kill(self) -> None:
        """SIGKILL to runner, papermill and kernel at once: nobody is left who could still write a word."""
        kernel = self.kernel()
        for pid in (self.process.pid, _parent(kernel), kernel):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def wait(self) -> FinishedRun:
        code = self.process.wait(timeout=PATIENCE_S)
        return FinishedRun(code, self._log.read_text("utf-8", "replace"), self.folder)


def start_run(instance_name: str, environment: str, outputs: Path, notebook: str, parameters: Mapping[str, str],
              reason: str, variables: Mapping[str, str] | None = None, *, low_priority: bool = False) -> ActiveRun:
    """`runbook run NOTEBOOK --apply`, as typed at a terminal.

    `low_priority`: as if typed at another machine than the server. The run's own computing gives way to the server's;
    otherwise a kernel that starts weighs as much here as all that the server does for its users.
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
    """A console script of this environment."""
    return str(Path(sys.executable).with_name(name))


def journal_writer(folder: Path) -> int | None:
    """The process that holds the journal of `folder` open, or None."""
    target = str(folder / journal.FILE)
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if any(os.readlink(entry) == target for entry in (process / "fd").iterdir()):
                    return int(process.name)
            except OSError:
                continue
    return None


def wait_for(true: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> float:
    """Wait until something is so; returns the seconds it took. Raises LabError when it stays away."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > patience_s:
            raise LabError(f"After {patience_s:.0f} s still waiting for: {what}")
        time.sleep(0.05)
    return time.monotonic() - began


def _parent(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1])
