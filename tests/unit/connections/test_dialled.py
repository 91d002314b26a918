"""A connection is there within its limit, whatever the name server and the addresses of a name do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from runbook_lib.connections import dialled, tls
from runbook_lib.connections.http import PublicHttp
from runbook_lib.core.errors import NameUnresolved


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A name server that says nothing."""
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(600))
    yield
    released.set()


def test_a_name_server_that_says_nothing_is_a_name_that_does_not_resolve(silent: None) -> None:
    began = time.monotonic()
    with pytest.raises(NameUnresolved, match=r"shop\.example does not resolve on this machine"):
        PublicHttp("https://shop.example").request("GET", "/", timeout_s=0.3)
    with pytest.raises(NameUnresolved):
        tls.handshake("shop.example", ("shop.example", 443), None, 0.3)
    with pytest.raises(NameUnresolved):
        PublicHttp("http://shop.example").request("GET", "/", timeout_s=0.3)
    assert time.monotonic() - began < 30


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def named(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found: Any = [(socket.AF_INET, address) for address in addresses]
    monkeypatch.setattr(dialled, "resolve", lambda host, port, limit_s: [(family, (one, port)) for family, one in found])


def test_an_address_that_refuses_leaves_the_next_one(monkeypatch: pytest.MonkeyPatch, listening: int) -> None:
    named(monkeypatch, "127.0.0.2", "127.0.0.1")
    with dialled.connect("shop.example", listening, 5.0) as made:
        assert made.getpeername() == ("127.0.0.1", listening)
        timeout = made.gettimeout()
        assert timeout is not None and 0 < timeout <= 5.0


def test_addresses_that_swallow_everything_have_the_limit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each had all of it: with two addresses a limit of 6 s was one of 12."""

    limits: list[float] = []

    class Swallows(socket.socket):
        def connect(self, address: Any) -> None:
            limits.append(self.gettimeout() or 0.0)
            time.sleep(limits[-1])
            raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "socket", Swallows)
    named(monkeypatch, "192.0.2.1", "192.0.2.2", "192.0.2.3")
    with pytest.raises(TimeoutError):
        dialled.connect("shop.example", 443, 0.3)
    assert len(limits) == 3
    assert limits[0] <= 0.11, "the first leaves the others their share"


def test_an_address_of_a_kind_that_this_machine_has_not_leaves_the_other(monkeypatch: pytest.MonkeyPatch, listening: int) -> None:
    """With IPv6 switched off in the kernel its sockets cannot even be made: nothing was connected, and that was the only reason shown."""

    class WithoutIpv6(socket.socket):
        def __init__(self, family: int = -1, *words: Any, **options: Any) -> None:
            if family == socket.AF_INET6:
                raise OSError(97, "Address family not supported by protocol")
            super().__init__(family, *words, **options)

    monkeypatch.setattr(socket, "socket", WithoutIpv6)
    both = [(socket.AF_INET6, ("::1", listening, 0, 0)), (socket.AF_INET, ("127.0.0.1", listening))]
    monkeypatch.setattr(dialled, "resolve", lambda *_: both)
    dialled.connect("shop.example", listening, 5.0).close()
    refused = [(socket.AF_INET, ("127.0.0.2", listening)), both[0]]
    monkeypatch.setattr(dialled, "resolve", lambda *_: refused)
    with pytest.raises(ConnectionRefusedError):
        dialled.connect("shop.example", listening, 5.0)


def test_a_name_without_an_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch)
    with pytest.raises(OSError, match="has no address"):
        dialled.connect("shop.example", 443, 1.0)
