"""A refusal of the engine is an answer; everything else means that no engine answers."""

from __future__ import annotations

import docker.errors
import pytest

from runbook_lib.connections.docker_errors import docker_error, docker_unavailable
from runbook_lib.core.errors import DockerUnavailable, FactUnreadable, RunbookError


@pytest.mark.parametrize(("error", "kind"), [
    (docker.errors.APIError("conflict"), FactUnreadable),
    (docker.errors.NotFound("No such container: x"), FactUnreadable),
    (docker.errors.DockerException("Error while fetching server API version"), DockerUnavailable),
    (ConnectionRefusedError(111, "refused"), DockerUnavailable),
])
def test_an_answer_is_distinguished_from_silence(error: Exception, kind: type[RunbookError]) -> None:
    ours = docker_error(error, "deploy@h:22")
    assert type(ours) is kind
    assert ours.where == "deploy@h:22"


def test_a_missing_engine_names_the_next_step() -> None:
    ours = docker_unavailable("Cannot connect to the Docker daemon", "deploy@h:22", "docker ps")
    assert "Cannot connect" in ours.what
    assert "group docker" in ours.next_step
    assert ours.command == "docker ps"  # type: ignore[attr-defined]


@pytest.mark.parametrize("reason", ["permission denied while trying to connect to the Docker daemon socket", "[Errno 13] Permission denied"])
def test_a_user_who_needs_sudo_for_docker_is_not_sent_to_look_at_the_engine(reason: str) -> None:
    """The engine ran all the time, and `systemctl status docker` showed nothing."""
    ours = docker_unavailable(reason, "deploy@h:22")
    assert ours.what == f"deploy may not use the Docker Engine on the server ({reason})."
    assert "usermod -aG docker deploy" in ours.next_step and "systemctl" not in ours.next_step
