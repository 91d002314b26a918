"""Sealing: the executed notebook, the reports and, last of all, the manifest with the hash of every file."""

from __future__ import annotations

import contextlib
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runbook_lib.archive import journal
from runbook_lib.archive.chain import MANIFEST, Link, add_link, chain_of, link_for
from runbook_lib.archive.files import sha256_of, try_lock, write_atomically
from runbook_lib.archive.folder import RUN_ID, RunFolder, run_folders
from runbook_lib.archive.notebook import write_notebook
from runbook_lib.archive.summary import RunSummary, summary_of_events
from runbook_lib.core.errors import FAILED, Refused, RunbookError
from runbook_lib.core.redaction import Redactor

JUST_CREATED_S = 60.0  # a folder this young may belong to a run that has not opened its journal yet


def seal(folder: str | os.PathLike[str]) -> str:
    """Close the journal, write notebook, reports and manifest, and link the run into the chain.

    Returns the manifest's SHA-256: print it in CI, and it witnesses the archive. Sealing a sealed run changes
    nothing. Raises RunFailed when the disk refuses, Refused when another process holds the journal.
    """
    path = Path(folder).resolve()
    run_id = _run_id(path)
    with chain_of(path.parent) as links:
        if (path / MANIFEST).exists():
            return sha256_of(path / MANIFEST)
        last = links[-1] if links else None
        closing = journal.opened(path)
        closing.write("sealed", previous=last)
        closing.close()
        events = journal.read(path)
        write_notebook(path, events, source_of(events), _redactor_of(closing, events))
        _write_reports(path)
        write_atomically(path / MANIFEST, _manifest(path, run_id, summary_of_events(events, path), last))
        link = link_for(path, run_id)
        add_link(path.parent, link)
    return str(link["manifest_sha256"])


def seal_abandoned(outputs: Path) -> list[str]:
    """Seal every run whose process is gone: no manifest, and its journal not held. Returns their run ids."""
    outputs = Path(outputs).resolve()
    sealed = [folder.run_id for folder in run_folders(outputs) if _abandoned(folder) and _abort(folder)]
    if sealed:
        from runbook_lib.report.index import write_index

        write_index(outputs)
    return sealed


def files_of(folder: Path) -> list[str]:
    """Every file of a run relative to its folder, sorted; the manifest and files still being written left out."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    return sorted(name for name in found if name != MANIFEST and not name.endswith(".partial"))


def source_of(events: list[dict[str, Any]]) -> Path | None:
    """The notebook that the run was made from, where this checkout has it."""
    from runbook_lib.environment import project

    started = next((event for event in events if event.get("event") == "run_started"), {})
    name, file = started.get("notebook"), started.get("file")
    if file:  # a copy that was named is the source, not the notebook of the same name
        return project.root() / str(file)
    return project.root() / "notebooks" / f"{Path(str(name)).stem}.ipynb" if name else None


def _redactor_of(closing: journal.Journal, events: list[dict[str, Any]]) -> Redactor | None:
    """The run's own redactor; None where another process seals it, which does not know the run's secrets."""
    started: dict[str, Any] = next((event for event in events if event.get("event") == "run_started"), {})
    return closing.redactor if closing.redactor.secrets or not started.get("redacted") else None


def _run_id(path: Path) -> str:
    found = RUN_ID.match(path.name)
    return found.group() if found else path.name


def _manifest(path: Path, run_id: str, summary: RunSummary, last: Link | None) -> str:
    files = {name: {"sha256": sha256_of(path / name), "size_bytes": (path / name).stat().st_size}
             for name in files_of(path) if not (path / name).is_symlink()}
    record = {
        "format": 2,  # 2: journals with the words of version 0.2.0
        "run_id": run_id,
        "run": summary.record(),
        "sealed_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "previous": {"run_id": last["run_id"], "manifest_sha256": last["manifest_sha256"]} if last else None,
        "files": files,
    }
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def _write_reports(path: Path) -> None:
    """Reports are made before the manifest, so that it covers them. A defect in a template must not stop sealing."""
    from runbook_lib.report import write_all

    try:
        write_all(path)
    except RunbookError:
        raise
    except Exception as error:
        write_atomically(path / "evidence" / "report-not-made.txt", f"{type(error).__name__}: {error}\n")


def _abandoned(folder: RunFolder) -> bool:
    if (folder.path / MANIFEST).exists():
        return False
    path = folder.path / journal.FILE
    if not path.exists() or path.stat().st_size == 0:
        return time.time() - folder.path.stat().st_mtime > JUST_CREATED_S
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        return try_lock(descriptor)
    finally:
        os.close(descriptor)


def _abort(folder: RunFolder) -> bool:
    """Write the end that the run itself could not write, then seal it."""
    with contextlib.suppress(Refused):  # its process came to life in between, or another start was faster
        events = journal.read(folder)
        with journal.Journal(folder) as closing:
            if not any(event["event"] == "run_finished" for event in events):
                at = next((event["at"] for event in reversed(events) if "at" in event), None)
                elapsed = next((event["elapsed_s"] for event in reversed(events) if "elapsed_s" in event), 0.0)
                closing.write("run_finished", verdict="failed", state="aborted", exit_code=FAILED, abandoned=True,
                              last_sign_of_life=at, seconds=elapsed, summary=ABANDONED)
        seal(folder)
        return True
    return False


ABANDONED = ("The run ended without recording a result: its process was killed or its machine went down. The step "
             "in progress may or may not have finished on the server.")
