"""Users notice nothing: a deploy and its rollback under load, without one failed request. The long form is a proof."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.resilience.traffic import NEW, OLD, change_under_load
from lab.traffic import background_load
from tests.budget import WAITED
from tests.lab.conftest import Lab
from tests.lab_server import SERVERS
from tests.machine import MACHINE

RATE = 110.0


@pytest.fixture
def alone(request: pytest.FixtureRequest, lab: Lab, old_is_live: None) -> None:
    """From here on no other server is up or goes down, and tests that have none give way."""
    SERVERS.finish()
    request.node.user_properties.append((WAITED, MACHINE.take()))


@pytest.mark.alone
def test_no_request_fails_while_a_release_comes_and_goes(
    lab: Lab, outputs: Path, alone: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNBOOK_OUTPUTS", str(outputs))
    with background_load(lab.instance, RATE) as load:
        deployed = change_under_load(load, "deploy", lab.instance, "20_deploy", {"ref": NEW, "watch_s": "2"})
        back = change_under_load(load, "rollback", lab.instance, "22_rollback", {"to": OLD})
    assert deployed.passed, deployed.measured
    assert back.passed, back.measured
    assert load.result.failed == 0, str(load.result)
    assert load.result.sent > 100 * load.result.seconds, str(load.result)
    assert load.result.writes_lost == 0, str(load.result)
