"""The run inside a Jupyter kernel: everything that leaves the kernel is redacted, bounded and recorded.

All of a kernel's messages pass one function, `session.send`. That is where secrets are taken out, so that
prints, display data, tracebacks, replies and the output of child processes are covered alike. Outside IPython
nothing is hooked, and a run works as plain Python.
"""

from __future__ import annotations

import atexit
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from runbook_lib.archive.runs import RunFolder
from runbook_lib.core.errors import RunbookError
from runbook_lib.core.signals import as_sentence
from runbook_lib.core.text import wrapped
from runbook_lib.kernel.assignment import assigned, stop_asked
from runbook_lib.kernel.channel import Channel
from runbook_lib.kernel.consequences import Consequences
from runbook_lib.kernel.forks import end_child, in_every_child, print_through_pipe, refuse_in_child
from runbook_lib.kernel.formatters import install_formatters, show_type_as_table
from runbook_lib.kernel.outputs import CellOutputs
from runbook_lib.kernel.raw_output import capture_raw_output
from runbook_lib.kernel.stopping import note_signal, stop_reason

ENDED_EARLY = "NotebookEnded"  # papermill takes an error named SystemExit with value 0 for success
CONTROL_TIMEOUT_S = 5.0
WIDTH = 100  # characters of a line of an error: JupyterLab breaks longer ones in the middle of words
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")

_installed: Hooks | None = None

CellDone = Callable[[int, str, list[dict[str, Any]], BaseException | None], None]


def shell() -> Any:
    """The running IPython shell when it is a kernel's, else None."""
    loaded = sys.modules.get("IPython")
    current = loaded.get_ipython() if loaded else None
    return current if current is not None and hasattr(current, "kernel") else None


def is_headless() -> bool:
    """True where no operator can correct a cell and go on: papermill and nbclient allow no input, JupyterLab does."""
    current = shell()
    return current is None or not current.kernel._allow_stdin


def is_unattended() -> bool:
    """True in a kernel where no operator can correct a cell; False in JupyterLab, and outside of any kernel."""
    return shell() is not None and is_headless()


def earlier_cells() -> list[str]:
    """The sources of the cells that ran before the one in progress, as IPython remembers them."""
    current = shell()
    return [str(source) for source in current.user_ns.get("In", [])[1:-1]] if current is not None else []


def names_of_startup() -> dict[str, Any]:
    """Names and values that IPython's own start, with an operator's startup files, had set before any cell."""
    current = shell()
    return dict(current.user_ns_hidden) if current is not None else {}


def is_busy() -> bool:
    """True while a cell of an open run is running."""
    return _installed is not None and _installed.busy


def was_stopped() -> bool:
    """Whether the run was asked to stop, also where a cell has caught the interrupt. In JupyterLab an interrupt is
    meant for the cell."""
    return stop_asked() or (is_unattended() and _installed is not None and _installed.interrupted)


def note_stop(number: int) -> None:
    """Record that the signal of that number asked this process to end while a cell was running."""
    note_signal(number)
    if _installed is not None:
        _installed.interrupted = True


def naming_report(error: RunbookError, folder: RunFolder) -> RunbookError:
    """The same error; a CI's log ends with it under plain papermill, and names no report."""
    error.report = "".join(_report_for_log(folder))
    return error


def _report_for_log(folder: RunFolder) -> list[str]:
    return [f"Report: {folder.path / 'report.html'}"] if assigned() is None and is_unattended() else []


def refuse_forked() -> None:
    """Raises Refused in a child process that a cell of a run has forked."""
    if _installed is not None:
        refuse_in_child(_installed.process, "open a run")


def show_as_table(value: Any) -> None:
    """From now on, values of this value's type are shown as tables, when it is a dataclass."""
    current = shell()
    if current is not None:
        show_type_as_table(current.display_formatter, type(value))


def install(folder: RunFolder, on_cell: CellDone) -> Hooks | None:
    """Hook the running kernel; None outside a kernel. `on_cell(number, source, outputs, error)` follows each cell."""
    global _installed
    current = shell()
    if current is not None and _installed is None:
        atexit.register(_let_control_end, current.kernel.control_thread)
        in_every_child(_leave_to_parent)
    _installed = Hooks(current, folder, on_cell) if current is not None else None
    return _installed


def _leave_to_parent() -> None:
    if _installed is not None:
        _installed.channel.leave_to_parent()
        print_through_pipe()


def _let_control_end(thread: Any) -> None:
    """Let the thread that was asked to shut the kernel down send its last reply before the sockets are closed.

    ipykernel (7.4, IPKernelApp.close) closes them first: the reply can wait for ever, and the client 30 s for it.
    """
    if thread is not None:
        thread.stop()
        thread.join(CONTROL_TIMEOUT_S)


class Hooks:
    """The hooks of one run in one kernel. `remove` takes them out again."""

    def __init__(self, current: Any, folder: RunFolder, on_cell: CellDone) -> None:
        self._shell, self._folder, self._on_cell = current, folder, on_cell
        self._streams = {"stdout": sys.stdout, "stderr": sys.stderr}
        self._flush()
        capture_raw_output(sys.stdout, sys.stderr)
        self._earlier = list(current.user_ns.get("In", []))[1:]
        self.busy = True  # the cell that opens the run
        self.process = os.getpid()
        self.interrupted = False
        note_signal(signal.SIGINT)  # what stopped an earlier run of this process is not this one's
        self._note_interrupts()
        self._cell = len(self._earlier)
        self._source = self._earlier.pop() if self._earlier else ""
        self.cell_id = ""  # by which JupyterLab knows a cell, however often it is edited and run; empty elsewhere
        self.channel = Channel(current.kernel.session, folder.redactor)
        self._consequences = Consequences(current.user_ns)
        self._leave_out_debugger()
        self._plain_traceback = current._showtraceback
        current._showtraceback = self._show_error
        current.events.register("pre_run_cell", self._before)
        current.events.register("post_run_cell", self._after)
        install_formatters(current.display_formatter)

    def record_earlier_cells(self) -> None:
        """Record the cells that ran before the run was opened: the parameters, among them."""
        for number, source in enumerate(self._earlier, start=1):
            self._on_cell(number, source, [], None)

    def remove(self) -> None:
        """Unhook the kernel. Redaction stays in force as long as the kernel lives: names may still hold secrets."""
        self._flush()
        self._shell._showtraceback = self._plain_traceback
        if signal.getsignal(signal.SIGINT) == self._interrupt:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        for event, hook in (("pre_run_cell", self._before), ("post_run_cell", self._after)):
            if hook in self._shell.events.callbacks[event]:
                self._shell.events.unregister(event, hook)

    def _leave_out_debugger(self) -> None:
        if is_headless():  # a debugger, of the operator's own settings or by %pdb, would wait for input
            self._shell.call_pdb = False

    def _note_interrupts(self) -> None:
        """See an interrupt that a cell catches. ipykernel sets Python's own handler anew before every cell, and puts
        back after it what was there before; our runner's worker has a handler of its own, which is let be."""
        main = threading.current_thread() is threading.main_thread()  # it alone has signals
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, number: int, frame: Any) -> None:
        note_stop(number)
        raise KeyboardInterrupt

    def _before(self, info: Any) -> None:
        self._leave_out_debugger()
        self._note_interrupts()
        self._cell, self._source, self.busy = self._cell + 1, info.raw_cell or "", True
        self.cell_id = str(getattr(info, "cell_id", None) or "")
        self.channel.outputs = CellOutputs(self._folder.redactor, self.channel.outputs)

    def _after(self, result: Any) -> None:
        error = result.error_before_exec or result.error_in_exec
        if os.getpid() != self.process:  # the cell has forked, and the rest of the notebook is its parent's
            end_child(error)
        self.busy = False
        if error is not None:
            error = self._consequences.of(self.cell_id, error) or error
        self._consequences.note(self.cell_id, error)
        self.finish_cell(error)

    def finish_cell(self, error: BaseException | None = None) -> None:
        """Show what was held back, and record the cell."""
        self._flush()
        outputs = self.channel.outputs
        for name, text in self.channel.finish(self._folder.evidence, self._cell):
            self.channel.release(self._streams[name], name, text)
        self._on_cell(self._cell, self._source, outputs.recorded, error)

    def _flush(self) -> None:
        for stream in self._streams.values():
            stream.flush()

    def _show_error(self, kind: type[BaseException], error: BaseException, lines: list[str]) -> None:
        if os.getpid() != self.process:
            return  # shown when the child ends, through the pipe that its parent reads
        if isinstance(error, RunbookError):
            shown = lines
        elif (pressed := isinstance(error, KeyboardInterrupt)) or was_stopped():
            how = [] if pressed else [f"The cell ended with {type(error).__name__}: {error}"]
            shown = [as_sentence(stop_reason()), *how]
        elif isinstance(error, SystemExit):
            kind = type(ENDED_EARLY, (Exception,), {})
            shown = ["The cell exited the kernel. Finish runs with run.close(); this one counts as failed."]
        elif follows := self._consequences.of(self.cell_id, error):
            kind, shown = type(follows), follows._render_traceback_()
        else:
            shown = self._internal_error(kind, error, lines)
        # redacted first: a secret that is broken in two would not be recognized
        lines = wrapped(self._folder.redactor.text("\n".join(shown)), WIDTH)
        self._plain_traceback(kind, error, [*lines, *_report_for_log(self._folder)])

    def _internal_error(self, kind: type[BaseException], error: BaseException, lines: list[str]) -> list[str]:
        path = self._folder.evidence("internal-error.txt", _COLOURS.sub("", "\n".join(lines)) + "\n")
        return [
            f"Internal error (a bug in the runbooks), not a fault of the server: {kind.__name__}: {error}",
            f"Where: the traceback is in {path} of {self._folder.path.name}",
            "Next: nothing more was done. Report it together with that folder.",
        ]
