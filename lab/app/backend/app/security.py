"""Password hashes and tokens. Access and refresh tokens are signed with different secrets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Literal

import jwt

from app.errors import ApiError
from app.settings import Settings

COST, BLOCK, PARALLEL = 2**14, 8, 1  # scrypt: 16 MiB and about 50 ms per check
UNUSABLE = "!"  # no password matches it: seeded users cannot log in


def hash_password(password: str) -> str:
    """`scrypt$n$r$p$salt$hash`, base64. Source: RFC 7914."""
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=COST, r=BLOCK, p=PARALLEL)
    return "$".join(("scrypt", str(COST), str(BLOCK), str(PARALLEL), _text(salt), _text(digest)))


def password_matches(password: str, stored: str) -> bool:
    """Whether the password is the stored one; takes as long for an unknown user as for a known one."""
    try:
        _, n, r, p, salt, digest = stored.split("$")
    except ValueError:
        hash_password(password)
        return False
    found = hashlib.scrypt(password.encode(), salt=base64.b64decode(salt), n=int(n), r=int(r), p=int(p))
    return hmac.compare_digest(found, base64.b64decode(digest))


def make_token(settings: Settings, kind: Literal["access", "refresh"], user_id: int, session: str) -> str:
    """A signed token for one user; its life is the setting of its kind."""
    now = datetime.now(UTC)
    life = (
        timedelta(minutes=settings.ACCESS_TOKEN_EXPIRE_MINUTES)
        if kind == "access"
        else timedelta(days=settings.REFRESH_TOKEN_EXPIRE_DAYS)
    )
    claims = {"sub": str(user_id), "kind": kind, "sid": session, "iat": now, "exp": now + life}
    return jwt.encode(claims, _key(settings, kind), algorithm=settings.JWT_ALGORITHM)


def read_token(settings: Settings, kind: Literal["access", "refresh"], token: str) -> tuple[int, str]:
    """User id and session of a valid token. Raises ApiError 401 for any other."""
    try:
        claims = jwt.decode(
            token,
            _key(settings, kind),
            algorithms=[settings.JWT_ALGORITHM],
            options={"require": ["exp", "sub", "kind", "sid"]},
        )
        if claims["kind"] != kind:
            raise jwt.InvalidTokenError
        return int(claims["sub"]), str(claims["sid"])
    except (jwt.InvalidTokenError, ValueError):
        raise ApiError(401, "token_invalid", "The token is invalid or has expired. Log in again.") from None


def session_mark(settings: Settings, session: str) -> str:
    """What Redis stores of a session: no token can be made from it."""
    return hmac.new(settings.SECRET_KEY.get_secret_value().encode(), session.encode(), "sha256").hexdigest()


def _key(settings: Settings, kind: str) -> str:
    secret = settings.JWT_SECRET_KEY if kind == "access" else settings.JWT_REFRESH_SECRET_KEY
    return secret.get_secret_value()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
