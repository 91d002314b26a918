"""Prometheus's HTTP API, reached through our SSH link at the server's own loopback: it is not public."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from runbook_lib.connections.route_prefix import Reply, RoutePrefix, reply_of
from runbook_lib.connections.ssh import SshServer
from runbook_lib.connections.streams import Timed, close_quietly, words_of
from runbook_lib.connections.translate import is_library_error
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable, RunbookError
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.text import head_of

TIMEOUT_S = 15.0
LIMIT_S = 60.0  # of one question, however its reply comes
BODY_LIMIT = 20_000_000


class ServerPrometheus:
    """`get` asks /api/v1 of the Prometheus at 127.0.0.1:`port` on the server."""

    def __init__(self, server: SshServer, *, port: int) -> None:
        self._server, self._port, self._prefix = server, port, RoutePrefix()

    def get(self, path: str, **parameters: str) -> Any:
        """`data` of an /api/v1 reply, e.g. get("query", query="up"). Raises EndpointUnavailable, FactUnreadable.

        A query with a `timeout` ("30s") may take that long before its reply begins.
        """
        silence_s = silence_of(parameters)
        target = f"/api/v1/{path}" + (f"?{urlencode(parameters)}" if parameters else "")
        where = f"{self._server.address}: http://127.0.0.1:{self._port}{target}"
        reply = self._prefix.exchange(lambda path: self._exchange(path, silence_s, where), target)
        return parse_reply(reply.status, reply.body, where)

    def _exchange(self, target: str, silence_s: float, where: str) -> Reply:
        try:
            channel = self._server.link.open_tunnel(self._port)
        except FactUnreadable as error:
            raise _unavailable("Prometheus is not reachable", where, error) from error
        try:
            exchange = http.client.HTTPConnection("127.0.0.1", self._port, timeout=silence_s)
            exchange.sock = Timed(channel, max(LIMIT_S, silence_s), silence_s)
            exchange.request("GET", target, headers={"Accept": "application/json", "Connection": "close"})
            return reply_of(exchange, BODY_LIMIT)
        except Exception as error:
            if not is_library_error(error):
                raise
            # the tunnel is SSH and what runs inside it is HTTP: either may fail, and both mean the same here
            raise _unavailable("Prometheus gave no usable reply", where, error) from error
        finally:
            close_quietly(channel)


def silence_of(parameters: Mapping[str, str]) -> float:
    """Seconds to wait for the next byte: a moment longer than Prometheus itself may compute."""
    own = parameters.get("timeout", "").removesuffix("s")
    return max(TIMEOUT_S, float(own) + 1 if own.isdigit() else 0.0)


def parse_reply(status: int, body: bytes, where: str) -> Any:
    """`data` of a Prometheus reply. Raises FactUnreadable when it reports an error or is no such reply."""
    try:
        reply = read_json(body)
    except ValueError:
        reply = None
    if not isinstance(reply, dict) or "status" not in reply:
        raise FactUnreadable(f"The reply is not Prometheus's (HTTP {status}).", where=where,
                             next_step="Check what listens on that port, and Prometheus's log.")
    if reply["status"] != "success" or "data" not in reply:
        raise FactUnreadable(
            f"Prometheus refused the query: {head_of(str(reply.get('error', 'no reason given')), 300)}",
            where=where,
            next_step="Run the query in Prometheus's own web page to see more.",
        )
    return reply["data"]


def _unavailable(what: str, where: str, error: BaseException) -> EndpointUnavailable:
    reason = error.what.rstrip(".") if isinstance(error, RunbookError) else words_of(error)
    return EndpointUnavailable(
        f"{what} ({reason}).",
        where=where,
        next_step="On the server: docker ps --all --filter name=prometheus; and sshd must allow forwarding to that "
        "port (sshd -T).",
    )
