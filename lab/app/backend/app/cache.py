"""Redis: cached replies, refresh sessions, and who was active. The API still answers when Redis does not."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.database import HEALTH_TIMEOUT_S
from app.metrics import cache_requests
from app.settings import Settings

ACTIVE_WINDOW_S = 15 * 60
UNREACHABLE = (RedisError, OSError, asyncio.TimeoutError)

log = logging.getLogger("app.cache")


class Cache:
    """Replies are kept under a generation a topic; a write begins a new generation and so drops them all."""

    def __init__(self, settings: Settings, redis: Any = None) -> None:
        self._ttl_s = settings.CACHE_TTL_SECONDS
        # Replies of two releases may differ in shape, and both can run at once.
        self._prefix = f"reply:{settings.RELEASE_VERSION}:{settings.RELEASE_COMMIT[:12]}"
        self.redis = redis or Redis.from_url(
            settings.REDIS_URL.get_secret_value(),
            socket_timeout=1.0,
            socket_connect_timeout=1.0,
            health_check_interval=30,
            decode_responses=True,
        )

    async def slot(self, topic: str, key: str) -> str | None:
        """Where a reply about `topic` is kept now; None when Redis is away. Ask before reading the database."""
        try:
            return f"{self._prefix}:{topic}:{await self.redis.get(f'generation:{topic}') or 0}:{key}"
        except UNREACHABLE as error:
            cache_requests.labels("error").inc()
            log.warning("cache unreachable: %s", type(error).__name__)
            return None

    async def get(self, slot: str | None) -> str | None:
        """The cached reply as JSON text, or None."""
        if slot is None:
            return None
        try:
            found = await self.redis.get(slot)
        except UNREACHABLE:
            cache_requests.labels("error").inc()
            return None
        cache_requests.labels("hit" if found is not None else "miss").inc()
        return found

    async def put(self, slot: str | None, reply: str) -> None:
        if slot is None:
            return
        try:
            await self.redis.set(slot, reply, ex=self._ttl_s)
        except UNREACHABLE:
            cache_requests.labels("error").inc()

    async def forget(self, topic: str) -> None:
        """Drop every cached reply about `topic`; call it after the commit."""
        try:
            await self.redis.incr(f"generation:{topic}")
        except UNREACHABLE as error:
            log.error("cached %s may be up to %d s old: %s", topic, self._ttl_s, type(error).__name__)

    async def saw(self, user_id: int) -> None:
        """Note that a user was active now."""
        try:
            await self.redis.zadd("active_users", {str(user_id): time.time()})
        except UNREACHABLE:
            log.debug("activity of user %d not noted", user_id)

    async def active_users(self) -> int | None:
        """Users seen in the last 15 minutes; None when Redis is away."""
        now = time.time()
        try:
            await self.redis.zremrangebyscore("active_users", 0, now - ACTIVE_WINDOW_S)
            return int(await self.redis.zcard("active_users"))
        except UNREACHABLE:
            return None

    async def health(self) -> dict[str, Any]:
        """What /health reports of Redis, by a real read and write: a PING also answers when writes are refused."""
        try:
            await asyncio.wait_for(self.redis.set("health", str(time.time()), ex=60), HEALTH_TIMEOUT_S)
        except Exception as error:  # whatever the cause, Redis is not available
            return {"status": "down", "error": type(error).__name__}
        return {"status": "ok"}

    async def close(self) -> None:
        await self.redis.aclose()
