"""The last runs of the archive as a table for a notebook."""

from __future__ import annotations

from runbook_lib.archive.runs import list_runs
from runbook_lib.environment import project


def recent_runs(count: int = 20) -> tuple[dict[str, str], ...]:
    """The newest `count` runs, newest first: when (UTC), runbook, environment, verdict, by whom, and what came of it.

    A run that is still open, this one among them, shows as such.
    """
    newest = list(list_runs(project.outputs()))[:count]
    return tuple(
        {
            "when (UTC)": run.started_at[:16].replace("T", " "),
            "runbook": run.notebook,
            "where": run.environment,
            "mode": run.mode,
            "verdict": run.verdict or "still open",
            "operator": run.operator,
            "what came of it": run.summary or run.reason,
        }
        for run in newest
    ) or ({"runs": "none yet"},)
