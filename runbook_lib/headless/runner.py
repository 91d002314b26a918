"""The runner: starts the worker, keeps the time, passes signals on, seals what could not seal itself."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runbook_lib.archive.runs import seal_abandoned
from runbook_lib.contract import read_contract
from runbook_lib.contract.catalogue import find_runbook
from runbook_lib.contract.saved_confirmation import reject_saved_confirmation
from runbook_lib.environment import project
from runbook_lib.headless.outcome import (
    HeadlessOutcome,
    outcome_of_journal,
    outcome_stopped_early,
    outcome_without_run,
)
from runbook_lib.headless.progress import Progress
from runbook_lib.headless.signals import GRACE_S, LAST_GRACE_S, Signals

TIMEOUT_S = 7200.0  # the longest runbook watches for an hour
POLL_S = 0.05


def run_notebook(name: str, parameters: Mapping[str, Any], *, timeout_s: float = TIMEOUT_S, grace_s: float = GRACE_S,
                 progress: Progress | None = None) -> HeadlessOutcome:
    """Run a notebook to its end and return how it came out. `parameters` are typed values.

    Raises NotebookUnknown, BadParameter and EnvironmentInvalid before any kernel starts. SIGINT and SIGTERM to this
    process stop the run; after `timeout_s` seconds it is stopped as by Ctrl-C, `grace_s` later it is ended.
    """
    from runbook_lib.environment import load_environment

    runbook = find_runbook(name)
    contract = read_contract(runbook)
    reject_saved_confirmation(runbook, contract)
    values = contract.check(parameters)
    environment = load_environment(values["environment"]) if "environment" in values else None
    seal_abandoned(project.outputs())
    shown = progress or Progress()
    shown.started(runbook, environment.name if environment else "", str(values.get("mode", "read-only")))
    with tempfile.TemporaryDirectory(prefix="runbook-") as scratch, Signals() as signals:
        worker = Worker(runbook.path, values, Path(scratch))
        outcome = _attend(worker, signals, shown, timeout_s, grace_s)
    shown.finished(outcome)
    return outcome


class Worker:
    """The process group of one papermill, and the kernel that it started."""

    def __init__(self, notebook: Path, values: Mapping[str, Any], scratch: Path) -> None:
        self.announced = scratch / "run.json"
        self._log = scratch / "worker.log"
        job = {"notebook": str(notebook), "output": str(scratch / notebook.name), "parameters": dict(values)}
        surroundings = {
            **os.environ, "RUNBOOK_ANNOUNCE": str(self.announced), "RUNBOOK_HOME": str(project.root()),
            "RUNBOOK_OUTPUTS": str(project.outputs()), "JUPYTER_RUNTIME_DIR": str(scratch / "jupyter"),
            "TMPDIR": str(scratch),
            "PYTHONPATH": os.pathsep.join(
                part for part in (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")) if part
            ),
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "runbook_lib.headless.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=log, env=surroundings, start_new_session=True,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # the pipe stays open: its end shows the worker that we are gone, and then it stops the run on its own
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        self._process.stdin.flush()
        os.set_blocking(self._process.stdout.fileno(), False)
        self._unread = b""
        self.kernel: int | None = None
        self.ended: dict[str, Any] = {}

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def messages(self) -> list[dict[str, Any]]:
        """What the worker sent since the last call."""
        assert self._process.stdout is not None
        self._unread += self._process.stdout.read() or b""
        *lines, self._unread = self._unread.split(b"\n")
        messages = [json.loads(line) for line in lines if line.startswith(b"{")]
        for message in messages:
            self.kernel = message.get("kernel", self.kernel)
            self.ended = message if "ended" in message else self.ended
        return messages

    def signal(self, number: int) -> None:
        """To the kernel, where there is one yet; SIGKILL to everything. No further cell starts."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            os.write(self._process.stdin.fileno(), b"stop\n")
        for group in {self.kernel, self._process.pid} if number == signal.SIGKILL or not self.kernel else {self.kernel}:
            if group:
                try:
                    os.killpg(group, number if group == self.kernel or number == signal.SIGKILL else signal.SIGTERM)
                except ProcessLookupError:
                    continue

    def end(self) -> None:
        """Kill what is left of it, a kernel that outlived papermill too, and read its last messages."""
        self.messages()
        self.signal(signal.SIGKILL)
        self._process.wait()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()

    def run(self) -> dict[str, Any] | None:
        """Run id and folder, as soon as the notebook has opened its run."""
        try:
            found: dict[str, Any] = json.loads(self.announced.read_bytes())
        except (OSError, ValueError):
            return None
        return found

    def log_tail(self) -> str:
        """The end of what papermill wrote to its log: for a worker that died without a message."""
        return self._log.read_text("utf-8", "replace")[-2000:]


def _seal(folder: Path) -> None:
    """Seal what the kernel could not. A killed process holds its journal until its last thread is gone."""
    give_up = time.monotonic() + 10.0
    seal_abandoned(folder.parent)
    while not (folder / "manifest.json").exists() and time.monotonic() < give_up:
        time.sleep(0.1)
        seal_abandoned(folder.parent)


def _attend(worker: Worker, signals: Signals, shown: Progress, timeout_s: float, grace_s: float) -> HeadlessOutcome:
    """Watch the worker until it is gone, and make sure that it goes."""
    started = time.monotonic()
    stops = _Stops(worker, shown, started + timeout_s, grace_s)
    try:
        while worker.running:
            for message in worker.messages():
                shown.worker_message(message)
            shown.journal(worker.run())
            stops.tick(signals.received())
            time.sleep(POLL_S)
    finally:
        worker.end()
    seconds = time.monotonic() - started
    run = worker.run()
    shown.journal(run)
    if run is None and stops.begun:
        return outcome_stopped_early(seconds)
    if run is None:
        return outcome_without_run(worker.ended or {"evalue": worker.log_tail()}, seconds)
    _seal(Path(run["folder"]))
    return outcome_of_journal(Path(run["folder"]), run["run_id"], seconds)


class _Stops:
    """Stopping in three steps: as by Ctrl-C, then SIGTERM, then SIGKILL."""

    def __init__(self, worker: Worker, shown: Progress, deadline: float, grace_s: float) -> None:
        self._worker, self._shown, self._grace_s = worker, shown, grace_s
        self._deadline = deadline
        self._next = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]

    @property
    def begun(self) -> bool:
        """Whether anything was sent yet."""
        return len(self._next) < 3

    def tick(self, received: int) -> None:
        """Send what is due: because the time limit is reached, or because an operator asked."""
        now = time.monotonic()
        over = now >= self._deadline
        if not self._next or not (over or (received and len(self._next) == 3)):
            return
        number = self._next.pop(0)
        why = "time limit reached" if over and not received else "stopping as asked"
        self._shown.stopping(signal.Signals(number).name, why)
        self._worker.signal(number)
        self._deadline = now + (self._grace_s if number == signal.SIGINT else LAST_GRACE_S)
