"""The signals that ask a process of ours to end: it stops what it does, undoes it, seals its evidence, and goes."""

import signal

# Ctrl-C, Ctrl-\\, a service manager's or a CI's request, a terminal that hung up
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

_SENDERS = {
    signal.SIGINT: "Ctrl-C or another interrupt (SIGINT)",
    signal.SIGQUIT: "Ctrl-\\ (SIGQUIT)",
    signal.SIGTERM: "a request to end (SIGTERM), as kill, a service manager or a canceled CI job sends it",
    signal.SIGHUP: "a hang-up (SIGHUP): its terminal or SSH session ended",
}


def stopped_by(number: int) -> str:
    """What a signal means for whoever finds a run stopped: `stopped by a hang-up (SIGHUP): …`."""
    return f"stopped by {_SENDERS[signal.Signals(number)]}"


def as_sentence(words: str) -> str:
    """`Stopped by … .`: the words as a sentence of their own."""
    return f"{words[:1].upper()}{words[1:]}."
