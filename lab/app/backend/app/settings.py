"""Everything the environment decides. A missing or weak secret stops the start with one clear message."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app import __version__

SHORTEST_SECRET = 32


class Settings(BaseSettings):
    """The variables of backend/.env.staging. Secrets have no default."""

    model_config = SettingsConfigDict(env_file=None, extra="ignore", case_sensitive=True)

    ENVIRONMENT: str = "staging"
    DEBUG: bool = False
    PROJECT_NAME: str = "GW2 WvW Builder API"
    API_V1_STR: str = "/api/v1"

    SECRET_KEY: SecretStr
    JWT_SECRET_KEY: SecretStr
    JWT_REFRESH_SECRET_KEY: SecretStr
    JWT_ALGORITHM: Literal["HS256", "HS384", "HS512"] = "HS256"
    ACCESS_TOKEN_EXPIRE_MINUTES: int = 480
    REFRESH_TOKEN_EXPIRE_DAYS: int = 30

    DATABASE_URL: SecretStr
    ASYNC_SQLALCHEMY_DATABASE_URI: SecretStr
    DATABASE_POOL_SIZE: int = 20
    WEB_CONCURRENCY: int = 4

    REDIS_URL: SecretStr
    CACHE_TTL_SECONDS: int = 300

    BACKEND_CORS_ORIGINS: list[str] = []

    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    LOG_TO_FILE: bool = False
    LOG_FILE: str = "/var/log/gw2/backend.log"
    PROMETHEUS_ENABLED: bool = True

    RELEASE_VERSION: str = __version__
    RELEASE_COMMIT: str = "unknown"

    @field_validator("SECRET_KEY", "JWT_SECRET_KEY", "JWT_REFRESH_SECRET_KEY")
    @classmethod
    def _strong(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if len(text) < SHORTEST_SECRET or text.startswith("${"):
            raise ValueError(f"needs at least {SHORTEST_SECRET} characters of a real value")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Settings:
        if self.JWT_SECRET_KEY == self.JWT_REFRESH_SECRET_KEY:
            raise ValueError("JWT_REFRESH_SECRET_KEY must differ from JWT_SECRET_KEY")
        # One of the two pointing elsewhere would send migrations and data to different databases.
        if _target(self.DATABASE_URL) != _target(self.ASYNC_SQLALCHEMY_DATABASE_URI):
            raise ValueError("DATABASE_URL and ASYNC_SQLALCHEMY_DATABASE_URI name different databases")
        if not self.ASYNC_SQLALCHEMY_DATABASE_URI.get_secret_value().startswith("postgresql+asyncpg://"):
            raise ValueError("ASYNC_SQLALCHEMY_DATABASE_URI must start with postgresql+asyncpg://")
        return self

    @property
    def pool_size_per_worker(self) -> int:
        """Connections of one worker; all workers together keep DATABASE_POOL_SIZE."""
        return max(1, self.DATABASE_POOL_SIZE // max(1, self.WEB_CONCURRENCY))


def _target(url: SecretStr) -> tuple[str | None, int, str]:
    parts = urlsplit(url.get_secret_value())
    return parts.hostname, parts.port or 5432, parts.path


@lru_cache
def settings() -> Settings:
    """The settings of this process. Exits with status 3 and the names of what is wrong; never with a value."""
    try:
        return Settings()
    except ValidationError as invalid:
        lines = [_fault(error) for error in invalid.errors(include_input=False, include_url=False)]
        print("The backend does not start: its environment is incomplete.\n  " + "\n  ".join(lines), file=sys.stderr)
        print("Set these in backend/.env.staging and .env.secrets, then start again.", file=sys.stderr)
        raise SystemExit(3) from None


def _fault(error: dict) -> str:
    name = ".".join(str(part) for part in error["loc"])
    message = "is missing" if error["type"] == "missing" else error["msg"].removeprefix("Value error, ")
    return f"{name} {message}" if name else message
