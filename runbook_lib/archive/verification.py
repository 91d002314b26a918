"""Is an archived run still what was sealed? Every difference is a finding with the file's name."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from runbook_lib.archive import journal
from runbook_lib.archive.chain import FILE as CHAIN
from runbook_lib.archive.chain import MANIFEST, links_of
from runbook_lib.archive.files import sha256_of
from runbook_lib.archive.folder import existing_run, run_folders
from runbook_lib.archive.sealing import files_of
from runbook_lib.archive.summary import summary_of_events
from runbook_lib.core.findings import Finding, Verdict

KEEP = "Keep the folder as it is, and compare it with a copy or with the hash that CI printed."


def verify(folder: str | os.PathLike[str]) -> list[Finding]:
    """What an archived run's folder looks like against its manifest, its journal's links and the chain.

    No failed finding: nothing was changed since sealing, as far as this archive alone can tell.
    """
    path = Path(folder).resolve()
    if not (path / MANIFEST).exists():
        return [Finding("manifest", Verdict.INCONCLUSIVE, "none", "manifest.json",
                        "The run is open or was never sealed; `runbook archive list` seals abandoned ones.")]
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
        files = dict(manifest["files"])
        run = dict(manifest["run"])
    except (ValueError, KeyError, TypeError):
        return [Finding("manifest", Verdict.FAILED, "unreadable", "the manifest that was sealed", KEEP)]
    return [*_files(path, files), *_journal(path), *_record(path, run), *_chain(path, manifest)]


def verify_archive(outputs: Path) -> list[Finding]:
    """The whole archive: every sealed run, and every link of the chain. Only faults are listed one by one."""
    outputs = Path(outputs).resolve()
    sealed = [folder for folder in run_folders(outputs) if (folder.path / MANIFEST).exists()]
    faults = [Finding(f"{folder.run_id} {one.check}", one.verdict, one.measured, one.expected, one.next_step)
              for folder in sealed for one in verify(folder) if one.verdict is not Verdict.PASSED]
    present = {folder.run_id for folder in sealed}
    faults += [Finding(f"{link['run_id']} folder", Verdict.FAILED, "missing", str(link.get("folder", "")), KEEP)
               for link in links_of(outputs) if link["run_id"] not in present]
    if faults:
        return faults
    return [Finding("archive", Verdict.PASSED, f"{len(sealed)} sealed runs", "unchanged and in order")]


def _files(path: Path, files: dict[str, Any]) -> list[Finding]:
    present = set(files_of(path))
    faults = [Finding(f"file {name}", Verdict.FAILED, "missing", "present", KEEP)
              for name in sorted(set(files) - present)]
    faults += [Finding(f"file {name}", Verdict.FAILED, "added after sealing", "absent", KEEP)
               for name in sorted(present - set(files))]
    for name in sorted(present & set(files)):
        if (path / name).is_symlink():
            faults.append(Finding(f"file {name}", Verdict.FAILED, "a link to elsewhere", "a file", KEEP))
        elif (measured := sha256_of(path / name)) != files[name].get("sha256"):
            faults.append(Finding(f"file {name}", Verdict.FAILED, f"sha256 {measured[:16]}…",
                                  f"sha256 {str(files[name].get('sha256'))[:16]}…", KEEP))
    size = sum((path / name).stat().st_size for name in present if (path / name).is_file())
    return faults or [Finding("files", Verdict.PASSED, f"{len(files)} files, {size:,} bytes", "as sealed")]


def _journal(path: Path) -> list[Finding]:
    """Numbers without a gap, each line linked to the previous one; a torn line only where a process was killed."""
    link, number, torn = journal.FIRST_LINK, 0, 0
    raw = (path / journal.FILE).read_bytes() if (path / journal.FILE).exists() else b""
    events = journal.read(path)
    for line, event in zip(journal.raw_lines(raw), events, strict=True):
        if event["event"] == journal.UNREADABLE:
            torn += 1
        elif event["seq"] != number + 1 or event.get("link") != link:
            return [Finding("journal", Verdict.FAILED, f"line {event['seq']} does not follow line {number}",
                            "an unbroken sequence", KEEP)]
        else:
            number += 1
        link = journal.line_link(line)
    if torn:
        return [Finding("journal", Verdict.WARNING, f"{number} events, {torn} torn", "no torn line",
                        "A process was killed while writing; the events before and after are whole.")]
    good = Verdict.PASSED if number else Verdict.FAILED
    return [Finding("journal", good, f"{number} events", "an unbroken sequence", "" if number else KEEP)]


def _record(path: Path, run: dict[str, Any]) -> list[Finding]:
    said = summary_of_events(journal.read(path), path)
    same = (run.get("verdict"), run.get("exit_code")) == (said.verdict, said.exit_code)
    return [Finding("verdict", Verdict.PASSED if same else Verdict.FAILED, f"manifest says {run.get('verdict')!r}",
                    f"journal says {said.verdict!r}", "" if same else KEEP)]


def _chain(path: Path, manifest: dict[str, Any]) -> list[Finding]:
    """The run's own line in chain.jsonl, and its predecessor's hash."""
    outputs, run_id = path.parent, manifest.get("run_id")
    if not (outputs / CHAIN).exists():
        return [Finding("chain", Verdict.INCONCLUSIVE, "this folder stands alone", f"next to {CHAIN}",
                        "Verify it in its archive, or compare its manifest's sha256 with the one CI printed.")]
    links = links_of(outputs)
    own = next((number for number, link in enumerate(links) if link["run_id"] == run_id), None)
    if own is None or links[own]["manifest_sha256"] != sha256_of(path / MANIFEST):
        measured = "not listed" if own is None else "another manifest is listed"
        return [Finding("chain", Verdict.FAILED, measured, f"its manifest in {CHAIN}", KEEP)]
    before = links[own - 1] if own else None
    named = manifest.get("previous") or {}
    if named.get("manifest_sha256") != (before["manifest_sha256"] if before else None):
        return [Finding("chain", Verdict.FAILED, "another predecessor is listed", f"{named.get('run_id')}", KEEP)]
    return _predecessor(outputs, before)


def _predecessor(outputs: Path, before: dict[str, Any] | None) -> list[Finding]:
    if before is None:
        return [Finding("chain", Verdict.PASSED, "first run of this archive", "no predecessor")]
    folder = existing_run(outputs / Path(str(before.get("folder", ""))).name)
    if folder is None or not (folder.path / MANIFEST).exists():
        return [Finding("chain", Verdict.FAILED, f"predecessor {before['run_id']} is gone", "its folder", KEEP)]
    same = sha256_of(folder.path / MANIFEST) == before["manifest_sha256"]
    return [Finding("chain", Verdict.PASSED if same else Verdict.FAILED, f"follows {before['run_id']}",
                    "predecessor unchanged", "" if same else KEEP)]
