"""An operator at a terminal: starts runs as real processes, stops them in every way, and reads what they left."""

from __future__ import annotations

import base64
from pathlib import Path

from lab.resilience.runner import ActiveRun, FinishedRun, journal_writer, program, wait_for
from runbook_lib.archive.runs import verify
from runbook_lib.connections.local import parse_secrets
from runbook_lib.core.findings import Verdict
from tests.lab_server import ROOT, Lab

__all__ = ["DIRECTORY", "assert_error", "FinishedRun", "Operator", "ActiveRun", "journal_writer", "wait_for"]

DIRECTORY = "/opt/gw2-wvwbuilder"


class Operator:
    """Types commands against one lab; every run that ends is searched for what no run may do."""

    def __init__(self, lab: Lab, outputs: Path) -> None:
        self.lab, self.outputs = lab, outputs

    def start(self, notebook: str, *words: str, environment: str = "", apply: bool = False) -> ActiveRun:
        sure = ("--apply", "--confirm", self.lab.name, "--reason", "tests of faults") if apply else ()
        environment = environment or self.lab.environment
        return ActiveRun((program("runbook"), "run", notebook, "-e", environment, *sure, *words), self.outputs)

    def run(self, notebook: str, *words: str, environment: str = "", apply: bool = False) -> FinishedRun:
        return self.checked(self.start(notebook, *words, environment=environment, apply=apply).wait())

    def start_papermill(self, notebook: str, *words: str) -> ActiveRun:
        """papermill alone, without our runner; `words` are its own."""
        made = self.outputs.parent / f"{self.outputs.name}-papermill.ipynb"
        return ActiveRun((program("papermill"), str(ROOT / "notebooks" / f"{notebook}.ipynb"), str(made), "-k", "python3",
                        "--no-progress-bar", "-r", "environment", self.lab.environment, *words), self.outputs)

    def papermill(self, notebook: str, *words: str) -> FinishedRun:
        return self.checked(self.start_papermill(notebook, *words).wait(), traceback=True)

    def checked(self, ended: FinishedRun, *, traceback: bool = False) -> FinishedRun:
        """What holds for every end: no traceback (papermill's own command shows one), no secret, sealed, lock free."""
        assert traceback or "Traceback" not in ended.output, ended.output
        self.leaks_nothing(ended)
        if ended.folder is not None:
            faults = [one for one in verify(ended.folder) if one.verdict is not Verdict.PASSED]
            assert not faults, f"{faults}\n{ended.output}"
            assert ended.end["exit_code"] == ended.code or traceback
        assert self.lock_is_free()
        return ended

    def leaks_nothing(self, ended: FinishedRun) -> None:
        """No secret of the lab, plain or encoded, in what was printed or in any file of the archive."""
        written = {path: path.read_bytes() for path in self.outputs.rglob("*") if path.is_file()}
        written[Path("printed")] = ended.output.encode()
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


def assert_error(ended: FinishedRun, code: int, error: str, *words: str) -> None:
    """Exit code, what, where and next; the journal says the same, and nothing was begun."""
    assert ended.code == code, ended.output
    assert all(word in ended.output for word in ("Where: ", "Next: ", *words)), ended.output
    assert [one["type"] for one in ended.events if one["event"] == "error"] == [error]
    assert not ended.has("lock_taken")
    assert not ended.has("step_started")


def _forms(value: bytes) -> list[bytes]:
    """The value plain, in hex, and in base64 at each of the three alignments it can have inside a longer text."""
    inside = []
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + value)
        whole = (offset + len(value)) // 3 * 4
        inside.append(encoded[(0, 2, 3)[offset]:whole])
    return [value, value.hex().encode(), *inside]
