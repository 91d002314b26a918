"""The last runs of the archive as tables for a notebook: the newest, and the last of each runbook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from runbook_lib.archive import journal
from runbook_lib.archive.files import read_file
from runbook_lib.archive.folder import RunFolder, run_folders
from runbook_lib.archive.inventory import UNREADABLE
from runbook_lib.archive.runs import RunSummary, list_runs
from runbook_lib.archive.summary import summary_of
from runbook_lib.contract.catalogue import runbooks
from runbook_lib.core.errors import PASSED, Inconclusive
from runbook_lib.core.findings import Verdict
from runbook_lib.core.past_runs import PastRun
from runbook_lib.core.times import parse_time
from runbook_lib.environment import project
from runbook_lib.report.labels import sentences, title_of

# the verdict of all of these is failed
_MORE_THAN_FAILED = ("refused", "aborted", "rolled back", "rollback failed")
JUDGED = (0, 1)  # exit codes of runs whose checks were made: passed, and failed
# Runs of one runbook whose environment is read: an archive may hold thousands, and each takes a third of a millisecond.
# A few would be those of another environment in the same archive, whose nightly jobs this one's would vanish behind
MOST_READ = 1_000


def recent_runs(count: int = 20, environment: str = "", *, without: str = "") -> tuple[dict[str, str], ...]:
    """The newest `count` runs, newest first: start (UTC), runbook, environment, mode, verdict, operator
    and outcome. With `environment`, its own alone: others may be in the same archive.

    `without` is a run that is left out, by its id: the one that asks.
    One that was refused, stopped or rolled back has that for its verdict, as its report does: what to do differs.
    A run in progress has the verdict `open`; one that cannot be read is `unreadable`.
    """
    return tuple(
        {
            "started (UTC)": run.started_at[:16].replace("T", " "),
            "runbook": run.notebook,
            "environment": run.environment,
            "mode": run.mode,
            "verdict": _ending(run),
            "operator": run.operator,
            "outcome": _outcome(run),
        }
        for run in [one for one in _newest(count + bool(without), environment) if one.run_id != without][:count]
    ) or ({"runs": "none yet"},)


def _newest(count: int, environment: str) -> list[RunSummary]:
    if not environment:
        return list_runs(project.outputs(), newest=count)
    read = (summary_of(folder.path) for folder in islice(reversed(archived_folders()), MOST_READ))
    # of one that cannot be read it is not known whose it is: nothing hides it
    return list(islice((run for run in read if run.environment in (environment, "") or run.state == UNREADABLE), count))


def last_run(notebook: str, environment: str, evidence: str = "") -> PastRun | None:
    """The newest finished run of a notebook on an environment that reached a conclusion; None where there is none.

    With `evidence`, e.g. "capacity.json", the newest that kept this file, with its text. An inconclusive run counts as
    none without it, and so does one whose `until` chose an earlier moment to judge. Raises Inconclusive where the
    archive's folder cannot be read.
    """
    folders = (one.path for one in reversed(archived_folders()) if one.path.name.endswith(f"-{notebook}"))
    own = (summary_of(path) for path in folders)
    for run in _finished(own, environment):
        if _of_the_past(run):
            continue
        if not evidence:
            if run.verdict != Verdict.INCONCLUSIVE and (at := _began(run)):
                return PastRun(run.run_id, at, run.verdict)
            continue
        try:
            text = read_file(run.path / "evidence" / evidence).decode()
        except (OSError, ValueError):  # it ended before it kept the file
            continue
        if at := _began(run):
            return PastRun(run.run_id, at, run.verdict, text)
    return None


def _of_the_past(run: RunSummary) -> bool:
    """Whether it was asked of another moment than its own, by the parameter that such notebooks have."""
    try:
        started = next((one for one in journal.read(run.path) if one["event"] == "run_started"), {})
        return bool(str((started.get("parameters") or {}).get("until") or "").strip())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # a damaged journal shows no parameter
        return False


def _ending(run: RunSummary) -> str:
    return run.state if run.state in _MORE_THAN_FAILED else run.verdict or run.state or "open"


def _outcome(run: RunSummary) -> str:
    """Its lines as sentences: a cell would run them together."""
    return sentences((run.summary or run.reason).splitlines())


def _began(run: RunSummary) -> datetime | None:
    try:
        return parse_time(run.started_at)
    except ValueError:
        return None


def runbook_index(environment: str) -> tuple[dict[str, str], ...]:
    """Every runbook of the project by number, with its last finished run on this environment and the run's verdict.

    Raises Inconclusive where the archive's folder cannot be read.
    """
    names = [folder.path for folder in reversed(archived_folders())]
    rows = []
    for runbook in runbooks():
        own = (summary_of(path) for path in names if path.name.endswith(f"-{runbook.name}"))
        last = next(_finished(own, environment), None)
        rows.append({
            "notebook": title_of(runbook.name),
            "last run (UTC)": last.started_at[:16].replace("T", " ") if last else "never here",
            "verdict": _ending(last) if last else "not run", "outcome": _outcome(last) if last else "",
        })
    return tuple(rows)


def last_done(environment: str, *, passed: bool = False) -> dict[str, datetime]:
    """When each runbook was last done on this environment, by its name: the start (UTC) of the newest run to its end.

    Done is what came to a judgement, good or bad, with `passed` a good one; a plan, a refusal and an aborted run are
    not. Raises Inconclusive where the archive's folder cannot be read.
    """
    names = [folder.path for folder in reversed(archived_folders())]
    done, judged = {}, (PASSED,) if passed else JUDGED
    for runbook in runbooks():
        own = (summary_of(path) for path in names if path.name.endswith(f"-{runbook.name}"))
        finished = _finished(own, environment)
        last = next((run for run in finished if run.mode != "plan" and run.exit_code in judged), None)
        if last is not None and (at := _began(last)):
            done[runbook.name] = at
    return done


def archived_folders() -> list[RunFolder]:
    """The runs' folders, oldest first. Raises Inconclusive where the archive's folder cannot be read."""
    try:
        return run_folders(project.outputs())
    except OSError as error:
        raise Inconclusive(f"The archive cannot be read: {error.strerror or error}.", where=str(project.outputs()),
                           next_step="Ask its owner for access, or set RUNBOOK_OUTPUTS to another folder.") from error


def _finished(runs: Iterator[RunSummary], environment: str) -> Iterator[RunSummary]:
    """Those of the newest that have ended on this environment: this run itself has not."""
    return (run for run in islice(runs, MOST_READ) if run.environment == environment and run.verdict)

