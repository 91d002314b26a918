"""The caller of a request, and the few things every route needs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cache import Cache
from app.database import session
from app.errors import ApiError
from app.security import read_token
from app.settings import Settings

bearer = HTTPBearer(auto_error=False)


def cache(request: Request) -> Cache:
    return request.app.state.cache


def configuration(request: Request) -> Settings:
    return request.app.state.settings


async def caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> int:
    """The id of the user whose access token came with the request. Raises ApiError 401 without one."""
    if credentials is None:
        raise ApiError(401, "token_missing", "Log in first.")
    user_id, _ = read_token(request.app.state.settings, "access", credentials.credentials)
    await request.app.state.cache.saw(user_id)
    return user_id


class Window:
    """Which part of a list: at most 100 rows at a time."""

    def __init__(
        self,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
    ) -> None:
        self.limit, self.offset = limit, offset


Caller = Annotated[int, Depends(caller)]
Session = Annotated[AsyncSession, Depends(session)]
Replies = Annotated[Cache, Depends(cache)]
Configuration = Annotated[Settings, Depends(configuration)]
Part = Annotated[Window, Depends()]
