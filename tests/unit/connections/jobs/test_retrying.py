"""Going on after a dropped link, and giving up in time."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.connections import jobs
from runbook_lib.connections.jobs import retrying
from runbook_lib.core.errors import HostUnreachable, LinkDropped
from runbook_lib.core.plan import StepState
from runbook_lib.environment.limits import Limits
from tests.unit.connections.local_server import drop, sh


def test_a_link_that_stays_away_leaves_the_outcome_unknown(server: Any) -> None:
    server.limits = Limits(reconnect_s=0.6)
    job = jobs.start(server, sh("true"), "run/step")
    server.before += [drop] * 9
    outcome = jobs.wait(job)
    assert (outcome.state, outcome.exit_code) == (StepState.UNKNOWN, None)


def test_what_has_not_begun_is_tried_again_until_the_server_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "FIRST_PAUSE_S", 0.01)
    away, reported = [HostUnreachable("The server refuses connections."), HostUnreachable("It still does.")], []

    def begin() -> str:
        if away:
            raise away.pop(0)
        return "begun"

    assert jobs.retry_while_unreachable(begin, reported.append, 60) == "begun"
    assert reported == ["The server refuses connections. Trying again in 0.01 s.\n", "It still does. Trying again in 0.02 s.\n"]


@pytest.mark.parametrize("error", [HostUnreachable, LinkDropped])
def test_a_server_that_stays_away_and_a_link_that_drops_on_the_way_are_said_to_be_so(
    monkeypatch: pytest.MonkeyPatch, error: type[HostUnreachable | LinkDropped]
) -> None:
    monkeypatch.setattr(retrying, "FIRST_PAUSE_S", 0.01)
    tried: list[int] = []

    def begin() -> None:
        tried.append(1)
        raise error("away")

    with pytest.raises(error):
        jobs.retry_while_unreachable(begin, lambda text: None, 0.05)
    assert (len(tried) > 1) is (error is HostUnreachable)
