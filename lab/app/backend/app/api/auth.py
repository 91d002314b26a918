"""Register, log in, refresh, log out."""

from __future__ import annotations

import secrets

from fastapi import APIRouter
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from app.api.caller import Caller, Configuration, Replies, Session
from app.cache import UNREACHABLE, Cache
from app.errors import ApiError
from app.schemas import Credentials, RefreshIn, Tokens, UserOut
from app.security import UNUSABLE, hash_password, make_token, password_matches, read_token, session_mark
from app.settings import Settings
from app.tables import User

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post("/register", status_code=201)
async def register(body: Credentials, session: Session) -> UserOut:
    """A new user. 409 when the name is taken."""
    if await session.scalar(select(User.id).where(User.username == body.username)):
        raise ApiError(409, "username_taken", "That name is taken.")
    user = User(username=body.username, password_hash=await run_in_threadpool(hash_password, body.password))
    session.add(user)
    await session.commit()
    return UserOut.model_validate(user)


@router.post("/login")
async def login(body: Credentials, session: Session, cache: Replies, settings: Configuration) -> Tokens:
    """Tokens for a user. 401 for a wrong name or password, without saying which."""
    user = await session.scalar(select(User).where(User.username == body.username))
    await session.close()  # hashing takes a while: the connection is for others meanwhile
    stored = user.password_hash if user else UNUSABLE
    if not await run_in_threadpool(password_matches, body.password, stored) or user is None:
        raise ApiError(401, "login_failed", "Wrong name or password.")
    await cache.saw(user.id)
    return await _open_session(settings, cache, user.id)


@router.post("/refresh")
async def refresh(body: RefreshIn, cache: Replies, settings: Configuration) -> Tokens:
    """New tokens for a refresh token, which is good once: its session ends and another begins."""
    user_id, opened = read_token(settings, "refresh", body.refresh_token)
    if not await _close_session(settings, cache, opened):
        raise ApiError(401, "session_ended", "This session has ended. Log in again.")
    return await _open_session(settings, cache, user_id)


@router.post("/logout", status_code=204)
async def logout(body: RefreshIn, cache: Replies, settings: Configuration) -> None:
    """End the session of a refresh token."""
    _, opened = read_token(settings, "refresh", body.refresh_token)
    await _close_session(settings, cache, opened)


@router.get("/me")
async def me(user_id: Caller, session: Session) -> UserOut:
    """The user of the access token."""
    user = await session.get(User, user_id)
    if user is None:
        raise ApiError(401, "user_gone", "This user does not exist any more.")
    return UserOut.model_validate(user)


@router.delete("/me", status_code=204)
async def delete_me(user_id: Caller, session: Session, cache: Replies) -> None:
    """The account and all it owns go; the events it caused stay, without a name."""
    user = await session.get(User, user_id)
    if user is None:
        raise ApiError(401, "user_gone", "This user does not exist any more.")
    await session.delete(user)
    await session.commit()
    await cache.forget("squads")
    await cache.forget("builds")


async def _open_session(settings: Settings, cache: Cache, user_id: int) -> Tokens:
    opened = secrets.token_urlsafe(24)
    key = f"session:{session_mark(settings, opened)}"
    try:
        await cache.redis.set(key, user_id, ex=settings.REFRESH_TOKEN_EXPIRE_DAYS * 86400)
    except UNREACHABLE:
        raise ApiError(503, "unavailable", "Sessions are unavailable. Try again in a moment.") from None
    return Tokens(
        access_token=make_token(settings, "access", user_id, opened),
        refresh_token=make_token(settings, "refresh", user_id, opened),
        expires_in=settings.ACCESS_TOKEN_EXPIRE_MINUTES * 60,
    )


async def _close_session(settings: Settings, cache: Cache, opened: str) -> bool:
    try:
        return bool(await cache.redis.delete(f"session:{session_mark(settings, opened)}"))
    except UNREACHABLE:
        raise ApiError(503, "unavailable", "Sessions are unavailable. Try again in a moment.") from None
