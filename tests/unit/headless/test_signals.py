"""Signals that ask the runner to end are counted, and handlers come back as they were."""

from __future__ import annotations

import os
import signal

import pytest

from runbook_lib.core.signals import ENDING
from runbook_lib.headless.signals import Signals


@pytest.mark.parametrize("number", ENDING)
def test_each_is_counted_and_ends_nothing(number: int) -> None:
    ours = signal.signal(number, signal.default_int_handler)  # under nohup a hang-up would be ignored
    try:
        with Signals() as signals:
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)
            assert signals.received() == 2
        assert signal.getsignal(number) == signal.default_int_handler
    finally:
        signal.signal(number, ours)


def test_a_hang_up_that_nohup_ignores_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Signals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            assert signals.received() == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
