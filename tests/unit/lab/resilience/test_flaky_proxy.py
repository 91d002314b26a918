"""The proofs' link to a server: what one end does, the other end hears."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from lab.resilience.flaky_proxy import FlakyProxy

Ends = tuple[socket.socket, socket.socket, FlakyProxy, socket.socket]  # an operator's, the server's, between them, the listener


@pytest.fixture
def ends() -> Iterator[Ends]:
    """An operator's connection through a proxy, and the server's end of it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = FlakyProxy(*server.getsockname())
        near = socket.create_connection(("127.0.0.1", proxy.port))
        far, _ = server.accept()
        far.settimeout(5)
        near.settimeout(5)
        passed(near, far)
        with near, far:
            yield near, far, proxy, server
        proxy.cut()


def passed(near: socket.socket, far: socket.socket) -> None:
    """A byte went through: both of the cable's own ends are known to it, and a cut closes them."""
    near.sendall(b".")
    assert far.recv(1) == b"."


def test_what_is_said_arrives_both_ways(ends: Ends) -> None:
    near, far, *_ = ends
    near.sendall(b"there")
    assert far.recv(10) == b"there"
    far.sendall(b"and back")
    assert near.recv(10) == b"and back"


def test_a_reset_is_heard_by_the_server_as_an_end(ends: Ends) -> None:
    near, far, *_ = ends
    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # as a killed process leaves it
    near.close()
    assert far.recv(10) == b""


def test_a_cut_is_heard_by_both_and_nobody_gets_through_until_it_is_mended(
    ends: Ends
) -> None:
    near, far, proxy, server = ends
    proxy.cut()
    assert far.recv(10) == b""
    assert near.recv(10) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port), timeout=2)
    proxy.restore()
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=2) as again, server.accept()[0] as other:
        other.settimeout(5)
        passed(again, other)
