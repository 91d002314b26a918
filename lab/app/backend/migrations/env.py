"""Migrations run in one transaction, and give up on a lock rather than make everyone wait behind them.

MIGRATION_LOCK_TIMEOUT (or `alembic -x lock_timeout=5s`) is PostgreSQL's lock_timeout, 5 seconds when not set.
"""

import asyncio
import os
import re
import sys

from alembic import context
from app.tables import Base
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine


def lock_timeout() -> str:
    wanted = context.get_x_argument(as_dictionary=True).get("lock_timeout")
    wanted = wanted or os.environ.get("MIGRATION_LOCK_TIMEOUT", "5s")
    if not re.fullmatch(r"\d+(ms|s|min)?", wanted):
        sys.exit(f"Not migrated: lock_timeout should look like 5s, got {wanted!r}.")
    return wanted


def database_url() -> str:
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith(("postgresql://", "postgresql+asyncpg://")):
        sys.exit("Not migrated: DATABASE_URL is missing or is not a postgresql:// address.")
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)


def migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        connection.execute(text(f"SET LOCAL lock_timeout = '{lock_timeout()}'"))
        # Two migrations at once wait for each other here instead of failing on half the schema.
        connection.execute(text("SELECT pg_advisory_xact_lock(3201)"))
        context.run_migrations()


async def main() -> None:
    engine = create_async_engine(database_url(), poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
            await connection.commit()
    finally:
        await engine.dispose()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(main())
