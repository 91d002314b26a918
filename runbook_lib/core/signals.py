"""The signals that ask a process of ours to end: it stops what it does, undoes it, seals its evidence, and goes."""

import signal

# Ctrl-C, Ctrl-\\, a service manager's or a CI's request, a terminal that hung up
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

STOPPED = "Stopped from outside: Ctrl-C, SIGTERM or a deadline."
