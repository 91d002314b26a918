"""The test releases of the lab and their expected outcome, as a table: `python -m lab catalogue`."""

from __future__ import annotations

from lab.repository import Release, releases
from runbook_lib.core.errors import FAILED, PASSED, REFUSED, ROLLED_BACK

VERDICTS = {PASSED: "passed", FAILED: "failed", REFUSED: "refused", ROLLED_BACK: "failed and rolled back"}
STEPS = (
    "fetch", "build-backend", "build-frontend", "compatibility-check", "migrate", "start", "gate-internal", "switch",
    "gate-external", "watch",
)
TRIGGERS = ("Deployment health check failures", "API error rate > 10%", "Critical service unavailable")


def verdict_of(release: Release) -> str:
    """The expected verdict, in the runbooks' terms."""
    return VERDICTS[release.expect.exit_code]


def show() -> None:
    """Print the catalogue."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Test releases of the lab", title_justify="left", show_lines=True)
    for name in ("tag", "defect", "verdict (exit code)", "stopped at", "trigger", "live after", "schema after"):
        table.add_column(name, no_wrap=name == "tag")
    for release in releases():
        expected = release.expect
        table.add_row(release.tag, release.why or release.title, f"{verdict_of(release)} ({expected.exit_code})",
                      " or ".join(expected.stopped_at), " or ".join(expected.triggers), expected.live,
                      expected.schema_revision)
    Console().print(table)
