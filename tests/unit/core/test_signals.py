"""Which signals ask a process of ours to end."""

import signal

from runbook_lib.core.signals import ENDING


def test_whatever_asks_politely_is_among_them_and_what_means_something_else_is_not() -> None:
    assert {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT} == set(ENDING)
    # a reader that went away asks for nothing, and a stopped terminal comes back
    assert not {signal.SIGPIPE, signal.SIGTSTP, signal.SIGCHLD} & set(ENDING)
