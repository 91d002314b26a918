"""Ports that nothing has: neither a server of another worker nor this machine's own connections take them meanwhile."""

from __future__ import annotations

import random
import socket

# below those that a connection, or a server without a wish, is given
LOWEST, HIGHEST = 20_000, 32_000


def unused_port() -> int:
    """A port of loopback on which nothing listens, for a server that is started later or never."""
    while True:
        port = random.SystemRandom().randint(LOWEST, HIGHEST)
        with socket.socket() as free:
            try:
                free.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
