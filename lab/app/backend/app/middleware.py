"""Around every request: correlation id, metrics, one log line, and a clean reply when the code failed."""

from __future__ import annotations

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import metrics
from app.errors import reply
from app.logs import request_id

SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
QUIET = {"/health", "/api/v1/health", "/metrics"}  # asked every few seconds

log = logging.getLogger("app.request")


class Observe:
    """Pure ASGI: it sees the status that was actually sent, and costs no extra task."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        identity = given if SAFE_ID.fullmatch(given) else uuid.uuid4().hex
        token = request_id.set(identity)
        started, status = time.perf_counter(), 0

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = identity
            await send(message)

        try:
            await self._app(scope, receive, send_marked)
        except Exception:
            log.exception("unexpected error")
            if status:
                raise  # part of the reply has been sent already
            await reply(500, "internal", "Something went wrong on our side.")(scope, receive, send_marked)
        finally:
            self._note(scope, status, time.perf_counter() - started)
            request_id.reset(token)

    @staticmethod
    def _note(scope: Scope, status: int, seconds: float) -> None:
        route = route_of(scope)
        metrics.requests_total.labels(scope["method"], route, str(status)).inc()
        metrics.request_seconds.labels(scope["method"], route).observe(seconds)
        level = logging.ERROR if status >= 500 else logging.DEBUG if route in QUIET else logging.INFO
        fields = {
            "method": scope["method"],
            "path": scope["path"],
            "route": route,
            "status": status,
            "seconds": round(seconds, 4),
        }
        log.log(level, "%s %s %d", scope["method"], scope["path"], status, extra={"fields": fields})


def route_of(scope: Scope) -> str:
    """The path with its parameters named, e.g. /api/v1/squads/{squad_id}; "unmatched" for unknown addresses.

    Made from the path itself: the route object's own path leaves out the prefix of its router.
    """
    if "route" not in scope:
        return "unmatched"
    words = scope["path"].split("/")
    for name, value in scope.get("path_params", {}).items():
        if value in words:
            words[len(words) - 1 - words[::-1].index(value)] = f"{{{name}}}"
    return "/".join(words)
