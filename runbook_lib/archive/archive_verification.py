"""Is a whole archive still what was sealed? One pass: each file is read once, and the chain once."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from runbook_lib.archive import journal
from runbook_lib.archive.chain import FILE as CHAIN
from runbook_lib.archive.chain import LOCK, MANIFEST, PENDING
from runbook_lib.archive.chain_index import ChainIndex, read_chain
from runbook_lib.archive.files import kind_of, sha256_of, try_lock
from runbook_lib.archive.folder import run_id_of
from runbook_lib.archive.open_runs import FOLDER as OPEN_RUNS
from runbook_lib.archive.open_runs import is_noted, noted_runs
from runbook_lib.archive.verification import KEEP, READER, verify_run
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.text import pluralize, printable

# what the runbooks themselves write next to the runs
OURS = frozenset({CHAIN, LOCK, OPEN_RUNS, "index.html", "months", "README.md"})
Progress = Callable[[int, int], None]


def verify_archive(outputs: Path, *, witness: str = "", progress: Progress | None = None) -> list[Finding]:
    """The whole archive: every run, every line of the chain, and whatever else lies there. Only faults are listed
    one by one; an archive in which nothing was sealed is inconclusive.

    `witness` is a manifest's SHA-256 that was kept elsewhere: the chain must still list it. `progress` is called
    with the runs done and all of them.
    """
    outputs = Path(outputs).resolve()
    try:
        chain, entries = read_chain(outputs), _entries(outputs)
    except FileNotFoundError:
        return [Finding("archive", Verdict.INCONCLUSIVE, f"there is no folder {outputs}", "an archive",
                        "Set RUNBOOK_OUTPUTS to the archive's folder.")]
    except OSError as error:
        reason = error.strerror or error
        return [Finding("archive", Verdict.INCONCLUSIVE, f"unreadable: {reason}", "an archive", READER)]
    looking = _Verification(outputs, chain)
    for number, (name, mode) in enumerate(entries, start=1):
        looking.entry(name, mode)
        if progress is not None:
            progress(number, len(entries))
    return looking.findings(witness)


def _entries(outputs: Path) -> list[tuple[str, int]]:
    """Names and modes of what lies in an archive, but for what the runbooks keep there."""
    with os.scandir(outputs) as found:
        return sorted((entry.name, entry.stat(follow_symlinks=False).st_mode) for entry in found
                      if entry.name not in OURS)


class _Verification:
    def __init__(self, outputs: Path, chain: ChainIndex) -> None:
        self._outputs, self._chain = outputs, chain
        self._faults: list[Finding] = []
        self._unlisted: list[tuple[str, list[Finding]]] = []
        self._unsealed: list[str] = []
        self._sealed = 0

    def entry(self, name: str, mode: int) -> None:
        """One entry of the archive's folder."""
        if run_id_of(name) is None:
            self._foreign(name, mode)
        elif not stat.S_ISDIR(mode):
            self._add(name, Finding("folder", Verdict.FAILED, kind_of(mode), "a run's folder", KEEP))
        else:
            self._run(name)

    def _foreign(self, name: str, mode: int) -> None:
        ordinary = stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)
        next_step = "Nothing attests it. Move it elsewhere." if ordinary else KEEP
        if stat.S_ISREG(mode) and name.endswith(".ipynb"):  # papermill NOTEBOOK outputs/NOTEBOOK, as the README shows
            next_step = ("papermill's own copy? Nothing attests it: the sealed one is notebook.ipynb in the run's "
                         "folder.")
        self._add("", Finding(printable(name), Verdict.WARNING if ordinary else Verdict.FAILED,
                              f"{kind_of(mode)} that no run made", "runs only", next_step))

    def _run(self, name: str) -> None:
        try:
            os.lstat(self._outputs / name / MANIFEST)
        except FileNotFoundError:
            self._unsealed.append(name)
            return
        except OSError as error:
            self._sealed += 1
            self._add(name, Finding("folder", Verdict.INCONCLUSIVE, f"unreadable: {error.strerror}", "as sealed",
                                    READER))
            return
        self._sealed += 1
        found = [one for one in verify_run(self._outputs / name, self._chain) if one.verdict is not Verdict.PASSED]
        if self._chain.link_of(name) is None:  # it may have been sealed since the chain was read
            self._unlisted.append((name, found))
        else:
            self._add(name, *found)

    def findings(self, witness: str) -> list[Finding]:
        """All faults; where they are warnings at most, that the runs are good, first. What was sealed in the meantime
        is checked with the chain of now."""
        later = read_chain(self._outputs) if self._unlisted or self._unsealed else self._chain
        for name, found in self._unlisted:
            again = verify_run(self._outputs / name, later) if later.link_of(name) is not None else found
            self._add(name, *(one for one in again if one.verdict is not Verdict.PASSED))
        for name in self._unsealed:
            self._add(name, *_unsealed(self._outputs / name, later))
        for link in self._chain.links:
            if not (self._outputs / Path(link["folder"]).name).is_dir():
                self._add(link["run_id"], Finding("folder", Verdict.FAILED, "missing", printable(link["folder"]), KEEP))
        for path in noted_runs(self._outputs):
            if not path.is_dir():
                self._add(path.name, Finding("folder", Verdict.FAILED, "missing, and its run was never sealed",
                                             "the folder of an open run", KEEP))
        self._faults += [*self._chain.faults, *_witnessed(witness, later)]
        if any(one.verdict is not Verdict.WARNING for one in self._faults) or (self._faults and not self._sealed):
            return self._faults
        if not self._sealed:
            return [Finding("archive", Verdict.INCONCLUSIVE, "no sealed run", "at least one",
                            f"Nothing in {self._outputs} was verified. Is it the archive's folder?")]
        good = Finding("archive", Verdict.PASSED, pluralize(self._sealed, "sealed run"), "unchanged and in order")
        return [good, *self._faults]

    def _add(self, name: str, *found: Finding) -> None:
        where = f"{printable(run_id_of(name) or name)} " if name else ""
        self._faults += [Finding(f"{where}{one.check}", one.verdict, one.measured, one.expected, one.next_step)
                         for one in found]


def _unsealed(path: Path, chain: ChainIndex) -> list[Finding]:
    """A run's folder without a manifest: in progress, waiting for the next start, or never opened here."""
    link = chain.link_of(path.name)
    if (path / MANIFEST).exists() or (link is None and _in_progress(path)):
        return []
    if link is None and is_noted(path):
        return [Finding("manifest", Verdict.WARNING, "open, and its process is gone", "sealed",
                        "The next start of a runbook seals it as aborted.")]
    if link is None:
        return [Finding("manifest", Verdict.INCONCLUSIVE, "none, and not opened here", "manifest.json",
                        "Nothing attests this folder; it is never sealed. Keep it apart, and find where it came from.")]
    try:
        waiting = sha256_of(path / PENDING) == link["manifest_sha256"]
    except OSError:
        waiting = False
    if waiting:
        return [Finding("manifest", Verdict.WARNING, "sealed, but not in its place yet", "manifest.json",
                        "A process was killed while sealing; the next start of a runbook makes up for it.")]
    return [Finding("manifest", Verdict.FAILED, "missing", f"the manifest that {CHAIN} lists", KEEP)]


def _in_progress(path: Path) -> bool:
    try:
        descriptor = os.open(path / journal.FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return is_noted(path) and not try_lock(descriptor)
    finally:
        os.close(descriptor)


def _witnessed(witness: str, chain: ChainIndex) -> list[Finding]:
    if not witness or any(link["manifest_sha256"] == witness for link in chain.links):
        return []
    return [Finding("witness", Verdict.FAILED, "not in the chain", f"sha256 {printable(witness)[:16]}…",
                    "Runs were removed, or the archive was written anew. Keep it, and compare it with a copy.")]
