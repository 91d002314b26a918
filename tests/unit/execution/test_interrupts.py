"""Ctrl-C and SIGTERM: received at any moment, raised only where they may come through, and once."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from runbook_lib.execution.interrupts import Interrupts, defer_signals


def send(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_comes_through_where_it_may(number: int) -> None:
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts, interrupts.interruptible():
        send(number)


def test_a_signal_elsewhere_waits_for_the_next_place_where_it_may() -> None:
    reached = []
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:  # noqa: PT012
        send()
        reached.append("after the signal")
        with interrupts.interruptible():
            reached.append("never")
    assert reached == ["after the signal"]


def test_a_second_signal_changes_nothing() -> None:
    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt), interrupts.interruptible():
            send()
        send()
        with interrupts.interruptible():
            send()


def test_a_signal_that_found_no_place_is_raised_at_the_end() -> None:
    with pytest.raises(KeyboardInterrupt), Interrupts():
        send()


def test_an_error_of_the_work_itself_is_not_replaced_by_the_signal() -> None:
    with pytest.raises(ValueError, match="its own"), Interrupts():  # noqa: PT012
        send()
        raise ValueError("its own")


def test_the_handlers_of_before_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_deferred_signals_are_dropped_when_the_work_is_done() -> None:
    with defer_signals():
        send()
        send(signal.SIGTERM)


def test_outside_the_main_thread_nothing_is_held() -> None:
    entered: list[bool] = []

    def work() -> None:
        with Interrupts() as interrupts, interrupts.interruptible():
            entered.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert entered == [True]
