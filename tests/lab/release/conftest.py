"""A server on which an operator once ran `sudo docker login`: with each command the client says that it cannot read its configuration."""

from __future__ import annotations

import pytest

from tests.lab_server import Lab

OF_ROOT = "install -d -o deploy ~deploy/.docker && echo '{}' >~deploy/.docker/config.json && chmod 600 ~deploy/.docker/config.json"


@pytest.fixture(scope="module", autouse=True)
def _docker_configuration_of_root(lab: Lab) -> None:
    """Every deployment of this folder works there; one was stopped by what the client said."""
    lab.on_server("bash", "-c", OF_ROOT)
    assert "config.json: permission denied" in lab.on_server("bash", "-c", "docker ps 2>&1", user="deploy")
