"""What the other rooms use of the archive, by one name."""

from __future__ import annotations

from runbook_lib.archive.folder import RunFolder, existing_run, new_run, run_folders
from runbook_lib.archive.sealing import seal, seal_abandoned
from runbook_lib.archive.summary import RunSummary, list_runs, summary_of
from runbook_lib.archive.verification import verify, verify_archive

__all__ = [
    "RunFolder", "RunSummary", "existing_run", "list_runs", "new_run", "run_folders", "seal", "seal_abandoned",
    "summary_of", "verify", "verify_archive",
]
