"""Health and the schema, decided on doubles; and the whole of it on a real PostgreSQL and Redis when they are given.

Set GW2_TEST_DATABASE_URL (an empty, throw-away database) and GW2_TEST_REDIS_URL to run the last test.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from app.database import Database

BACKEND = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("found", "status"),
    [("0002", "ok"), ("0001", "down"), ("", "down"), ("9999", "ok")],
    ids=["as expected", "older than the code", "never migrated", "of a newer release"],
)
def test_a_schema_older_than_the_code_is_a_fault(settings, monkeypatch, found, status):
    database = Database(settings)
    monkeypatch.setattr(database, "expected_revision", "0002")
    monkeypatch.setattr(database, "_known_revisions", frozenset({"0001", "0002"}))

    async def revision():
        return found

    monkeypatch.setattr(database, "revision", revision)
    check, schema = asyncio.run(database.health())
    assert (check["status"], schema) == (status, found)


def test_migrations_have_one_head(settings):
    assert Database(settings).expected_revision


@pytest.mark.skipif("GW2_TEST_DATABASE_URL" not in os.environ, reason="GW2_TEST_DATABASE_URL is not set")
def test_a_person_can_register_log_in_and_keep_squads(variables, monkeypatch):
    url = os.environ["GW2_TEST_DATABASE_URL"]
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("ASYNC_SQLALCHEMY_DATABASE_URI", url.replace("postgresql://", "postgresql+asyncpg://"))
    monkeypatch.setenv("REDIS_URL", os.environ["GW2_TEST_REDIS_URL"])
    for words in (["-m", "alembic", "upgrade", "head"], ["-m", "app.seed", "--rows", "500"]):
        subprocess.run([sys.executable, *words], cwd=BACKEND, check=True, timeout=60)
    from app.main import create_app
    from app.settings import Settings
    from fastapi.testclient import TestClient

    with TestClient(create_app(Settings())) as client:
        assert client.get("/health").json()["status"] == "ok"
        person = {"username": f"tester-{os.getpid()}", "password": "long enough to pass"}
        assert client.post("/api/v1/auth/register", json=person).status_code == 201
        tokens = client.post("/api/v1/auth/login", json=person).json()
        mine = {"Authorization": f"Bearer {tokens['access_token']}"}
        client.get("/api/v1/squads")
        assert client.get("/api/v1/squads").headers["X-Cache"] == "hit"
        made = client.post("/api/v1/squads", json={"name": "Dawn Watch"}, headers=mine).json()
        listed = client.get("/api/v1/squads")
        assert listed.headers["X-Cache"] == "miss"
        assert listed.json()["items"][0]["name"] == "Dawn Watch"
        again = {"refresh_token": tokens["refresh_token"]}
        assert client.post("/api/v1/auth/refresh", json=again).status_code == 200
        assert client.post("/api/v1/auth/refresh", json=again).status_code == 401
        assert client.delete(f"/api/v1/squads/{made['id']}", headers=mine).status_code == 204
        assert client.get(f"/api/v1/squads/{made['id']}").status_code == 404
