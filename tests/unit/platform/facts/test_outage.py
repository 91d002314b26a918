"""How long users get no answer: from samples, and over an application that stops and comes back."""

from __future__ import annotations

import time

import pytest

from runbook_lib.core.errors import EndpointUnavailable
from runbook_lib.core.questions import HttpReply
from runbook_lib.platform.facts.outage import Outage, OutageProbe, begin_outage, end_outage, outage_of, outage_so_far
from tests.unit.shop_environment import shop

SHOP = shop()


class Application:
    """Answers with `status`; None: not at all."""

    def __init__(self) -> None:
        self.status: int | None = 200
        self.asked: list[str] = []
        self.http = self

    def request(self, method: str, path: str, *, timeout_s: float) -> HttpReply:
        self.asked.append(path)
        if self.status is None:
            raise EndpointUnavailable("refused")
        return HttpReply(path, self.status, {}, b"", 0.01)


@pytest.mark.parametrize(("samples", "outage"), [
    ((), Outage(0, 0, 0.0)),
    (((0.0, True), (1.0, True)), Outage(2, 0, 0.0)),
    (((0.0, True), (1.0, False), (2.0, False), (3.5, True)), Outage(4, 2, 2.5)),
    (((0.0, True), (1.0, False), (2.0, True), (3.0, False), (4.0, True)), Outage(5, 2, 2.0)),
    (((0.0, True), (1.0, False), (2.0, False)), Outage(3, 2, 1.0, lasts=True)),
])
def test_each_stretch_of_failures_ends_with_the_first_good_answer_after_it(
        samples: tuple[tuple[float, bool], ...], outage: Outage) -> None:
    assert outage_of(samples) == outage


def test_no_answer_and_an_error_of_the_server_are_failures_and_a_missing_page_is_not() -> None:
    application, probe = Application(), OutageProbe(SHOP, clock=iter((0.0, 1.0, 2.0, 3.0)).__next__)
    for status in (404, None, 502, 200):
        application.status = status
        probe.ask_once(application)  # type: ignore[arg-type]
    assert probe.so_far() == Outage(4, 2, 2.0)
    assert set(application.asked) == {"/status/"}


def test_requests_go_on_until_the_end_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbook_lib.platform.facts.outage.EVERY_S", 0.001)
    application, probe = Application(), OutageProbe(SHOP)
    assert begin_outage(probe).fetch(application).requests >= 1  # type: ignore[arg-type]
    until = time.monotonic() + 60
    while outage_so_far(probe).fetch(application).requests < 3 and time.monotonic() < until:  # type: ignore[arg-type]
        time.sleep(0.001)
    # a later step of the same plan begins as well: what was seen is kept, and asked once at a time
    thread = probe._thread
    assert begin_outage(probe).fetch(application).requests >= 3  # type: ignore[arg-type]
    assert probe._thread is thread
    ended = end_outage(probe).fetch(application)  # type: ignore[arg-type]
    assert ended.requests >= 3 and ended.failed == 0
    assert probe._thread is not None
    probe._thread.join(60)
    assert not probe._thread.is_alive()


def test_a_long_migration_without_a_failure_hides_no_earlier_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The requests of a thread that is forgotten end after a while; what they met is part of the outage all the same."""
    monkeypatch.setattr("runbook_lib.platform.facts.outage.EVERY_S", 0.001)
    application, probe = Application(), OutageProbe(SHOP, quiet_s=0.05)
    application.status = 502
    begin_outage(probe).fetch(application)  # type: ignore[arg-type]
    application.status = 200
    assert probe._thread is not None
    probe._thread.join(60)
    assert begin_outage(probe).fetch(application).failed >= 1  # type: ignore[arg-type]
    end_outage(probe).fetch(application)  # type: ignore[arg-type]
    probe._thread.join(60)
    # an attempt after one that ended begins anew
    assert begin_outage(probe).fetch(application).failed == 0  # type: ignore[arg-type]
    end_outage(probe).fetch(application)  # type: ignore[arg-type]
    probe._thread.join(60)
