import pytest
from app.settings import Settings, settings


def start(capsys):
    settings.cache_clear()
    with pytest.raises(SystemExit) as ended:
        settings()
    assert ended.value.code == 3
    return capsys.readouterr().err


REQUIRED = ("SECRET_KEY", "JWT_SECRET_KEY", "JWT_REFRESH_SECRET_KEY", "DATABASE_URL", "REDIS_URL")


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_secret_stops_the_start_and_is_named(variables, monkeypatch, capsys, name):
    monkeypatch.delenv(name)
    assert f"{name} is missing" in start(capsys)


def test_a_weak_secret_stops_the_start_without_being_shown(variables, monkeypatch, capsys):
    monkeypatch.setenv("JWT_SECRET_KEY", "changeme-please")
    said = start(capsys)
    assert "JWT_SECRET_KEY needs at least 32 characters" in said
    assert "changeme-please" not in said


def test_a_name_that_compose_did_not_fill_in_is_not_a_secret(variables, monkeypatch, capsys):
    monkeypatch.setenv("SECRET_KEY", "${STAGING_SECRET_KEY_OF_THIS_ENVIRONMENT}")
    assert "SECRET_KEY" in start(capsys)


def test_access_and_refresh_secrets_must_differ(variables, monkeypatch, capsys):
    monkeypatch.setenv("JWT_REFRESH_SECRET_KEY", variables["JWT_SECRET_KEY"])
    assert "must differ" in start(capsys)


def test_migrations_and_code_must_use_the_same_database(variables, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", "postgresql://staging_user:x@127.0.0.1:1/another_db")
    assert "different databases" in start(capsys)


def test_the_workers_share_the_pool_of_twenty(variables):
    assert Settings(WEB_CONCURRENCY=4).pool_size_per_worker == 5
    assert Settings(WEB_CONCURRENCY=64).pool_size_per_worker == 1
