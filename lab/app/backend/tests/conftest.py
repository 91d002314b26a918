"""Settings for tests, and the application without a server: its database and Redis are down."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

VARIABLES = {
    "SECRET_KEY": "s" * 40,
    "JWT_SECRET_KEY": "j" * 40,
    "JWT_REFRESH_SECRET_KEY": "r" * 40,
    "DATABASE_URL": "postgresql://staging_user:x@127.0.0.1:1/staging_db",
    "ASYNC_SQLALCHEMY_DATABASE_URI": "postgresql+asyncpg://staging_user:x@127.0.0.1:1/staging_db",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "BACKEND_CORS_ORIGINS": '["https://staging.gw2wvwbuilder.example.com"]',
    "RELEASE_COMMIT": "0123456789abcdef0123456789abcdef01234567",
    "RELEASE_VERSION": "v3.1.0",
}


@pytest.fixture
def variables(monkeypatch):
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return VARIABLES


@pytest.fixture
def settings(variables):
    from app.settings import Settings

    return Settings()


@pytest.fixture
def client(settings):
    from app.main import create_app
    from fastapi.testclient import TestClient

    with TestClient(create_app(settings), raise_server_exceptions=False) as opened:
        yield opened
