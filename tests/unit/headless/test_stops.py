"""Stops in three steps, with as much time between them as the undo may take."""

from __future__ import annotations

import signal

import pytest

from runbook_lib.headless.progress import Progress
from runbook_lib.headless.signals import LAST_GRACE_S
from runbook_lib.headless.stops import Stops


class Child:
    def __init__(self) -> None:
        self.signals: list[int] = []
        self.grace_s = 0.0

    def signal(self, number: int) -> None:
        self.signals.append(number)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("runbook_lib.headless.stops.time.monotonic", lambda: now[0])
    return now


def sent_at(child: Child, stops: Stops, clock: list[float], until: int, *, received: int = 0) -> dict[int, int]:
    """Second by second: which signal was sent when."""
    sent: dict[int, int] = {}
    for second in range(until):
        clock[0] = float(second)
        stops.tick(received)
        for number in child.signals[len(sent):]:
            sent[number] = second
    return sent


def test_a_deadline_stops_in_three_steps_with_time_between(clock: list[float]) -> None:
    child = Child()
    stops = Stops(child, Progress(), deadline=10, grace_s=5)
    assert sent_at(child, stops, clock, 90) == {
        signal.SIGINT: 10, signal.SIGTERM: 15, signal.SIGKILL: 15 + LAST_GRACE_S}


def test_being_asked_stops_at_once_and_asking_again_does_not_hurry_the_undo(clock: list[float]) -> None:
    child = Child()
    stops = Stops(child, Progress(), deadline=1000, grace_s=5)
    stops.tick(1)
    stops.tick(2)
    stops.tick(3)
    assert child.signals == [signal.SIGINT]


def test_an_undo_gets_as_long_as_its_plan_says_however_often_one_asks(clock: list[float]) -> None:
    child = Child()
    child.grace_s = 1800.0
    stops = Stops(child, Progress(), deadline=9999, grace_s=90)
    assert sent_at(child, stops, clock, 2000, received=2) == {
        signal.SIGINT: 0, signal.SIGTERM: 1800, signal.SIGKILL: 1800 + LAST_GRACE_S}


def test_a_limit_that_becomes_known_after_the_first_signal_counts_too(clock: list[float]) -> None:
    child = Child()
    stops = Stops(child, Progress(), deadline=9999, grace_s=90)
    stops.tick(1)
    child.grace_s = 600.0
    clock[0] = 500.0
    stops.tick(1)
    assert child.signals == [signal.SIGINT]
    child.grace_s = 0.0  # the execution is over: sealing needs no more than the least
    stops.tick(1)
    assert child.signals == [signal.SIGINT, signal.SIGTERM]


def test_an_error_of_the_runner_itself_stops_as_an_operator_does(clock: list[float]) -> None:
    child = Child()
    stops = Stops(child, Progress(), deadline=9999, grace_s=90)
    stops.tick(0, unexpected=True)
    stops.tick(0, unexpected=True)
    assert child.signals == [signal.SIGINT]
    assert stops.begun
