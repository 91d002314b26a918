"""The chain over runs: each manifest names its predecessor's hash, and chain.jsonl lists them all in order.

Tamper-evident, never tamper-proof: who can rewrite the whole archive can rewrite the chain. A copy of its last
line kept elsewhere (a CI log, the server) shows that, and a chain cut short.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runbook_lib.archive.files import disk_failure, exclusive_lock, sha256_of
from runbook_lib.archive.folder import run_folders

FILE = "chain.jsonl"
LOCK = ".chain.lock"
MANIFEST = "manifest.json"
Link = dict[str, Any]


@contextlib.contextmanager
def chain_of(outputs: Path) -> Iterator[list[Link]]:
    """The links of an archive, oldest first, while no other process may add one."""
    with exclusive_lock(outputs / LOCK):
        links = links_of(outputs)
        for lost in _unlisted(outputs, links):
            add_link(outputs, lost)
            links.append(lost)
        yield links


def links_of(outputs: Path) -> list[Link]:
    """The lines of chain.jsonl; lines that cannot be read are left out."""
    path = outputs / FILE
    if not path.exists():
        return []
    links = []
    for line in path.read_text("utf-8", "replace").splitlines():
        with contextlib.suppress(ValueError):
            link = json.loads(line)
            if isinstance(link, dict) and {"run_id", "manifest_sha256"} <= link.keys():
                links.append(link)
    return links


def add_link(outputs: Path, link: Link) -> None:
    """Append one line and wait until the disk has it. The caller holds the chain."""
    path = outputs / FILE
    try:
        torn = path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n")
        with path.open("ab") as file:
            file.write((b"\n" if torn else b"") + json.dumps(link, sort_keys=True).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise disk_failure(error, path) from error


def link_for(folder: Path, run_id: str) -> Link:
    """The line that chain.jsonl holds for a sealed run."""
    return {"run_id": run_id, "folder": folder.name, "manifest_sha256": sha256_of(folder / MANIFEST)}


def _unlisted(outputs: Path, links: list[Link]) -> list[Link]:
    """Sealed runs whose process died between manifest and chain: those that follow the last link."""
    listed = {link["run_id"] for link in links}
    waiting = {}
    for folder in run_folders(outputs):
        if folder.run_id not in listed and (folder.path / MANIFEST).exists():
            with contextlib.suppress(ValueError, OSError, AttributeError):
                manifest = json.loads((folder.path / MANIFEST).read_bytes())
                previous = manifest.get("previous") or {}
                waiting[previous.get("manifest_sha256")] = link_for(folder.path, folder.run_id)
    found: list[Link] = []
    last = links[-1]["manifest_sha256"] if links else None
    while last in waiting:
        found.append(waiting.pop(last))
        last = found[-1]["manifest_sha256"]
    return found
