"""Archives of small runs, and other users who work in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runbook_lib.archive.chain import MANIFEST
from runbook_lib.archive.files import sha256_of
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import RunFolder, new_run, seal, verify, verify_archive
from runbook_lib.core.findings import Verdict

ANOTHER_USER = 65534


def make_run(outputs: Path, notebook: str = "30_backup_database", *, sealed: bool = True) -> RunFolder:
    folder = new_run(notebook, outputs)
    with Journal(folder) as writing:
        writing.write("run_started", run_id=folder.run_id, notebook=notebook, environment="lab", mode="apply", operator="m",
                      parameters={"environment": "lab"})
        writing.write("step_started", key="a", title="A")
        evidence = folder.evidence("a.txt", "said this\n")
        writing.write("step_finished", key="a", state="passed", seconds=1.0, exit_code=0, evidence=[evidence])
        writing.write("run_finished", verdict="passed", state="finished", exit_code=0, summary="Done.")
    if sealed:
        seal(folder)
    return folder


def faults(folder: RunFolder | Path) -> dict[str, Verdict]:
    """What verification of one run finds, but for what passed."""
    return {one.check: one.verdict for one in verify(folder) if one.verdict is not Verdict.PASSED}


def archive_faults(outputs: Path, witness: str = "") -> dict[str, Verdict]:
    """What verification of the archive finds, but for what passed."""
    return {one.check: one.verdict for one in verify_archive(outputs, witness=witness) if one.verdict is not Verdict.PASSED}


def remade(folder: RunFolder | Path) -> None:
    """A forger's manifest: every hash computed anew."""
    path = Path(folder) / MANIFEST
    manifest = json.loads(path.read_text())
    for name in manifest["files"]:
        manifest["files"][name]["sha256"] = sha256_of(Path(folder) / name)
    path.write_text(json.dumps(manifest))


def as_another_user(code: str, *arguments: object) -> str:
    """What a Python program prints that a user without any privilege runs; this one's, where this one is not root.

    Everything it needs is imported before: that user may not read where Python is installed.
    """
    become = f"os.setgroups([]); os.setresgid(*[{ANOTHER_USER}] * 3); os.setresuid(*[{ANOTHER_USER}] * 3)"
    program = (f"import os, sys\nfrom pathlib import Path\nimport encodings.idna, pwd\n"
               f"from runbook_lib.archive import journal, runs\nfrom runbook_lib.report import index\n"
               f"from runbook_lib.core.redaction import Redactor\nimport tempfile\n"
               f"with tempfile.TemporaryDirectory() as warm:\n    runs.seal(runs.begin_run('x', Path(warm), Redactor()))\n"
               f"    index.write_index(Path(warm))\n{become if os.geteuid() == 0 else ''}\nos.chdir('/')\n{code}\n")
    done = subprocess.run([sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@contextmanager
def public_folder() -> Iterator[Path]:
    """A folder that all users reach, as pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="archive-") as made:
        Path(made).chmod(0o755)
        yield Path(made) / "outputs"


@contextmanager
def forbidden(path: Path, mode: int) -> Iterator[None]:
    """A path that only its owner, and he only so far, may use."""
    before = path.stat().st_mode & 0o7777
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(before)
