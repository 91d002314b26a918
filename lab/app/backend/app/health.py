"""/health checks every component, /api/v1/health only reports the release, /metrics is for Prometheus."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from app.errors import ApiError
from app.metrics import exposition

overall = APIRouter(tags=["health"])
api = APIRouter(tags=["health"])


@overall.get("/health")
async def health(request: Request) -> JSONResponse:
    """The service and its components: 200 when all are available, 503 otherwise."""
    state = request.app.state
    (database, revision), redis = await asyncio.gather(state.database.health(), state.cache.health())
    checks = {"database": database, "redis": redis}
    good = all(check["status"] == "ok" for check in checks.values())
    body: dict[str, Any] = {
        "status": "ok" if good else "degraded",
        "version": state.settings.RELEASE_VERSION,
        "commit": state.settings.RELEASE_COMMIT,
        "schema_revision": revision,
        "checks": checks,
    }
    return JSONResponse(body, status_code=200 if good else 503, headers={"Cache-Control": "no-store"})


@api.get("/health")
async def api_health(request: Request) -> JSONResponse:
    """Which release of the API answers."""
    settings = request.app.state.settings
    body = {
        "status": "ok",
        "version": settings.RELEASE_VERSION,
        "commit": settings.RELEASE_COMMIT,
        "environment": settings.ENVIRONMENT,
    }
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


@overall.get("/metrics")
async def metrics(request: Request) -> Response:
    """The metrics of all workers. nginx allows private addresses only."""
    if not request.app.state.settings.PROMETHEUS_ENABLED:
        raise ApiError(404, "not_found", "Metrics are switched off.")
    text = exposition(await request.app.state.cache.active_users())
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})
