"""Alertmanager's HTTP API, reached through our SSH link at the server's own loopback: it is not public."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from runbook_lib.connections.route_prefix import Reply, RoutePrefix, reply_of
from runbook_lib.connections.streams import Timed, close_quietly, words_of
from runbook_lib.connections.translate import is_library_error
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable, HostUnreachable, RunbookError
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.text import head_of

TIMEOUT_S = 5.0  # a step waits for it
BODY_LIMIT = 5_000_000


class _Tunnels(Protocol):
    address: str

    @property
    def link(self) -> Any:
        """Opens tunnels to the server's loopback."""


class ServerAlertmanager:
    """The Alertmanager at 127.0.0.1:`port` on the server: its alerts and silences. Source: its OpenAPI, v2."""

    def __init__(self, server: _Tunnels, *, port: int) -> None:
        self._server, self._port, self._prefix = server, port, RoutePrefix()

    def get(self, path: str) -> Any:
        """A reply of /api/v2, e.g. get("alerts"). Raises as `silences`."""
        return self._exchange("GET", f"/api/v2/{path}")[0]

    def silences(self) -> tuple[list[dict[str, Any]], datetime]:
        """All silences, ended ones too, and the server's time (UTC). Raises EndpointUnavailable, FactUnreadable."""
        found, at = self._exchange("GET", "/api/v2/silences")
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise FactUnreadable("Alertmanager's reply about silences is of an unknown form.", where=self._where,
                                 next_step="Check what listens on that port.")
        return found, at

    def silence(self, matchers: Sequence[dict[str, Any]], ends: datetime, *, created_by: str, comment: str,
                starts: datetime, known: str = "") -> str:
        """The id of a silence from now to `ends`; `known` is one that is replaced by it. Raises as `silences`."""
        body = {"matchers": list(matchers), "startsAt": starts.isoformat(), "endsAt": ends.isoformat(),
                "createdBy": created_by, "comment": comment, **({"id": known} if known else {})}
        made, _ = self._exchange("POST", "/api/v2/silences", body)
        if not isinstance(made, dict) or not isinstance(made.get("silenceID"), str):
            raise FactUnreadable("Alertmanager's reply to a silence is of an unknown form.", where=self._where,
                                 next_step="See the silences in Alertmanager's own page.")
        return str(made["silenceID"])

    def expire(self, silence_id: str) -> None:
        """End a silence now. Raises as `silences`."""
        self._exchange("DELETE", f"/api/v2/silence/{silence_id}")

    @property
    def _where(self) -> str:
        return f"{self._server.address}: http://127.0.0.1:{self._port}"

    def _exchange(self, method: str, path: str, body: Any = None) -> tuple[Any, datetime]:
        # its start page is asked where this path is not there
        reply = self._prefix.exchange(lambda one: self._send("GET" if one == "/" else method, one, body), path)
        return self._read(reply.status, reply.body), _date(reply.date)

    def _send(self, method: str, path: str, body: Any) -> Reply:
        try:
            channel = self._server.link.open_tunnel(self._port)
        except HostUnreachable:  # the server is what to look for, and not its Alertmanager
            raise
        except RunbookError as error:
            raise self._unavailable(error.what.rstrip(".")) from error
        try:
            exchange = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
            exchange.sock = Timed(channel, TIMEOUT_S, TIMEOUT_S)
            sent = json.dumps(body) if body is not None else None
            exchange.request(method, path, sent, {"Content-Type": "application/json", "Connection": "close"})
            return reply_of(exchange, BODY_LIMIT)
        except Exception as error:
            if isinstance(error, RunbookError) or not is_library_error(error):
                raise
            # the tunnel is SSH and what runs inside it is HTTP: either may fail, and both mean the same here
            raise self._unavailable(words_of(error)) from error
        finally:
            close_quietly(channel)

    def _read(self, status: int, raw: bytes) -> Any:
        if status != 200:
            shown = head_of(raw.decode("utf-8", "replace").strip(), 300)
            raise FactUnreadable(f"Alertmanager answers {status}: {shown}", where=self._where,
                                 next_step="See the silences in Alertmanager's own page.")
        try:
            return read_json(raw) if raw.strip() else None
        except ValueError as error:
            raise FactUnreadable("The reply is not Alertmanager's.", where=self._where,
                                 next_step="Check what listens on that port.") from error

    def _unavailable(self, reason: str) -> EndpointUnavailable:
        return EndpointUnavailable(f"Alertmanager gave no usable reply ({reason}).", where=self._where,
                                   next_step="On the server: docker ps --all --filter name=alertmanager.")


def _date(text: str) -> datetime:
    """The server's clock, which decides when a silence ends; ours where it names none."""
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (TypeError, ValueError):
        return datetime.now(UTC)
