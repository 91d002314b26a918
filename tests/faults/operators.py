"""An operator at a terminal: starts runs as real processes, stops them in every way, and reads what they left."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbook_lib.archive import journal
from runbook_lib.archive.runs import verify
from runbook_lib.connections.local import parse_secrets
from runbook_lib.plan import Verdict
from tests.lab_server import ROOT, Lab

DIRECTORY = "/opt/gw2-wvwbuilder"
PATIENCE_S = 240


@dataclass(frozen=True)
class Ended:
    """A run that is over: its exit code, all it printed, and the folder it left (None: it was never opened)."""

    code: int
    said: str
    folder: Path | None

    @property
    def events(self) -> list[dict[str, Any]]:
        return journal.read(self.folder) if self.folder else []

    @property
    def end(self) -> dict[str, Any]:
        """The journal's own word on how the run ended."""
        ends = [event for event in self.events if event["event"] == "run_finished"]
        assert len(ends) == 1, self.said
        return ends[0]

    @property
    def states(self) -> dict[str, str]:
        return {event["key"]: event["state"] for event in self.events if event["event"] == "step_finished"}

    @property
    def undone(self) -> list[str]:
        return [event["key"] for event in self.events if event["event"] == "undo_finished"]

    def has(self, event: str) -> bool:
        return any(one["event"] == event for one in self.events)


class Running:
    """A run at work, in a session of its own as a terminal gives it."""

    def __init__(self, words: tuple[str, ...], outputs: Path) -> None:
        self._outputs, self._known = outputs, set(outputs.iterdir())
        self._log = outputs.parent / f"{outputs.name}-{time.monotonic_ns()}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(words, cwd=ROOT, env={**os.environ, "RUNBOOK_OUTPUTS": str(outputs)},
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    @property
    def folder(self) -> Path | None:
        fresh = [path for path in self._outputs.iterdir() if path not in self._known and (path / journal.FILE).exists()]
        return fresh[0] if fresh else None

    def events(self) -> list[dict[str, Any]]:
        folder = self.folder
        return journal.read(folder) if folder else []

    def until(self, event: str, key: str = "") -> None:
        """Wait for an event of the journal (of the step `key`)."""
        def there() -> bool:
            assert self.process.poll() is None, f"ended before {event} {key}:\n{self._log.read_text()}"
            return any(one["event"] == event and key in ("", one.get("key")) for one in self.events())

        wait_for(there, f"{event} {key}")

    def ctrl_c(self) -> None:
        """What a terminal does: SIGINT to everything in its foreground."""
        os.killpg(self.process.pid, signal.SIGINT)

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def kernel(self) -> int:
        """The process that holds the run's journal open."""
        folder = self.folder
        assert folder is not None
        found = holder_of(folder)
        assert found is not None
        return found

    def ended(self) -> Ended:
        code = self.process.wait(timeout=PATIENCE_S)
        return Ended(code, self._log.read_text("utf-8", "replace"), self.folder)


def holder_of(folder: Path) -> int | None:
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


def wait_for(true: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    give_up = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < give_up, f"still waiting for: {what}"
        time.sleep(0.05)


class Operator:
    """Types commands against one lab; every run that ends is looked at for what no run may do."""

    def __init__(self, lab: Lab, outputs: Path) -> None:
        self.lab, self.outputs = lab, outputs

    def start(self, notebook: str, *words: str, environment: str = "", apply: bool = False) -> Running:
        sure = ("--apply", "--confirm", self.lab.name, "--reason", "tests of faults") if apply else ()
        environment = environment or self.lab.environment
        return Running((_program("runbook"), "run", notebook, "-e", environment, *sure, *words), self.outputs)

    def run(self, notebook: str, *words: str, environment: str = "", apply: bool = False) -> Ended:
        return self.checked(self.start(notebook, *words, environment=environment, apply=apply).ended())

    def start_papermill(self, notebook: str, *words: str) -> Running:
        """papermill by itself, without our runner; `words` are its own."""
        made = self.outputs.parent / f"{self.outputs.name}-papermill.ipynb"
        return Running((_program("papermill"), str(ROOT / "notebooks" / f"{notebook}.ipynb"), str(made), "-k", "python3",
                        "--no-progress-bar", "-r", "environment", self.lab.environment, *words), self.outputs)

    def papermill(self, notebook: str, *words: str) -> Ended:
        return self.checked(self.start_papermill(notebook, *words).ended(), traceback=True)

    def checked(self, ended: Ended, *, traceback: bool = False) -> Ended:
        """What holds for every end: no traceback (papermill's own command shows one), no secret, sealed, lock free."""
        assert traceback or "Traceback" not in ended.said, ended.said
        self.leaks_nothing(ended)
        if ended.folder is not None:
            faults = [one for one in verify(ended.folder) if one.verdict is not Verdict.PASSED]
            assert not faults, f"{faults}\n{ended.said}"
            assert ended.end["exit_code"] == ended.code or traceback
        assert self.lock_is_free()
        return ended

    def leaks_nothing(self, ended: Ended) -> None:
        """No secret of the lab, plain or encoded, in what was printed or in any file of the archive."""
        written = {path: path.read_bytes() for path in self.outputs.rglob("*") if path.is_file()}
        written[Path("printed")] = ended.said.encode()
        for name, forms in self.secret_forms().items():
            found = [str(path) for path, raw in written.items() if any(form in raw for form in forms)]
            assert not found, f"{name} stands in {found}"

    def secret_forms(self) -> dict[str, list[bytes]]:
        text = (self.lab.instance.address.folder / "secrets.env").read_text()
        return {name: _forms(value.encode()) for name, value in parse_secrets(text, "secrets.env").items()}

    def lock_is_free(self) -> bool:
        """Neither a run nor a job that outlived its run holds the environment."""
        look = f'cd {DIRECTORY}/.runbook && for lock in lock jobs.lock; do [ ! -e $lock ] || flock -n $lock true || exit 0; done; echo free'
        return self.lab.on_server("sh", "-c", look).strip() == "free"

    def serving(self) -> str:
        """What users get: status, version and schema of the release that answers through nginx."""
        return self.lab.on_server("curl", "-sk", "--max-time", "10", "https://127.0.0.1/health")


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _forms(value: bytes) -> list[bytes]:
    """The value plain, in hex, and in base64 at each of the three alignments it can have inside a longer text."""
    inside = []
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + value)
        whole = (offset + len(value)) // 3 * 4
        inside.append(encoded[(0, 2, 3)[offset]:whole])
    return [value, value.hex().encode(), *inside]
