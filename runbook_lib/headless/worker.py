"""The process that runs the cells of one notebook for the runner, in order, up to the first that fails.

The runner talks to it by signals and by one pipe; it answers on another. Both are private: no child process of a cell
inherits them, and each of its lines carries a word that only the two know. When the runner is gone, killed perhaps,
this process does the stopping itself.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from runbook_lib.core.signals import as_sentence
from runbook_lib.headless.signals import GRACE_S, LAST_GRACE_S
from runbook_lib.kernel import assignment
from runbook_lib.kernel.forks import end_child
from runbook_lib.kernel.stopping import note_signal, stop_reason

_SECRET_NAME = re.compile("PASSWORD|PASSWD|SECRET|TOKEN|KEY|WEBHOOK", re.IGNORECASE)
EXIT_FUNCTIONS_S = 5.0
REASON_S = 2.0  # the runner's message comes before its signal; the thread that reads it may come after
RUNNER_GONE = "stopped because the process that had started it was gone, killed perhaps"


class Worker:
    """What the threads of this process know of each other."""

    def __init__(self, job: dict[str, Any], control: int, channel: int) -> None:
        self._job, self._control, self._channel = job, control, channel
        self._mutex = threading.Lock()
        self._process = os.getpid()
        self.stop = False
        self._reason = ""
        self.in_cell = False
        self.grace_s = 0.0

    def tell(self, **message: Any) -> None:
        """Send a message to the runner; it may be gone. A child process that a cell has forked has nothing to say."""
        if self.in_child:
            return
        self.grace_s = float(message.get("grace_s", self.grace_s))
        line = f"{self._job['word']}{json.dumps(message)}\n".encode()
        with self._mutex, contextlib.suppress(OSError):
            while line:
                line = line[os.write(self._channel, line):]

    @property
    def in_child(self) -> bool:
        """True in a child process that a cell has forked."""
        return os.getpid() != self._process

    def interrupted(self, number: int, frame: Any) -> None:
        """SIGINT: the cell in progress is interrupted; between two cells it is enough that none follows."""
        self.stop = True
        note_signal(number)
        if self.in_cell or self.in_child:
            raise KeyboardInterrupt

    def reason(self) -> str:
        """Why the runner has asked to stop, in its words; empty where it has not."""
        give_up = time.monotonic() + REASON_S
        while self.stop and not self._reason and not self.in_child and time.monotonic() < give_up:
            time.sleep(0.01)
        return self._reason

    def listen(self) -> None:
        """A message of the runner: no further cell starts. Its end: the runner is gone, and the run is stopped."""
        heard = b""
        with contextlib.suppress(OSError):
            while message := os.read(self._control, 1000):
                heard += message
                # the first one counts: the next ones come when the first was not enough
                self._reason = heard.split(b"\n")[0].decode("utf-8", "replace")
                self.stop = True
        self._reason = self._reason or RUNNER_GONE
        self.stop = True
        for number, patience_s in ((signal.SIGINT, GRACE_S), (signal.SIGTERM, LAST_GRACE_S), (signal.SIGKILL, 1.0)):
            os.killpg(os.getpid(), number)
            sent = time.monotonic()
            # an undo that begins meanwhile says how long it may take
            while time.monotonic() - sent < (max(patience_s, self.grace_s) if number == signal.SIGINT else patience_s):
                time.sleep(0.2)


def main(job_file: Path, control: int, channel: int) -> None:
    """Run the job in `job_file`: {word, file, sha256, parameters_source, values, differs, cells}. Never returns."""
    for descriptor in (control, channel):
        os.set_inheritable(descriptor, False)
    job = json.loads(job_file.read_bytes())
    worker = Worker(job, control, channel)
    signal.signal(signal.SIGINT, worker.interrupted)
    _go_to(Path(job["file"]).parent)
    threading.Thread(target=worker.listen, name="runner-watch", daemon=True).start()
    assignment.assign(assignment.Assignment(Path(job["file"]), job["sha256"], job["parameters_source"], job["values"],
                                            job["differs"], worker.tell, lambda: worker.stop, worker.reason))
    ended: dict[str, Any] = {"ended": ""}
    try:
        error = _run_cells(job["cells"], worker)
    except BaseException as unexpected:
        error = unexpected
    if worker.in_child:  # nothing of the end is a child's: not the run, not the parent's exit functions
        end_child(error)
    if error is not None:
        ended = {"ended": type(error).__name__, "ename": type(error).__name__, "evalue": _clean(str(error), job)}
    _close(worker, error)
    worker.tell(**ended)
    # what a cell has left running must not keep a sealed run open
    os._exit(1 if error else 0)


def _go_to(folder: Path) -> None:
    """Work in the notebook's own folder, as in JupyterLab: a cell finds the data and the modules that lie there."""
    with contextlib.suppress(OSError):
        os.chdir(folder)
    sys.path.append(str(folder))  # at the end: a file that happens to lie there hides no library


def _run_cells(cells: list[str], worker: Worker) -> BaseException | None:
    """The error of the first cell that failed; None when all ran, or none was to follow any more."""
    from runbook_lib.headless.shell import HeadlessKernel, new_shell
    from runbook_lib.headless.streams import CellStream
    from runbook_lib.kernel import was_stopped

    kernel = HeadlessKernel()
    sys.stdout, sys.stderr = CellStream("stdout", 1, kernel.send_text), CellStream("stderr", 2, kernel.send_text)
    kernel.streams = (sys.stdout, sys.stderr)
    shell = new_shell(kernel)
    for number, source in enumerate(cells):
        if worker.stop or was_stopped():  # a cell may have caught a SIGTERM sent to this process, too
            return None
        worker.in_cell = True
        try:
            result = shell.run_cell(source, store_history=True)  # type: ignore[no-untyped-call]
        except KeyboardInterrupt as pressed:  # between the cell's own code and the shell's
            if worker.in_child:
                end_child(pressed)
            return pressed
        finally:
            worker.in_cell = False
        if worker.in_child:  # forked before the run was open; later the run's own hook has ended it
            end_child(result.error_before_exec or result.error_in_exec)
        if not result.success:
            failed: BaseException = result.error_before_exec or result.error_in_exec
            return failed
        worker.tell(cell=number)
    return None


def _close(worker: Worker, error: BaseException | None) -> None:
    """Seal a run that no cell has closed, and let go of what else ends with the process."""
    from runbook_lib.run.current import NOT_CLOSED, abort_open, close_previous

    if worker.stop:
        close_previous(as_sentence(stop_reason()))
    elif error is not None:  # not a cell's own error, which has ended the run already
        abort_open(error)
    close_previous(NOT_CLOSED)
    gc.freeze()  # IPython looks for cycles in all that is loaded, and the process ends at once
    # what cells and libraries have registered may wait without end: multiprocessing does for every child
    last = threading.Thread(target=atexit._run_exitfuncs, name="exit-functions", daemon=True)
    last.start()
    last.join(EXIT_FUNCTIONS_S)


def _clean(text: str, job: dict[str, Any]) -> str:
    """An error without secrets: before a run is open, nothing else has taken them out."""
    from runbook_lib.core.redaction import Redactor, Secret

    known = [Secret(name, value) for name, value in os.environ.items() if _SECRET_NAME.search(name)]
    with contextlib.suppress(Exception):  # an environment that cannot be read is perhaps the very error
        from runbook_lib.connections.local import load_secrets
        from runbook_lib.environment import load_environment

        known += load_secrets(load_environment(job["values"]["environment"])).values()
    return Redactor(known).text(text)
