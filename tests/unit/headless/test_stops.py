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
        self.reasons: list[str] = []
        self.grace_s = 0.0

    def signal(self, number: int, reason: str) -> None:
        self.signals.append(number)
        self.reasons.append(reason)


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
    stops = Stops(child, Progress(), limit_s=10, grace_s=5)
    assert sent_at(child, stops, clock, 90) == {
        signal.SIGINT: 10, signal.SIGTERM: 15, signal.SIGKILL: 15 + LAST_GRACE_S}


def test_being_asked_stops_at_once_and_asking_again_does_not_hurry_the_undo(clock: list[float]) -> None:
    child = Child()
    stops = Stops(child, Progress(), limit_s=1000, grace_s=5)
    stops.tick(signal.SIGINT)
    stops.tick(signal.SIGTERM)
    stops.tick(signal.SIGHUP)
    assert child.signals == [signal.SIGINT]


def test_an_undo_gets_as_long_as_its_plan_says_however_often_one_asks(clock: list[float]) -> None:
    child = Child()
    child.grace_s = 1800.0
    stops = Stops(child, Progress(), limit_s=9999, grace_s=90)
    assert sent_at(child, stops, clock, 2000, received=signal.SIGINT) == {
        signal.SIGINT: 0, signal.SIGTERM: 1800, signal.SIGKILL: 1800 + LAST_GRACE_S}


def test_a_limit_that_becomes_known_after_the_first_signal_counts_too(clock: list[float]) -> None:
    child = Child()
    stops = Stops(child, Progress(), limit_s=9999, grace_s=90)
    stops.tick(signal.SIGINT)
    child.grace_s = 600.0
    clock[0] = 500.0
    stops.tick(signal.SIGINT)
    assert child.signals == [signal.SIGINT]
    child.grace_s = 0.0  # the execution is over: sealing needs no more than the least
    stops.tick(signal.SIGINT)
    assert child.signals == [signal.SIGINT, signal.SIGTERM]


def test_an_error_of_the_runner_itself_stops_as_an_operator_does(clock: list[float]) -> None:
    child = Child()
    stops = Stops(child, Progress(), limit_s=9999, grace_s=90)
    stops.tick(0, unexpected=True)
    stops.tick(0, unexpected=True)
    assert child.signals == [signal.SIGINT]
    assert stops.begun


@pytest.mark.parametrize(("received", "unexpected", "reason"), [
    (signal.SIGINT, False, "stopped by Ctrl-C or another interrupt (SIGINT)"),
    (signal.SIGHUP, False, "stopped by a hang-up (SIGHUP): its terminal or SSH session ended"),
    (0, False, "stopped by its time limit of 10 s"),
    (0, True, "stopped after an internal error of the runner"),
])
def test_what_stops_the_run_is_sent_with_the_signal_and_stays_what_it_was(
    clock: list[float], received: int, unexpected: bool, reason: str
) -> None:
    child = Child()
    stops = Stops(child, Progress(), limit_s=10, grace_s=5)
    assert stops.reason == ""
    clock[0] = 10.0
    stops.tick(received, unexpected=unexpected)
    clock[0] = 100.0
    stops.tick(signal.SIGTERM)  # asked again by another hand: the first reason is the reason
    assert child.reasons == [reason, reason]
    assert stops.reason == reason
