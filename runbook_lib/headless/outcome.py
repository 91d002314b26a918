"""The outcome of a headless run, read from its journal: notebook metadata is never the truth of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbook_lib.archive import journal
from runbook_lib.core import errors
from runbook_lib.core.signals import as_sentence

NOT_RECORDED = "The end of this run could not be recorded: the archive's disk refused it. Its evidence is incomplete."


@dataclass(frozen=True)
class HeadlessOutcome:
    """Exit code, run id and folder of a run; the latter two are None when it ended before it was opened.

    `summary` is what the run ended with, with where and what to do next as far as they are known.
    """

    exit_code: int
    run_id: str | None
    folder: Path | None
    verdict: str = ""
    state: str = ""
    summary: str = ""
    seconds: float = 0.0

    @property
    def headline(self) -> str:
        """How the run ended, in the words of its report: "refused" is more than the verdict "failed"."""
        # imported here: only a run that is over needs it
        from runbook_lib.report.badges import run_badge

        word = run_badge(self.verdict, self.state, self.exit_code).word
        return word[:1].lower() + word[1:]

    def record(self) -> dict[str, Any]:
        """The outcome for `--json`."""
        return {
            "exit_code": self.exit_code, "run_id": self.run_id, "verdict": self.verdict, "state": self.state,
            "summary": self.summary, "seconds": round(self.seconds, 3),
            "folder": str(self.folder) if self.folder else None,
            "report": str(self.folder / "report.html") if self.folder else None,
        }


def outcome_of_journal(folder: Path, run_id: str, seconds: float,
                       reported: dict[str, Any] | None = None) -> HeadlessOutcome:
    """The end that the journal records. A journal without one belongs to a run that was killed and not sealed.

    `reported` is the end as the run itself reported it: what counts where a full disk kept it out of the journal.
    """
    ended = next((event for event in reversed(journal.read(folder)) if event["event"] == "run_finished"), None)
    if reported and (ended is None or ended.get("abandoned")):
        ended = {**reported, "exit_code": reported.get("exit_code") or errors.FAILED,
                 "summary": f"{reported.get('summary', '')}\n{NOT_RECORDED}"}
    if ended is None:
        return HeadlessOutcome(errors.FAILED, run_id, folder, "failed", "aborted",
                               "The run was killed; the next start seals it.", seconds)
    what, where, next_step = (str(ended.get(name) or "") for name in ("summary", "where", "next_step"))
    return HeadlessOutcome(int(ended.get("exit_code", errors.DEFECT)), run_id, folder, str(ended.get("verdict", "")),
                           str(ended.get("state", "")), errors.failure_text(what, where, next_step), seconds)


def outcome_without_run(ended: dict[str, Any], seconds: float) -> HeadlessOutcome:
    """A notebook that ended before `open_run` was through: the error's own exit code, or that of an internal error."""
    kind = getattr(errors, str(ended.get("ename", "")), None)
    known = isinstance(kind, type) and issubclass(kind, errors.RunbookError)
    summary = str(ended.get("evalue") or "The notebook ended without opening a run.")
    return HeadlessOutcome(kind.exit_code if known and kind else errors.DEFECT, None, None, "failed",
                           "refused" if known else "failed", summary, seconds)


def outcome_stopped_early(reason: str, seconds: float) -> HeadlessOutcome:
    """A notebook that was stopped before `open_run` was through; `reason` as `stopped by …`."""
    what = f"{as_sentence(reason)} The run was not open yet: nothing was changed, and there is no report of it."
    summary = errors.failure_text(what, "", "Run it again when the reason is gone.")
    return HeadlessOutcome(errors.FAILED, None, None, "failed", "aborted", summary, seconds)
