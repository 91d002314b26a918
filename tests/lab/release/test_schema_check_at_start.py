"""Code that checks its schema when it starts: it runs on a new one, and could never start again after a rollback."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.repository import releases
from lab.resilience.releases import commit_of, deploy, deploys_as_expected, live_release
from tests.lab.conftest import SHORT_WATCH_S, Lab

CATALOGUE = {release.tag: release for release in releases()}
BROKEN = CATALOGUE["broken-schema-check"]
pytestmark = [pytest.mark.slow]


def test_a_schema_that_the_live_code_runs_on_and_cannot_start_on_is_refused(lab: Lab, outputs: Path) -> None:
    assert deploy(lab.instance, BROKEN.base, outputs, watch_s=SHORT_WATCH_S).code == 0
    case = deploys_as_expected(lab.instance, BROKEN, outputs, rate=5.0)
    assert case.passed, case.measured
    assert live_release(lab.instance).commit == commit_of(lab.instance, BROKEN.base)
