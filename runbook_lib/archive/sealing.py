"""Sealing: the executed notebook, the reports and, last of all, the manifest with the hash of every file."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runbook_lib.archive import journal
from runbook_lib.archive.chain import MANIFEST, PENDING, Link, chain_of, links_of, put_in_place, seal_with
from runbook_lib.archive.files import sha256_of, try_lock, write_atomically
from runbook_lib.archive.folder import RunFolder, existing_run, run_id_of
from runbook_lib.archive.inventory import FILE, UNREADABLE, inventory
from runbook_lib.archive.notebook import write_notebook
from runbook_lib.archive.open_runs import FOLDER, is_noted, note_sealed, noted_runs, release_space
from runbook_lib.archive.summary import RunSummary, summary_of_events
from runbook_lib.core.errors import FAILED, Refused, RunbookError, RunFailed
from runbook_lib.core.redaction import Redactor
from runbook_lib.core.signals import as_sentence
from runbook_lib.core.text import printable

BY_THE_RUN, BY_A_LATER_START = "the run", "a later start"
JUST_CREATED_S = 60.0  # a folder this young may belong to a run that has not opened its journal yet


@dataclass(frozen=True)
class SetAside:
    """A run that was left open and could not be sealed now: its folder's name, and why."""

    folder: str
    reason: str

    def __str__(self) -> str:
        return f"{printable(self.folder)} was left open by an earlier process and is not sealed: {self.reason}"


def seal(folder: str | os.PathLike[str], *, sealed_by: str = BY_THE_RUN) -> str:
    """Close the journal, write notebook, reports and manifest, and link the run into the chain.

    Returns the manifest's SHA-256: print it in CI, and it witnesses the archive. Sealing a sealed run changes
    nothing. Raises RunFailed when the disk refuses, Refused when another process holds the journal, or when the
    run was never opened in this archive.
    """
    path = Path(folder).resolve()
    with chain_of(path.parent) as last:
        if not _is_sealed(path):
            _must_be_opened_here(path)
            release_space(path)
            closing = journal.opened(path)
            closing.write("sealed", previous=last)
            closing.close()
            events = journal.read(path)
            write_notebook(path, events, source_of(events), _redactor_of(closing, events))
            _write_reports(path)
            run_id = run_id_of(path.name) or path.name
            seal_with(path.parent, path, run_id,
                      _manifest(path, run_id, summary_of_events(events, path), last, sealed_by))
        note_sealed(path)
        return sha256_of(path / MANIFEST)


def seal_abandoned(outputs: Path, set_aside: list[SetAside] | None = None) -> list[str]:
    """Seal every run whose process is gone: opened here, not sealed, and its journal not held. Returns their run ids.

    What cannot be sealed (damaged, another user's, no space) is left as it is and added to `set_aside`: one folder
    must never keep other runs from starting.
    """
    outputs = Path(outputs).resolve()
    sealed, left = [], []
    for path in noted_runs(outputs):
        try:
            if seal_if_abandoned(path):
                sealed.append(run_id_of(path.name) or path.name)
        except RunbookError as error:
            left.append(SetAside(path.name, f"{error.what} {error.next_step}".strip()))
        except Exception as error:  # what is in a damaged folder is not of our making: anything may be raised
            left.append(SetAside(path.name, f"{type(error).__name__}: {error}"))
    if sealed:
        with contextlib.suppress(RunbookError):  # written anew when the next run is closed
            _write_index(outputs)
    if set_aside is not None:
        set_aside += left
    return sealed


def seal_if_abandoned(path: Path, *, gone: bool = False, reason: str = "") -> bool:
    """Seal one run if its process is gone; whether it was sealed now. Raises RunbookError, OSError where it cannot.

    `gone`: the caller knows that it is. Else a folder without a journal is left alone as long as it is young. `reason`:
    what the caller had stopped it for, as `stopped by …`.
    """
    folder = existing_run(path)
    if folder is None:
        raise RunFailed("Its folder is gone.", where=str(path), next_step=f"`runbook archive verify` reports it until "
                        f"{FOLDER}/{path.name} is removed.")
    if (path / MANIFEST).exists() or (path / PENDING).exists():
        seal(path)  # died between the last two moments of a sealing: nothing but those is made up for
        return True
    return _is_abandoned(path, gone) and _abort(folder, reason)


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


def _is_sealed(path: Path) -> bool:
    """Whether the manifest is in its place, or could be put there because the chain attests it."""
    if (path / MANIFEST).exists():
        return True
    if not (path / PENDING).is_file():
        return False
    return any(put_in_place(path, link) for link in links_of(path.parent) if link["folder"] == path.name)


def _must_be_opened_here(path: Path) -> None:
    """A seal never adopts a folder that no run made: it would attest what a person put there."""
    if journal.open_in_this_process(path) is None and not is_noted(path):
        raise Refused("This folder was not opened as a run of this archive; it is not sealed.", where=str(path),
                      next_step="Keep it apart from the archive, and look where it came from.")


def _manifest(path: Path, run_id: str, summary: RunSummary, last: Link | None, sealed_by: str) -> str:
    files, others = {}, {}
    for name, kind in inventory(path).items():
        if name in (MANIFEST, PENDING):
            continue
        try:
            if kind == FILE:
                files[name] = {"sha256": sha256_of(path / name), "size_bytes": (path / name).lstat().st_size}
            else:  # nothing that lies in the folder goes unmentioned, also what cannot be hashed
                others[name] = kind
        except OSError:
            others[name] = UNREADABLE
    record = {
        "format": 3,  # 3: with `others` and `sealed_by`
        "run_id": run_id,
        "run": summary.record(),
        "sealed_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "sealed_by": sealed_by,
        "previous": {"run_id": last["run_id"], "manifest_sha256": last["manifest_sha256"]} if last else None,
        "files": files,
        "others": others,
    }
    return json.dumps(record, indent=1) + "\n"  # ASCII: a name that is not valid UTF-8 must come back as it is


def _write_index(outputs: Path) -> None:
    from runbook_lib.report.index import write_index

    write_index(outputs)


def _write_reports(path: Path) -> None:
    """Reports are made before the manifest, so that it covers them. A defect in a template must not stop sealing."""
    from runbook_lib.report import write_all

    try:
        write_all(path)
    except RunbookError:
        raise
    except Exception as error:
        write_atomically(path / "evidence" / "report-not-made.txt", f"{type(error).__name__}: {error}\n")


def _is_abandoned(path: Path, gone: bool) -> bool:
    opening = not gone and time.time() - path.stat().st_mtime <= JUST_CREATED_S
    try:
        descriptor = os.open(path / journal.FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return not opening
    try:
        if os.fstat(descriptor).st_size == 0 and opening:
            return False
        return try_lock(descriptor)
    finally:
        os.close(descriptor)


def _abort(folder: RunFolder, reason: str) -> bool:
    """Write the end that the run itself could not write, then seal it."""
    try:
        closing = journal.Journal(folder)
    except Refused:  # its process came to life in between, or another start was faster
        return False
    release_space(folder.path)
    with closing:
        events = journal.read(folder)
        if not any(event["event"] == "run_finished" for event in events):
            at = next((event["at"] for event in reversed(events) if "at" in event), None)
            elapsed = next((event["elapsed_s"] for event in reversed(events) if "elapsed_s" in event), 0.0)
            killed = f"{as_sentence(reason)} It did not end in time, and was killed. {UNKNOWN}" if reason else ABANDONED
            closing.write("run_finished", verdict="failed", state="aborted", exit_code=FAILED, abandoned=True,
                          last_sign_of_life=at, seconds=elapsed, summary=killed)
        seal(folder, sealed_by=BY_A_LATER_START)
    return True


UNKNOWN = "The step in progress may or may not have finished on the server."
ABANDONED = f"The run ended without recording a result: its process was killed or its machine went down. {UNKNOWN}"
