"""The process that runs papermill for one notebook. It reports its progress on standard output, one JSON line each.

The runner talks to the kernel by signals; this process ignores them, so that it can report the end. When the runner
is gone, killed perhaps, this process does the stopping itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any


class WorkerState:
    """What the two threads know of each other: the kernel's process, and whether another cell may start."""

    def __init__(self) -> None:
        self.kernel: int | None = None
        self.stop = False


def main() -> int:
    """Run the notebook that the job on standard input names: {notebook, output, parameters}. Exit code 0, 1 or 70."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    job = json.loads(sys.stdin.readline())
    state = WorkerState()
    emit = _emitter(state)
    threading.Thread(target=_listen, args=(state,), name="runner-watch", daemon=True).start()
    try:
        _execute(job, emit, state)
    except BaseException as error:
        emit(ended=type(error).__name__, ename=getattr(error, "ename", type(error).__name__),
            evalue=getattr(error, "evalue", str(error)))
        return 1
    emit(ended="")
    return 0


def _execute(job: dict[str, Any], emit: Any, state: WorkerState) -> None:
    _leave_out_slow_imports()
    import papermill
    from papermill.engines import papermill_engines

    from runbook_lib.headless.worker_main import RunbookEngine

    papermill_engines.register("runbook", RunbookEngine)
    papermill.execute_notebook(
        job["notebook"], job["output"], parameters=job["parameters"], engine_name="runbook", kernel_name="python3",
        language="python", progress_bar=False, request_save_on_cell_execute=False, autosave_cell_every=0,
        cwd=str(Path(job["notebook"]).parent), kernel_started=lambda pid: emit(kernel=pid),
        on_cell_executed=lambda cell, cell_index, execute_reply: emit(cell=cell_index), stopped=lambda: state.stop,
    )


def _leave_out_slow_imports() -> None:
    """jsonschema tries optional format checkers; one compiles a grammar for two seconds, and notebooks need none."""
    for name in ("rfc3987", "rfc3987_syntax", "isoduration"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def _emitter(state: WorkerState) -> Any:
    out = sys.stdout
    sys.stdout = sys.stderr  # nothing else may write between the lines

    def emit(**message: Any) -> None:
        state.kernel = message.get("kernel") or state.kernel
        with contextlib.suppress(OSError):  # the runner may be gone
            print(json.dumps(message), file=out, flush=True)

    return emit


def _listen(state: WorkerState) -> None:
    """A message of the runner, or its end: after a message no further cell starts; when it is gone, the run is stopped.

    The runner sends its signals to the kernel itself, but a kernel between two cells does not hear them.
    """
    from runbook_lib.headless.signals import GRACE_S, LAST_GRACE_S

    while os.read(0, 100):
        state.stop = True
    state.stop = True
    for number, patience_s in ((signal.SIGINT, GRACE_S), (signal.SIGTERM, LAST_GRACE_S), (signal.SIGKILL, 1.0)):
        if state.kernel is None:
            os._exit(1)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(state.kernel, number)
        time.sleep(patience_s)


if __name__ == "__main__":
    sys.exit(main())
