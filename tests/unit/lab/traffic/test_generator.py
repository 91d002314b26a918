"""The generator against small servers that misbehave: each way to fail is counted, once, and nothing is sent twice."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from lab import address
from lab.address import PUBLIC_NAME, Address
from lab.traffic.client import Target
from lab.traffic.counters import Counters, LoadResult
from lab.traffic.generator import Generator
from lab.traffic.virtual_user import VirtualUser

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[bool]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the certificates of an instance."""
    folder = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(address, "state", lambda: folder)
        patch.setattr(address, "server_secrets", lambda application: [])
        Address("double").create()
    return folder / "double"


def load_result_of(authority: Path, answer: Serve | None, *, rate: float = 40, seconds: float = 0.5,
               timeout_s: float = 30.0) -> tuple[LoadResult, int]:
    """The result of a short load on a server that answers so; and how many requests reached it."""
    return asyncio.run(_drive(authority, answer, rate, seconds, timeout_s))


async def _drive(authority: Path, answer: Serve | None, rate: float, seconds: float,
                 timeout_s: float) -> tuple[LoadResult, int]:
    arrived = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        try:
            while answer is not None:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
                body = await reader.readexactly(int(length[0].split(b":")[1])) if length else b""
                arrived += 1
                if not await answer(reader, writer, head + body):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    here, there = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    here.load_cert_chain(authority / "fullchain.pem", authority / "privkey.pem")
    there.load_verify_locations(authority / "ca.pem")
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=here)
    port = server.sockets[0].getsockname()[1]
    if answer is None:
        server.close()
        await server.wait_closed()
    counters = Counters(0.0, rate)
    target = Target("127.0.0.1", port, PUBLIC_NAME, there)
    generator = Generator(target, VirtualUser("v", "a", "r"), counters, timeout_s=timeout_s, kept_alive=4)
    await generator.run(rate, seconds, asyncio.Event())
    server.close()
    return counters.result(), arrived


def right_reply(request: bytes) -> bytes:
    if not request.startswith(b"POST"):
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    if b"/logout" in request:
        return b"HTTP/1.1 204 No Content\r\n\r\n"
    body = request.split(b"\r\n\r\n", 1)[1]
    return b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def good(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bool:
    writer.write(right_reply(request))
    return True


def test_a_good_server_fails_no_request(authority: Path) -> None:
    result, arrived = load_result_of(authority, good)
    assert (result.sent, result.failed, arrived) == (20, 0, 20)
    assert result.posts == 10


def test_a_connection_that_the_server_closes_with_notice_is_not_a_failure(authority: Path) -> None:
    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bool:
        writer.write(right_reply(request).replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        await writer.drain()
        return False

    result, arrived = load_result_of(authority, closing)
    assert (result.failed, arrived) == (0, 20)


def test_a_connection_whose_announced_time_is_over_is_not_used_again(authority: Path) -> None:
    met: set[asyncio.StreamWriter] = set()

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bool:
        if writer in met:
            return False
        met.add(writer)
        writer.write(right_reply(request).replace(b"\r\n", b"\r\nKeep-Alive: timeout=0\r\n", 1))
        return True

    result, arrived = load_result_of(authority, once)
    assert (result.failed, arrived) == (0, 20)


def test_a_connection_cut_under_a_request_is_a_failure_and_is_not_sent_again(authority: Path) -> None:
    async def cutting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bool:
        return False

    result, arrived = load_result_of(authority, cutting)
    assert (result.failed, arrived) == (20, 20)


def test_an_error_page_is_a_failure(authority: Path) -> None:
    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bool:
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        return True

    result, _ = load_result_of(authority, broken)
    assert result.reasons == {"status 502": 20}


def test_silence_is_a_failure_after_its_time(authority: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bool:
        await asyncio.sleep(1)
        return False

    result, _ = load_result_of(authority, silent, timeout_s=0.2)
    assert result.reasons == {"no reply within 0.2 s": 20}


def test_half_a_reply_is_a_failure(authority: Path) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
        await writer.drain()
        return False

    result, _ = load_result_of(authority, half)
    assert result.failed == 20


def test_a_closed_port_fails_every_request(authority: Path) -> None:
    result, _ = load_result_of(authority, None)
    assert result.reasons == {"connection refused": 20}
