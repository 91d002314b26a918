"""The connection pool, the session of a request, and the schema revision that /health reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from fastapi import Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from app.metrics import pool_connections
from app.settings import Settings

HEALTH_TIMEOUT_S = 2.0
MIGRATIONS = Path(__file__).parent.parent / "migrations"


class Database:
    """One pool a worker; `pool_pre_ping` survives a restart of the server."""

    def __init__(self, settings: Settings) -> None:
        self.pool_size = settings.pool_size_per_worker
        # ssl: the database is on the same network and offers none; asyncpg would read all certificate authorities
        # for every connection of the pool before it asks
        self.engine: AsyncEngine = create_async_engine(
            settings.ASYNC_SQLALCHEMY_DATABASE_URI.get_secret_value(),
            pool_size=self.pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=True,
            pool_recycle=1800,
            connect_args={"timeout": 5, "ssl": False, "server_settings": {"application_name": "gw2-backend"}},
        )
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self.expected_revision, self._known_revisions = _revisions()

    def measure_pool(self) -> None:
        """Bring this worker's share of `gw2_db_pool_connections` up to date."""
        pool: Any = self.engine.pool
        pool_connections.labels("in_use").set(pool.checkedout())
        pool_connections.labels("idle").set(pool.checkedin())
        pool_connections.labels("limit").set(self.pool_size)

    async def revision(self) -> str:
        """The schema revision in the database; empty when it was never migrated."""
        async with self.engine.connect() as connection:
            if not (await connection.execute(text("SELECT to_regclass('alembic_version')"))).scalar():
                return ""
            found = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalars().all()
            return ",".join(sorted(found))

    async def health(self) -> tuple[dict[str, Any], str | None]:
        """What /health reports of the database, and the schema revision (None when it could not be read).

        A schema older than this code is a fault; one that this code does not know yet is not: it belongs
        to a newer release, and releases are backward compatible.
        """
        try:
            revision = await asyncio.wait_for(self.revision(), HEALTH_TIMEOUT_S)
        except Exception as error:  # whatever went wrong, the database did not answer
            return {"status": "down", "error": type(error).__name__}, None
        if revision == self.expected_revision or (revision and revision not in self._known_revisions):
            return {"status": "ok", "expected_revision": self.expected_revision}, revision
        error_text = f"schema is at {revision or 'nothing'}, this release needs {self.expected_revision}"
        return {"status": "down", "error": error_text, "expected_revision": self.expected_revision}, revision

    async def close(self) -> None:
        await self.engine.dispose()


def _revisions() -> tuple[str, frozenset[str]]:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    return scripts.get_current_head() or "", frozenset(script.revision for script in scripts.walk_revisions())


async def session(request: Request) -> AsyncIterator[AsyncSession]:
    """A session for one request; committed when the request succeeds, rolled back when it does not."""
    async with request.app.state.database.sessions() as opened:
        yield opened
