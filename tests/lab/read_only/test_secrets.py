"""Secrets that are missing, open to others, or garbled; and secrets that are there and must not be seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.operators import Operator
from tests.lab_server import Lab

EnvironmentWith = Callable[..., str]


@pytest.fixture
def secrets_file(lab: Lab, tmp_path: Path) -> Path:
    copy = tmp_path / "secrets.env"
    copy.write_text((lab.instance.address.folder / "secrets.env").read_text())
    copy.chmod(0o600)
    return copy


def test_a_missing_secret_is_named_before_anything_is_changed(operator: Operator, environment_with: EnvironmentWith,
                                                              secrets_file: Path) -> None:
    lines = secrets_file.read_text().splitlines(keepends=True)
    secrets_file.write_text("".join(line for line in lines if not line.startswith("STAGING_JWT_SECRET=")))
    ended = operator.run("20_deploy", "-p", "ref=v3.2.0", environment=environment_with(secrets_file="./secrets.env"), apply=True)
    assert ended.code == 3, ended.output
    assert "secrets available: STAGING_JWT_SECRET" in ended.output
    assert "Next: Put the missing ones, as they are in use, into the environment of this process" in ended.output
    assert not ended.has("lock_taken")


def test_no_secrets_file_at_all(operator: Operator, environment_with: EnvironmentWith) -> None:
    ended = operator.run("20_deploy", "-p", "ref=v3.2.0", environment=environment_with(secrets_file="./none.env"), apply=True)
    assert ended.code == 3, ended.output
    assert "STAGING_DB_PASSWORD" in ended.output


def test_a_secrets_file_that_others_can_read_is_refused(operator: Operator, environment_with: EnvironmentWith, secrets_file: Path) -> None:
    secrets_file.chmod(0o644)
    ended = operator.run("20_deploy", "-p", "ref=v3.2.0", environment=environment_with(secrets_file="./secrets.env"), apply=True)
    assert (ended.code, ended.folder) == (3, None), ended.output
    assert f"Next: chmod 600 {secrets_file}" in ended.output


def test_a_garbled_line_is_named_by_number_and_not_shown(operator: Operator, environment_with: EnvironmentWith, secrets_file: Path) -> None:
    secrets_file.write_text(secrets_file.read_text().replace("STAGING_DB_PASSWORD=", "STAGING_DB_PASSWORD "))
    ended = operator.run("20_deploy", "-p", "ref=v3.2.0", environment=environment_with(secrets_file="./secrets.env"), apply=True)
    assert (ended.code, ended.folder) == (3, None), ended.output
    assert "is not of the form NAME=value" in ended.output
