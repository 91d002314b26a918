"""The last runs of the archive as a table for a notebook."""

from __future__ import annotations

from runbook_lib.archive.runs import list_runs
from runbook_lib.environment import project


def recent_runs(count: int = 20) -> tuple[dict[str, str], ...]:
    """The newest `count` runs, newest first: start (UTC), runbook, environment, mode, verdict, operator
    and outcome.

    A run in progress, this one among them, has the verdict `open`; one that cannot be read is `unreadable`.
    """
    return tuple(
        {
            "started (UTC)": run.started_at[:16].replace("T", " "),
            "runbook": run.notebook,
            "environment": run.environment,
            "mode": run.mode,
            "verdict": run.verdict or run.state or "open",
            "operator": run.operator,
            "outcome": run.summary or run.reason,
        }
        for run in list_runs(project.outputs(), newest=count)
    ) or ({"runs": "none yet"},)
