"""What each release of the lab leads to, as a table: `python -m lab catalogue`."""

from __future__ import annotations

from lab.repository import Release, releases
from runbook_lib.core.errors import FAILED, PASSED, ROLLED_BACK

WORDS = {PASSED: "passed", FAILED: "failed", ROLLED_BACK: "failed and rolled back"}
STEPS = (
    "fetch", "build-backend", "build-frontend", "compatibility-check", "migrate", "start", "gate-internal", "switch",
         "gate-external",
    "watch",
)
TRIGGERS = ("Deployment health check failures", "API error rate > 10%", "Critical service unavailable")


def verdict_of(release: Release) -> str:
    """The verdict in the words of the runbooks."""
    return WORDS[release.expect.exit_code]


def show() -> None:
    """Print the catalogue."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Releases of the lab", title_justify="left", show_lines=True)
    for name in ("tag", "what is wrong with it", "ends", "stopped at", "trigger", "live then", "schema then"):
        table.add_column(name, no_wrap=name == "tag")
    for release in releases():
        told = release.expect
        ends = f"{verdict_of(release)} ({told.exit_code})"
        table.add_row(release.tag, release.why or release.title, ends, " or ".join(told.stopped_at),
                      " or ".join(told.triggers), told.live, told.schema_revision)
    Console().print(table)
