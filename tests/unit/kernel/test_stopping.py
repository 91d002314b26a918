"""What stopped a run: the runner's words where there is one, else the signal that came to the process itself."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from runbook_lib.core.signals import ENDING
from runbook_lib.kernel import assignment, stopping
from runbook_lib.kernel.assignment import Assignment


@pytest.fixture(autouse=True)
def _nothing_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_noted", signal.SIGINT)
    monkeypatch.setattr(assignment, "_assigned", None)


@pytest.mark.parametrize("number", ENDING)
def test_without_a_runner_it_is_the_signal_that_came(number: int) -> None:
    stopping.note_signal(number)
    assert signal.Signals(number).name in stopping.stop_reason()


@pytest.mark.parametrize(("words", "shown"), [
    ("stopped by its time limit of 60 s", "stopped by its time limit of 60 s"), ("", "stopped by Ctrl-C or another interrupt (SIGINT)"),
])
def test_the_words_of_the_runner_come_first(monkeypatch: pytest.MonkeyPatch, words: str, shown: str) -> None:
    given = Assignment(Path("x.ipynb"), "", "", {}, None, lambda **_: None, lambda: True, lambda: words)
    monkeypatch.setattr(assignment, "_assigned", given)
    stopping.note_signal(signal.SIGINT)
    assert stopping.stop_reason() == shown
