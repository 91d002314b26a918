"""The load generator from outside: started as a process of its own, asked how far it is, and ended with the run.

Nothing of it reaches this process but lines of JSON: gevent patches the generator's interpreter and not the kernel's.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from runbook_lib.core.errors import Refused, RunFailed
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.text import lines_of

END_S = 120.0  # a stopped generator has so long to remove what its visits made
LONGEST_LINE = 20_000_000
BEHIND_S = 3  # arrivals of so many seconds may be unreported when a generator is killed


class LoadGenerator:
    """At most one load at a time, against one address. `allowed` False: none can start, as in plan mode."""

    def __init__(self, url: str, *, connect_to: str | None, ca_file: str | None, allowed: bool) -> None:
        self._where = {"url": url.rstrip("/"), "connect_to": connect_to, "ca_file": ca_file}
        self._allowed = allowed
        self._process: subprocess.Popen[bytes] | None = None
        self._job: dict[str, Any] = {}
        self._listener: threading.Thread | None = None
        self._errors: list[bytes] = []
        self._progress: dict[str, Any] = {}
        self._result: dict[str, Any] | None = None
        self._removed: dict[str, Any] | None = None

    def start(self, job: Mapping[str, Any]) -> None:
        """Begin to send. Raises Refused in plan mode, and while a load is in progress."""
        if not self._allowed:
            raise Refused("No load is sent in plan mode.", where=self._where["url"] or "",
                          next_step='Apply the plan: mode = "apply", confirmed by the name of the environment.')
        if self._process is not None:
            raise Refused("A load is in progress.", where=self._where["url"] or "", next_step="End it first.")
        # known to this process and its child alone; from it come the passwords of all visits
        self._job = {**job, **self._where, "seed": secrets.token_hex(16)}
        self._progress, self._result, self._removed = {}, None, None
        self._launch(self._job)

    def progress(self) -> dict[str, Any]:
        """The last line of the generator: where the load is. Empty before the first."""
        return self._progress

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def result(self) -> dict[str, Any] | None:
        """The result, when the load has ended; None while it is in progress.

        Raises RunFailed where the process ended without one, when what it left was removed.
        """
        if self._result is None and not self.running and self._process is not None:
            self._join()
            if self._result is None:
                raise self._lost()
        return self._result

    def end(self, timeout_s: float = END_S) -> dict[str, Any] | None:
        """Stop sending, wait until what was made is removed, and end the process; the result.

        Of a load without one, `left_count` alone: None where it is not known. None where nothing was sent.
        """
        process = self._process
        if process is None:
            return self._result or self._removed
        with suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()  # the end of its input is its order to stop
        killed = False
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            killed = True
        finally:
            self._kill(process)
        self._join()
        if self._result is None and self._job:
            self._removed = {"left_count": None} if killed else self._remove_left()
        self._process, self._job = None, {}
        return self._result or self._removed

    def close(self) -> None:
        """End what is in progress; with the run, whatever happens."""
        self.end()

    def _launch(self, job: Mapping[str, Any]) -> None:
        # nothing of our environment goes along: it may hold secrets or a proxy; the job comes by the pipe, not by argv
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8", "TZ": "UTC",
                       "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
        # a session of its own: a Ctrl-C in the terminal is the run's to handle, and a killed run's group is not its
        self._process = subprocess.Popen(
            (sys.executable, "-I", "-m", "runbook_lib.connections.load.generator"), env=environment, cwd="/",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        self._errors = []
        self._listener = threading.Thread(target=self._listen, args=(self._process,), daemon=True, name="load")
        self._listener.start()
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it died at once: its own message says why
            self._process.stdin.write(json.dumps(dict(job)).encode() + b"\n")
            self._process.stdin.flush()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        errors = threading.Thread(target=self._drain, args=(process,), daemon=True, name="load errors")
        errors.start()
        with process.stdout:
            while line := process.stdout.readline(LONGEST_LINE):
                self._read(line)
        errors.join()

    def _read(self, line: bytes) -> None:
        with suppress(ValueError):  # a line that was cut by the end of its writer
            document = read_json(line)
            if isinstance(document, dict) and "result" in document:
                self._result = document["result"]
            elif isinstance(document, dict):
                self._progress = document

    def _drain(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                self._errors = [*self._errors[-19:], line[:300]]

    def _join(self) -> None:
        if self._listener is not None:
            self._listener.join(END_S)

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()

    def _remove_left(self) -> dict[str, Any]:
        """What a generator that died has left is removed by another one, which knows the same seed."""
        last = int(self._progress.get("number", 0))
        more = last + int(BEHIND_S * max(self._job["loads"])) + 10
        numbers = sorted({*self._progress.get("open", ()), *range(last + 1, more + 1)})
        job, self._result = {**self._job, "remove": numbers}, None
        self._launch(job)
        assert self._process is not None
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._kill(self._process)
        self._join()
        removed, self._result = self._result, None
        return removed or {"left_count": None}

    def _lost(self) -> RunFailed:
        text = b"".join(self._errors).decode("utf-8", "replace")
        assert self._process is not None
        self._kill(self._process)
        code, why = self._process.returncode, (lines_of(text.strip()) or ("it printed nothing",))[-1][:300]
        self._removed = removed = self._remove_left()
        self._process, self._job = None, {}
        left = removed.get("left_count")
        outcome = "what its visits made could not be removed" if left is None else (
            f"{left} accounts are left" if left else "what its visits made was removed")
        return RunFailed(f"The load generator ended early (exit code {code}): {why}; {outcome}.",
                         where=self._where["url"] or "", next_step="Run the load test again at a lower load.")
