"""The process that runs papermill for one notebook. It says on its standard output, one JSON line each, how far it is.

The runner talks to the kernel by signals; this process lets them pass, so that it can tell the end.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any


def main() -> int:
    """Run the notebook that the job on standard input names: {notebook, output, parameters}. Exit code 0, 1 or 70."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    job = json.load(sys.stdin)
    say = _sayer()
    try:
        _execute(job, say)
    except BaseException as error:
        say(ended=type(error).__name__, ename=getattr(error, "ename", type(error).__name__),
            evalue=getattr(error, "evalue", str(error)))
        return 1
    say(ended="")
    return 0


def _execute(job: dict[str, Any], say: Any) -> None:
    _leave_out_slow_imports()
    import papermill
    from papermill.engines import papermill_engines

    from runbook_lib.headless.entry import RunbookEngine

    papermill_engines.register("runbook", RunbookEngine)
    papermill.execute_notebook(
        job["notebook"], job["output"], parameters=job["parameters"], engine_name="runbook", kernel_name="python3",
        language="python", progress_bar=False, request_save_on_cell_execute=False, autosave_cell_every=0,
        cwd=str(Path(job["notebook"]).parent), kernel_started=lambda pid: say(kernel=pid),
        on_cell_executed=lambda cell, cell_index, execute_reply: say(cell=cell_index),
    )


def _leave_out_slow_imports() -> None:
    """jsonschema tries optional format checkers; one compiles a grammar for two seconds, and notebooks need none."""
    for name in ("rfc3987", "rfc3987_syntax", "isoduration"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def _sayer() -> Any:
    out = sys.stdout
    sys.stdout = sys.stderr  # nothing else may write between the lines

    def say(**words: Any) -> None:
        print(json.dumps(words), file=out, flush=True)

    return say


if __name__ == "__main__":
    sys.exit(main())
