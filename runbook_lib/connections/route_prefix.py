"""Prometheus and Alertmanager below a path of their own, as behind a proxy that passes on a folder.

Their API is there too with `--web.route-prefix`, and with `--web.external-url`, whose path it is by default. Source:
their help texts.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit


class Reply(NamedTuple):
    """What came back. `location` is where a redirect leads, `date` the server's clock; both may be empty."""

    status: int
    body: bytes
    location: str = ""
    date: str = ""


def reply_of(exchange: http.client.HTTPConnection, most: int) -> Reply:
    """The reply to a request that was sent, at most `most` bytes of it."""
    reply = exchange.getresponse()
    return Reply(reply.status, reply.read(most), reply.getheader("Location", ""), reply.getheader("Date", ""))


@dataclass
class RoutePrefix:
    """The path that the API lies below; found where its plain path is not there, and kept."""

    path: str = ""

    def exchange(self, ask: Callable[[str], Reply], target: str) -> Reply:
        """The reply to `target`. Where there is no such page, its own start page says where it serves."""
        reply = ask(self.path + target)
        if reply.status != http.client.NOT_FOUND or self.path:
            return reply
        start = ask("/")
        path = urlsplit(start.location).path.rstrip("/")
        if start.status not in (301, 302, 303, 307, 308) or not path:
            return reply
        again = ask(path + target)
        if again.status == http.client.NOT_FOUND:
            return reply
        self.path = path
        return again
