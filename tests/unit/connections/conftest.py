"""Servers for tests of connections that need no network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.connections.local_server import LocalServer
from tests.unit.connections.sshd import Sshd


@pytest.fixture
def server(tmp_path: Path) -> LocalServer:
    """This machine as the server, with its directory in a fresh folder."""
    return LocalServer(tmp_path)


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    """An sshd in this process."""
    made = Sshd(tmp_path)
    yield made
    made.close()
