"""Which signals ask a process of ours to end, and what each of them means."""

import signal

import pytest

from runbook_lib.core.signals import ENDING, as_sentence, stopped_by


def test_whatever_asks_politely_is_among_them_and_what_means_something_else_is_not() -> None:
    assert {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT} == set(ENDING)
    # a reader that went away asks for nothing, and a stopped terminal comes back
    assert not {signal.SIGPIPE, signal.SIGTSTP, signal.SIGCHLD} & set(ENDING)


@pytest.mark.parametrize("number", ENDING)
def test_each_is_named_and_explained_differently(number: int) -> None:
    words = as_sentence(stopped_by(number))
    assert words.startswith("Stopped by ") and words.endswith(".") and f"({signal.Signals(number).name})" in words
    assert [other for other in ENDING if stopped_by(other) == stopped_by(number)] == [number]
