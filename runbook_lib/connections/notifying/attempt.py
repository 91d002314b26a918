"""One attempt to send: how much time is left, whether the channel has everything, and how the attempt is given up."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress


class Attempt:
    """Shared by the thread that sends and the one that waits for it."""

    def __init__(self, ends: float) -> None:
        self._ends = ends
        self._closers: list[Callable[[], object]] = []
        self._given_up = False
        self._deciding = threading.Lock()
        self.handed_over = False  # whether the channel may have taken the message

    @property
    def left_s(self) -> float:
        """Seconds until the deadline; a little where it is over, because 0 would mean no time limit to a socket."""
        return max(0.05, self._ends - time.monotonic())

    @property
    def over(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() >= self._ends

    def hand_over(self) -> None:
        """From here on the channel may take the message. Raises TimeoutError where the attempt was given up.

        Under a lock: what was reported as not sent must not be sent after that.
        """
        with self._deciding:
            if self._given_up:
                raise TimeoutError("given up")
            self.handed_over = True

    def closes(self, close: Callable[[], object]) -> None:
        """What ends the exchange when it is given up: a server that sends a byte now and then never would."""
        self._closers.append(close)

    def give_up(self) -> None:
        """End the exchange; nothing is handed over after it."""
        with self._deciding:
            self._given_up = True
        for close in self._closers:
            with suppress(OSError):
                close()


def reason_of_network(error: BaseException) -> tuple[str, str]:
    """Why no connection was made, and what to do. Never a library's own text: it may hold a webhook's address."""
    chain = causes_of(error)
    for one in chain:
        match one:
            case ssl.SSLCertVerificationError():
                return (f"TLS could not be established: {one.verify_message}",
                        "Check the certificate; `notifications.ca_file` vouches for a private one.")
            case ssl.SSLError():
                why = getattr(one, "reason", None) or "no reason given"  # not every one has it
                return f"TLS could not be established ({why})", "Check port and protocol."
            case socket.gaierror():
                return "its name cannot be resolved", "Check the address, and the name server of this machine."
            case TimeoutError():
                return "no answer in time", "Check whether it can be reached from this machine."
    names = [type(one).__name__ for one in chain]
    if "ProxyError" in names:
        return "the proxy did not let it through", "Check HTTPS_PROXY and NO_PROXY."
    if any("Timeout" in name for name in names):
        return "no answer in time", "Check whether it can be reached from this machine."
    system = next((one for one in chain if isinstance(one, OSError) and one.strerror), None)
    if system is not None:
        return f"no connection: {system.strerror}", "Check that it runs, and that its port can be reached."
    return f"no connection ({names[-1]})", "Check the address, and that it can be reached from this machine."


def causes_of(error: BaseException) -> list[BaseException]:
    """The error and what it was made of, the outermost first: libraries wrap, chain, or pass as an argument."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting and len(found) < 20:
        one = waiting.pop(0)
        if any(one is known for known in found):
            continue
        found.append(one)
        inner = (getattr(one, "reason", None), one.__cause__, one.__context__, *one.args)
        waiting += [item for item in inner if isinstance(item, BaseException)]
    return found
