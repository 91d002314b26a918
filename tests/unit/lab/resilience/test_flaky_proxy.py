"""The proxy forwards both ways, and both ends see a cut, a reset and the end of the stream."""

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
    """A byte went through: the proxy knows both of its sockets, and a cut closes them."""
    near.sendall(b".")
    assert far.recv(1) == b"."


def test_bytes_arrive_both_ways(ends: Ends) -> None:
    near, far, *_ = ends
    near.sendall(b"there")
    assert far.recv(10) == b"there"
    far.sendall(b"and back")
    assert near.recv(10) == b"and back"


def test_the_server_sees_a_reset_as_the_end(ends: Ends) -> None:
    near, far, *_ = ends
    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # as a killed process leaves it
    near.close()
    assert far.recv(10) == b""


def test_both_ends_see_a_cut_and_no_connection_is_accepted_until_it_is_restored(ends: Ends) -> None:
    near, far, proxy, server = ends
    proxy.cut()
    assert far.recv(10) == b""
    assert near.recv(10) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port), timeout=60)
    proxy.restore()
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as again, server.accept()[0] as other:
        other.settimeout(5)
        passed(again, other)


def test_a_connection_that_is_made_in_the_moment_of_a_cut_is_cut_too(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.create_connection
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = FlakyProxy(*server.getsockname())

        def cut_meanwhile(target: tuple[str, int]) -> socket.socket:
            far = connect(target)
            proxy.cut()
            return far

        monkeypatch.setattr("lab.resilience.flaky_proxy.socket.create_connection", cut_meanwhile)
        with connect(("127.0.0.1", proxy.port)) as near, server.accept()[0] as far:
            for one in (near, far):
                one.settimeout(30)
                assert one.recv(1) == b""
