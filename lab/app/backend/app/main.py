"""The application: settings first, then pool and cache, then routes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from app.api import auth, builds, squads
from app.cache import Cache
from app.database import Database
from app.errors import translate_errors
from app.health import api, overall
from app.logs import start_logging
from app.middleware import Observe
from app.settings import Settings, settings

POOL_LOOK_S = 5.0
log = logging.getLogger("app")


def create_app(chosen: Settings | None = None) -> FastAPI:
    """The application for gunicorn (`app.main:create_app()`); tests pass their own settings."""
    configured = chosen or settings()
    start_logging(configured)
    app = FastAPI(title=configured.PROJECT_NAME, version=configured.RELEASE_VERSION, debug=False, lifespan=_life)
    app.state.settings = configured
    app.state.database = Database(configured)
    app.state.cache = Cache(configured)
    routes = APIRouter(prefix=configured.API_V1_STR)
    for router in (auth.router, builds.router, squads.router, api):
        routes.include_router(router)
    app.include_router(routes)
    app.include_router(overall)
    translate_errors(app)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=configured.BACKEND_CORS_ORIGINS,
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
        expose_headers=["X-Request-ID", "X-Cache"],
    )
    app.add_middleware(Observe)
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    log.info("release %s at %s starts", app.state.settings.RELEASE_VERSION, app.state.settings.RELEASE_COMMIT)
    watching = asyncio.create_task(_watch_pool(app.state.database))
    yield
    watching.cancel()
    await app.state.cache.close()
    await app.state.database.close()
    log.info("stopped")


async def _watch_pool(database: Database) -> None:
    while True:
        database.measure_pool()
        await asyncio.sleep(POOL_LOOK_S)
