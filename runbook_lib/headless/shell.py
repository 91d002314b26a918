"""An IPython shell without sockets: what a Jupyter kernel sends to its clients goes to `kernel.session.send`.

That is the function which runbook_lib.kernel hooks, so that cells are redacted, bounded and recorded here as they are
in JupyterLab. Nothing listens behind it: the journal has what was sent. No profile, no startup file, no history.
"""

from __future__ import annotations

import base64
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Any as AnyTrait
from traitlets import Type
from traitlets.config import Config


class Session:
    """The place where a kernel's session would send its messages; hooked once a run is open."""

    def send(self, stream: Any, message: Any, content: Any = None, *rest: Any, **options: Any) -> None:
        """Drop the message: before a run is open nothing is recorded, afterwards the hook has recorded it."""


class HeadlessKernel:
    """What runbook_lib.kernel needs of a kernel. No operator can be asked anything here."""

    _allow_stdin = False
    control_thread = None

    def __init__(self) -> None:
        self.session = Session()
        self.streams: tuple[Any, ...] = ()  # sys.stdout is what a cell last made of it, None perhaps

    def send(self, kind: str, **content: Any) -> None:
        """Send one message, after whatever was printed before it."""
        for stream in self.streams:
            stream.flush()
        self.session.send(None, kind, content)

    def send_text(self, name: str, text: str) -> None:
        """Send what was printed."""
        self.session.send(None, "stream", {"name": name, "text": text})


class _Displays(DisplayPublisher):
    shell: Any

    def publish(self, data: Any, metadata: Any = None, source: Any = None, *, transient: Any = None,
                update: Any = False, **_: Any) -> None:
        self.shell.kernel.send("update_display_data" if update else "display_data", data=_as_text(data),
                               metadata=metadata or {}, transient=transient or {})

    def clear_output(self, wait: bool = False) -> None:
        self.shell.kernel.send("clear_output", wait=wait)


class _Results(DisplayHook):
    shell: Any

    def write_output_prompt(self) -> None:
        """A cell has no prompt."""

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        self.shell.kernel.send("execute_result", data=_as_text(format_dict), metadata=md_dict or {},
                               execution_count=self.prompt_count)

    def finish_displayhook(self) -> None:
        """Nothing was printed that would need an end."""


class HeadlessShell(InteractiveShell):
    """The shell of one headless run."""

    display_pub_class = Type(_Displays)
    displayhook_class = Type(_Results)
    kernel = AnyTrait()

    def enable_gui(self, gui: Any = None) -> None:
        """`%matplotlib inline` asks for one: there is no event loop here, and figures are shown at the cell's end."""

    def ask_exit(self) -> None:
        """`exit` and `quit` in a cell end it as sys.exit() does."""
        raise SystemExit(0)

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: list[str]) -> None:
        self.kernel.send("error", ename=etype.__name__, evalue=str(evalue), traceback=list(stb))


def new_shell(kernel: HeadlessKernel) -> HeadlessShell:
    """The process's one shell, made without any configuration but ours."""
    ours = Config()
    ours.HistoryManager.enabled = False  # a run's cells belong in its journal, not in a person's database
    ours.InteractiveShell.colors = "nocolor"
    shell: HeadlessShell = HeadlessShell.instance(config=ours, kernel=kernel)
    return shell


def _as_text(data: dict[str, Any]) -> dict[str, Any]:
    """Images as Jupyter's messages have them: base64."""
    return {mime: base64.b64encode(item).decode("ascii") if isinstance(item, bytes) else item
            for mime, item in data.items()}
