"""A server without Docker: gone, forbidden, or never there. Said clearly, at once, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.operators import Operator, assert_error
from tests.lab_server import Lab


@contextmanager
def without(lab: Lab, how: str, back: str) -> Iterator[None]:
    lab.on_server("sh", "-c", how)
    try:
        yield
    finally:
        lab.on_server("sh", "-c", back)


@pytest.mark.parametrize(("how", "back", "notebook", "words"), [
    ("mv /run/docker.sock /run/docker.away", "mv /run/docker.away /run/docker.sock", "20_deploy", "No Docker Engine answers"),
    ("chmod 600 /run/docker.sock", "chmod 660 /run/docker.sock", "30_backup_database", "deploy may not use the Docker Engine on the server"),
    ("mv /usr/bin/docker /usr/bin/docker.away", "mv /usr/bin/docker.away /usr/bin/docker", "20_deploy", "No Docker Engine answers"),
], ids=["engine gone", "engine forbidden", "no docker at all"])
def test_a_server_without_docker(operator: Operator, lab: Lab, how: str, back: str, notebook: str, words: str) -> None:
    given = ("-p", "ref=v3.1.0") if notebook == "20_deploy" else ()
    serving = lab.serving()
    with without(lab, how, back):
        ended = operator.run(notebook, *given, apply=True)
    assert_error(ended, 4, "DockerUnavailable", words)
    assert lab.serving() == serving
