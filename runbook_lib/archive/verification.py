"""Is an archived run still what was sealed? Every difference is a finding with the file's name."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from runbook_lib.archive import journal
from runbook_lib.archive.chain import FILE as CHAIN
from runbook_lib.archive.chain import MANIFEST
from runbook_lib.archive.chain_index import ChainIndex, read_chain
from runbook_lib.archive.files import read_file, sha256_of
from runbook_lib.archive.inventory import EMPTY, FILE, UNREADABLE, inventory
from runbook_lib.archive.summary import summary_of_events
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.text import pluralize, printable

KEEP = "Keep the folder as it is, and compare it with a copy or with the hash that CI printed."
READER = "Run this as a user who may read all of it."


def verify(folder: str | os.PathLike[str]) -> list[Finding]:
    """What an archived run's folder looks like against its manifest, its journal's links and the chain.

    No failed finding: nothing was changed since sealing, as far as this archive alone can tell.
    """
    path = Path(folder).resolve()
    if not (path / MANIFEST).exists():
        return [Finding("manifest", Verdict.INCONCLUSIVE, "none", "manifest.json",
                        "The run is open or was never sealed; the next start of a runbook seals abandoned ones.")]
    try:
        chain = read_chain(path.parent)
    except OSError as error:
        unread = Finding("chain", Verdict.INCONCLUSIVE, f"unreadable: {error.strerror}", CHAIN, READER)
        return [*verify_run(path, None), unread]
    return [*verify_run(path, chain), *_predecessor(path, chain)]


def verify_run(path: Path, chain: ChainIndex | None) -> list[Finding]:
    """A sealed run's folder against its manifest and a chain that was read before; nothing is read twice."""
    try:
        raw = read_file(path / MANIFEST)
    except OSError as error:
        return [_unreadable("manifest", error)]
    try:
        manifest = read_json(raw, strict=False)
        files, run = dict(manifest["files"]), dict(manifest["run"])
        others = dict(manifest.get("others") or {})
        sealed = {name: str(entry["sha256"]) for name, entry in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return [Finding("manifest", Verdict.FAILED, "unreadable", "the manifest that was sealed", KEEP)]
    try:
        written = read_file(path / journal.FILE)
    except OSError:  # missing, or not a file: found with the files
        written = b""
    events = journal.events_of(written)
    try:
        found = [*_files(path, sealed, others, int(manifest.get("format", 0)), written),
                 *_journal(written, events), *_record(path, run, events)]
    except (OSError, TypeError, ValueError, AttributeError) as error:
        found = [_unreadable("files", error)]
    return [*found, *(_chain(path, manifest, sha256(raw).hexdigest(), chain) if chain is not None else [])]


def _files(path: Path, sealed: dict[str, str], others: dict[str, str], form: int, written: bytes) -> list[Finding]:
    present = {name: kind for name, kind in inventory(path).items() if name != MANIFEST}
    if form < 3:  # manifests did not list empty folders yet
        present = {name: kind for name, kind in present.items() if kind != EMPTY}
    attested = {**dict.fromkeys(sealed, FILE), **others}
    faults = [_fault(name, "missing", "present") for name in sorted(set(attested) - set(present))]
    for name, kind in present.items():
        if name not in attested:
            faults.append(_fault(name, f"{kind} that was added after sealing", "absent"))
        elif kind == UNREADABLE or attested[name] == UNREADABLE:
            faults.append(_unreadable(f"file {printable(name)}", PermissionError(13, "no access")))
        elif kind != attested[name]:
            faults.append(_fault(name, kind, attested[name]))
        elif kind == FILE:
            faults += _content(path, name, sealed[name], written)
    return faults or [Finding("files", Verdict.PASSED, pluralize(len(sealed), "file"), "as sealed")]


def _content(path: Path, name: str, expected: str, written: bytes) -> list[Finding]:
    try:
        measured = sha256(written).hexdigest() if name == journal.FILE else sha256_of(path / name)
    except OSError as error:
        return [_unreadable(f"file {printable(name)}", error)]
    same = measured == expected
    return [] if same else [_fault(name, f"sha256 {measured[:16]}…", f"sha256 {printable(expected)[:16]}…")]


def _fault(name: str, measured: str, expected: str) -> Finding:
    return Finding(f"file {printable(name)}", Verdict.FAILED, measured, expected, KEEP)


def _unreadable(check: str, error: Exception) -> Finding:
    """Something that could not be read: nothing is known about it, so it is neither good nor bad."""
    reason = error.strerror if isinstance(error, OSError) else str(error)
    access = isinstance(error, PermissionError)
    return Finding(check, Verdict.INCONCLUSIVE if access else Verdict.FAILED, f"unreadable: {reason}", "as sealed",
                   READER if access else KEEP)


def _journal(raw: bytes, events: list[dict[str, Any]]) -> list[Finding]:
    """Numbers without a gap, each line linked to the previous one; a torn line only where a process was killed."""
    link, number, torn = journal.FIRST_LINK, 0, 0
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
        return [Finding("journal", Verdict.WARNING, f"{pluralize(number, 'event')}, {torn} torn", "no torn line",
                        "A process was killed while writing; the events before and after are whole.")]
    good = Verdict.PASSED if number else Verdict.FAILED
    return [Finding("journal", good, pluralize(number, "event"), "an unbroken sequence", "" if number else KEEP)]


def _record(path: Path, run: dict[str, Any], events: list[dict[str, Any]]) -> list[Finding]:
    said = summary_of_events(events, path)
    same = (run.get("verdict"), run.get("exit_code")) == (said.verdict, said.exit_code)
    return [Finding("verdict", Verdict.PASSED if same else Verdict.FAILED, f"manifest: {run.get('verdict')!r}",
                    f"journal: {said.verdict!r}", "" if same else KEEP)]


def _chain(path: Path, manifest: dict[str, Any], digest: str, chain: ChainIndex) -> list[Finding]:
    """The run's own line in chain.jsonl, and that its manifest names the line before it."""
    if chain.absent:
        return [Finding("chain", Verdict.INCONCLUSIVE, "this folder stands alone", f"next to {CHAIN}",
                        "Verify it in its archive, or compare its manifest's sha256 with the one CI printed.")]
    own = chain.link_of(path.name)
    if own is None:
        listed = chain.folder_with(digest)
        measured = f"a copy of {printable(listed)}" if listed else "not listed"
        return [Finding("chain", Verdict.FAILED, measured, f"its manifest in {CHAIN}", KEEP)]
    if own["manifest_sha256"] != digest or own["run_id"] != manifest.get("run_id"):
        return [Finding("chain", Verdict.FAILED, "another manifest is listed", f"its manifest in {CHAIN}", KEEP)]
    before = chain.predecessor_of(path.name)
    named = manifest.get("previous")
    named = named if isinstance(named, dict) else {}
    if named.get("manifest_sha256") != (before["manifest_sha256"] if before else None):
        return [Finding("chain", Verdict.FAILED, "another predecessor is listed",
                        printable(named.get("run_id") or "no predecessor"), KEEP)]
    return [Finding("chain", Verdict.PASSED, f"follows {before['run_id']}" if before else "first run of this archive",
                    "its place in the chain")]


def _predecessor(path: Path, chain: ChainIndex) -> list[Finding]:
    """One run alone: that the run before it is there, with the manifest that the chain lists."""
    before = chain.predecessor_of(path.name)
    if before is None:
        return []
    folder = path.parent / Path(str(before["folder"])).name
    try:
        same = sha256_of(folder / MANIFEST) == before["manifest_sha256"]
    except OSError as error:
        if isinstance(error, PermissionError):
            return [_unreadable(f"predecessor {printable(before['run_id'])}", error)]
        return [Finding("chain", Verdict.FAILED, f"predecessor {printable(before['run_id'])} is gone", "its folder",
                        KEEP)]
    return [] if same else [Finding("chain", Verdict.FAILED, f"follows {printable(before['run_id'])}",
                                    "predecessor unchanged", KEEP)]
