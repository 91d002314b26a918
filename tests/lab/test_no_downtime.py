"""Users notice nothing: a deploy and its rollback under load, without one failed request. The long form is a proof."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.resilience.traffic import NEW, OLD, under_load
from lab.traffic import load_beside
from tests.lab.conftest import Lab

RATE = 110.0


@pytest.mark.alone
def test_no_request_fails_while_a_release_comes_and_goes(
    lab: Lab, outputs: Path, old_is_live: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNBOOK_OUTPUTS", str(outputs))
    with load_beside(lab.instance, RATE) as load:
        deployed = under_load(load, "deploy", lab.instance, "20_deploy", {"ref": NEW, "watch_s": "2"})
        back = under_load(load, "rollback", lab.instance, "22_rollback", {"to": OLD})
    assert deployed.held, deployed.measured
    assert back.held, back.measured
    assert load.account.failed == 0, str(load.account)
    assert load.account.sent > 100 * load.account.seconds, str(load.account)
    assert load.account.writes_lost == 0, str(load.account)
