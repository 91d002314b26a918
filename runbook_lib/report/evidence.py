"""The files of a run, each with size and hash."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from runbook_lib.archive import journal
from runbook_lib.archive.files import sha256_of
from runbook_lib.archive.notebook import FILE as NOTEBOOK
from runbook_lib.core.text import printable, readable_size


def evidence_files(folder: Path) -> list[str]:
    """Paths relative to the run's folder: journal, notebook, evidence, charts. The reports are not evidence."""
    single = [folder / name for name in (journal.FILE, NOTEBOOK) if (folder / name).is_file()]
    # a .partial is what a full disk or a kill left of a file; the text of it proves nothing
    found = [path for part in ("evidence", "charts") for path in sorted((folder / part).glob("*")) if path.is_file()]
    return [path.relative_to(folder).as_posix() for path in single + found if not path.name.endswith(".partial")]


def file_row(folder: Path, name: str) -> dict[str, str]:
    """One file as the template shows it; the link is relative, so that the folder can be moved."""
    path = folder / name
    return {"name": printable(name), "href": quote(name), "size": readable_size(path.stat().st_size),
            "sha256": sha256_of(path)}
