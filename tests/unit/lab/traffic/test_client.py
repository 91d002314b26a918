"""Replies are read as HTTP/1.1 defines them; every way in which one can be incomplete is named."""

from __future__ import annotations

import asyncio

import pytest

from lab.traffic.client import Client, Reply, RequestFailed


async def _ask(raw: bytes, *, ends: bool) -> Reply:
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        if ends:
            writer.write_eof()
        await reader.read()
        writer.transport.abort()
        over.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = Client(*await asyncio.open_connection("127.0.0.1", port, limit=1024), "example.org")
    try:
        return await asyncio.wait_for(client.request("GET", "/"), 60)
    finally:
        client.close()
        server.close()
        await asyncio.wait_for(over.wait(), 60)
        await asyncio.sleep(0)


def ask(raw: bytes, *, ends: bool = False) -> Reply:
    return asyncio.run(_ask(raw, ends=ends))


def test_a_reply_with_a_length_may_be_followed_by_another() -> None:
    assert ask(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") == Reply(200, b"ok", True)


def test_a_chunked_reply_is_put_together() -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\n\r\n"
    assert ask(raw).body == b"abcde"


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nConnection: close\r\n", b"HTTP/1.0 200 OK\r\n"])
def test_a_connection_that_the_server_closes_is_not_kept(head: bytes) -> None:
    assert ask(head + b"Content-Length: 0\r\n\r\n").keep_alive is False


def test_the_announced_idle_time_is_read() -> None:
    assert ask(b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=12\r\nContent-Length: 0\r\n\r\n").idle_s == 12.0


@pytest.mark.parametrize(("raw", "why"), [
    (b"", "connection closed without a reply"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "reply cut short"),
    (b"nonsense\r\n\r\n", "not an HTTP reply"),
    (b"HTTP/1.1 200 OK\r\n" + b"x" * 5000, "reply header too long"),
])
def test_an_incomplete_reply_says_why(raw: bytes, why: str) -> None:
    with pytest.raises(RequestFailed, match=why):
        ask(raw, ends=True)
