"""Prometheus's HTTP API, reached through our SSH link at the server's own loopback: it is not public."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlencode

from runbook_lib.connections.link import close_quietly
from runbook_lib.connections.ssh import SshServer
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable, RunbookError

TIMEOUT_S = 15.0
BODY_LIMIT = 20_000_000


class ServerPrometheus:
    """`get` asks /api/v1 of the Prometheus at 127.0.0.1:`port` on the server."""

    def __init__(self, server: SshServer, *, port: int) -> None:
        self._server, self._port = server, port

    def get(self, path: str, **parameters: str) -> Any:
        """`data` of an /api/v1 reply, e.g. get("query", query="up"). Raises EndpointUnavailable, FactUnreadable."""
        target = f"/api/v1/{path}" + (f"?{urlencode(parameters)}" if parameters else "")
        where = f"{self._server.address}: http://127.0.0.1:{self._port}{target}"
        try:
            channel = self._server.link.open_tunnel(self._port)
        except FactUnreadable as error:
            raise _unavailable("No way to Prometheus on the server's loopback", where, error) from error
        try:
            channel.settimeout(TIMEOUT_S)
            exchange = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
            exchange.sock = channel
            exchange.request("GET", target, headers={"Accept": "application/json", "Connection": "close"})
            reply = exchange.getresponse()
            return parse_reply(reply.status, reply.read(BODY_LIMIT), where)
        except (OSError, EOFError, http.client.HTTPException) as error:
            raise _unavailable("Prometheus gave no usable reply", where, error) from error
        finally:
            close_quietly(channel)


def parse_reply(status: int, body: bytes, where: str) -> Any:
    """`data` of a Prometheus reply. Raises FactUnreadable when it reports an error or is no such reply."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict) or "status" not in said:
        raise FactUnreadable(f"Not a reply of Prometheus (HTTP {status}).", where=where, next_step="Look at its log.")
    if said["status"] != "success" or "data" not in said:
        raise FactUnreadable(
            f"Prometheus refused the question: {str(said.get('error', 'no reason given'))[:300]}",
            where=where,
            next_step="Ask it in Prometheus's own page to see more.",
        )
    return said["data"]


def _unavailable(what: str, where: str, error: BaseException) -> EndpointUnavailable:
    reason = error.what if isinstance(error, RunbookError) else str(error) or type(error).__name__
    return EndpointUnavailable(
        f"{what} ({reason}).",
        where=where,
        next_step="On the server: docker compose ps prometheus; and sshd must allow forwarding to that port (sshd -T).",
    )
