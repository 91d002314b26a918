"""TCP connections that are there within a limit, however many addresses a name has and however slow its name server."""

from __future__ import annotations

import socket
import time
from typing import Any

from runbook_lib.core.deadlines import each_within

Address = tuple[socket.AddressFamily, tuple[Any, ...]]


def resolve(host: str, port: int, limit_s: float, family: int = socket.AF_UNSPEC) -> list[Address]:
    """The addresses of a name. Raises socket.gaierror, also where the name server says nothing within `limit_s`.

    The system's resolver has no limit of ours: a name server that is silent would hold each question for half a minute.
    """

    def ask() -> list[Address] | None:
        return [(kind, place) for kind, _, _, _, place in socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)]

    (found,) = each_within(limit_s, (ask,), lambda _: None)
    if found is None:
        raise socket.gaierror(socket.EAI_AGAIN, f"the name server said nothing within {limit_s:.3g} s")
    return found


def connect(host: str, port: int, limit_s: float) -> socket.socket:
    """A connection to the first address that takes one; all of them together have `limit_s`.

    Raises socket.gaierror, TimeoutError, OSError.
    """
    until = time.monotonic() + limit_s
    addresses = resolve(host, port, limit_s)
    failure: OSError | None = None
    for number, (family, place) in enumerate(addresses):
        # one that swallows what is sent to it, as IPv6 behind some firewalls does, leaves the next ones their share
        share_s = max(0.05, (until - time.monotonic()) / (len(addresses) - number))
        try:
            made = _connected(family, place, share_s)
        except OSError as error:
            failure = failure or error
            continue
        made.settimeout(max(0.05, until - time.monotonic()))
        return made
    raise failure or OSError(f"{host} has no address")


def _connected(family: socket.AddressFamily, place: tuple[Any, ...], limit_s: float) -> socket.socket:
    # a kernel without IPv6 does not even make the socket
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.settimeout(limit_s)
        made.connect(place)
    except BaseException:
        made.close()
        raise
    return made
