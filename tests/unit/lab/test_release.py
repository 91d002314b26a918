"""A server without a release gets one and data; a server with a release keeps it."""

from __future__ import annotations

import subprocess

import pytest

from lab import release, seed
from lab.errors import LabError
from lab.instance import Instance

INSTANCE = Instance("double")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    done: list[str] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        done.append(command[command.index("-p") + 1])
        return subprocess.CompletedProcess(command, 5 if "ref=broken" in command else 0)

    monkeypatch.setattr(release, "succeeds", lambda argv: False)
    monkeypatch.setattr("lab.instance.entering", lambda container, *words, user: ["docker", "exec", container, *words])
    monkeypatch.setattr("lab.release.subprocess.run", run)
    monkeypatch.setattr(seed, "seed", lambda instance: done.append("seeded"))
    return done


def test_a_server_without_a_release_gets_it_and_data(done: list[str]) -> None:
    assert release.release(INSTANCE, "v3.1.0")
    assert done == ["ref=v3.1.0", "seeded"]


def test_a_server_with_a_release_keeps_it(done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "succeeds", lambda argv: True)
    assert not release.release(INSTANCE, "v3.1.0")
    assert done == []


def test_a_deployment_that_fails_is_an_error_with_its_exit_code(done: list[str]) -> None:
    with pytest.raises(LabError, match="The deployment of broken ended with 5") as failed:
        release.release(INSTANCE, "broken")
    assert failed.value.exit_code == 5
    assert done == ["ref=broken"]
