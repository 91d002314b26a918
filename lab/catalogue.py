"""The test releases of the lab and their expected outcome, one a paragraph: `python -m lab catalogue`."""

from __future__ import annotations

from lab.applications.registry import FIRST, Application
from lab.applications.sources import releases_of
from lab.repository import Release
from runbook_lib.core.errors import FAILED, PASSED, REFUSED, ROLLBACK_FAILED, ROLLED_BACK

VERDICTS = {PASSED: "passed", FAILED: "failed", REFUSED: "refused", ROLLED_BACK: "failed and rolled back",
            ROLLBACK_FAILED: "failed, and the rollback too"}
STEPS = (
    "fetch", "build-backend", "build-frontend", "compatibility-check", "migrate", "start", "gate-internal", "switch",
    "gate-external", "watch",
)
TRIGGERS = ("Deployment health check failures", "API error rate > 10%", "Critical service unavailable")


def verdict_of(release: Release) -> str:
    """The expected verdict, in the runbooks' terms."""
    return VERDICTS[release.expect.exit_code]


def show(application: Application = FIRST) -> None:
    """Print the catalogue of an application. Raises LabError where its files cannot be read."""
    print("\n\n".join(map(described, releases_of(application))))


def described(release: Release) -> str:
    """A release as a paragraph: seven columns would leave a word a line on a usual terminal."""
    expected = release.expect
    ends = f"{verdict_of(release)} (exit code {expected.exit_code})"
    lines = [("ends", f"{ends} at {' or '.join(expected.stopped_at)}" if expected.stopped_at else ends),
             ("trigger", " or ".join(expected.triggers)),
             ("live after", f"{expected.live}, schema {expected.schema_revision}")]
    body = [("", release.why or release.title), *(line for line in lines if line[1])]
    return "\n".join([release.tag, *(f"  {f'{name}: ' if name else ''}{text}" for name, text in body)])
