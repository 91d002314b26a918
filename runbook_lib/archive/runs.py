"""What the other rooms use of the archive, by one name."""

from __future__ import annotations

from runbook_lib.archive.archive_verification import verify_archive
from runbook_lib.archive.folder import RunFolder, existing_run, new_run, run_folders
from runbook_lib.archive.readiness import begin_run, require_sealable
from runbook_lib.archive.sealing import SetAside, seal, seal_abandoned, seal_if_abandoned
from runbook_lib.archive.summary import RunSummary, list_runs, summary_of
from runbook_lib.archive.verification import verify

__all__ = [
    "RunFolder", "RunSummary", "SetAside", "begin_run", "existing_run", "list_runs", "new_run", "require_sealable",
    "run_folders", "seal", "seal_abandoned", "seal_if_abandoned", "summary_of", "verify", "verify_archive",
]
