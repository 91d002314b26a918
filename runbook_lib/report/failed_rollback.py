"""The newest rollback that failed on an environment, as the archive has it: what an operator reads before all else."""

from __future__ import annotations

from itertools import islice

from runbook_lib.archive.summary import RunSummary, summary_of
from runbook_lib.core import errors
from runbook_lib.core.findings import Finding, finding
from runbook_lib.core.text import head_of
from runbook_lib.report.recent_runs import MOST_READ, archived_folders

CHECK = "no rollback has failed"
# each of them brings a release back, or shows that one is live: what one has left undone, another one can end
_OF_RELEASES = ("20_deploy", "22_rollback", "32_restore_database")
_VERIFIES = "21_verify"
_WHOLE = (errors.PASSED, errors.ROLLED_BACK)  # all was done, or all was undone
_DATA = ("Where the release needs the data or the schema of its time, 32 Restore the database brings back a backup. "
         "21 Verify, once it passes, ends this warning.")


def failed_rollback(environment: str) -> tuple[Finding, ...]:
    """One finding: failed where a rollback failed (exit code 6) and nothing has ended well since, with what to open.

    Of the archive on this machine alone. Raises Inconclusive where its folder cannot be read.
    """
    run = _newest_failure(environment)
    if run is None:
        return (finding(CHECK, True, measured="none in this archive, or ended well since"),)
    release = f"Then 22 Rollback for the last good release. {_DATA}" if run.notebook in _OF_RELEASES else \
        f"Then run {run.notebook} again."
    said = head_of(run.summary or "its undo failed", 300).rstrip(".")
    return (finding(CHECK, False, measured=f"{run.notebook}, {run.started_at[:16].replace('T', ' ')} UTC: {said}",
                    expected="each run that failed was undone whole",
                    next_step=f"Manual intervention is required: call the first contact below. Open "
                    f"{run.path.name}/report.html: its top names what was undone, what was not, and what is live. "
                    f"{release}"),)


def _newest_failure(environment: str) -> RunSummary | None:
    ended_well: set[str] = set()
    read = (summary_of(folder.path) for folder in islice(reversed(archived_folders()), MOST_READ))
    for run in read:
        if run.environment != environment or run.exit_code is None:
            continue
        if run.exit_code == errors.ROLLBACK_FAILED and _kind(run.notebook) not in ended_well:
            return run
        verified = run.notebook == _VERIFIES and run.exit_code == errors.PASSED
        if verified or (run.mode == "apply" and run.exit_code in _WHOLE):
            ended_well.add(_kind(run.notebook))
    return None


def _kind(notebook: str) -> str:
    return "release" if notebook in (*_OF_RELEASES, _VERIFIES) else notebook
