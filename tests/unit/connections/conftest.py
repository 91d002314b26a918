"""A server for tests of connections that need no network."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.connections.local_server import LocalServer


@pytest.fixture
def server(tmp_path: Path) -> LocalServer:
    """This machine as the server, with its directory in a fresh folder."""
    return LocalServer(tmp_path)
