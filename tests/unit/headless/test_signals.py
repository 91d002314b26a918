"""Of the signals that ask the runner to end the first is kept, and handlers come back as they were."""

from __future__ import annotations

import os
import signal
from contextlib import nullcontext

import pytest

from runbook_lib.core.signals import ENDING
from runbook_lib.headless.signals import Signals, raised


@pytest.mark.parametrize("number", ENDING)
def test_the_first_is_kept_and_ends_nothing(number: int) -> None:
    ours = signal.signal(number, signal.default_int_handler)  # under nohup a hang-up would be ignored
    try:
        with Signals() as signals:
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), signal.SIGTERM)
            assert signals.received() == number
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


def test_a_request_to_end_is_raised_where_it_would_end_the_process_without_a_word() -> None:
    ours = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ignored = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        for number, heard in ((signal.SIGHUP, False), (signal.SIGTERM, True)):  # a hang-up is ignored, as under nohup
            with pytest.raises(KeyboardInterrupt) if heard else nullcontext(), raised():
                os.kill(os.getpid(), number)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, ours)
        signal.signal(signal.SIGHUP, ignored)
