"""HTTP/1.1 over one kept-alive connection: small, so that measuring costs little and nothing is sent twice."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from dataclasses import dataclass

MAX_HEAD_BYTES = 64 * 1024


class RequestFailed(Exception):
    """No complete reply came; the text says why in a few words."""


@dataclass(frozen=True)
class Reply:
    """Status and body of one reply, and whether the connection may be used again."""

    status: int
    body: bytes
    keep_alive: bool
    idle_s: float = float("inf")  # for how long the server keeps an idle connection, if it says so


@dataclass(frozen=True)
class Target:
    """Where an instance's public port answers on this machine."""

    host: str
    port: int
    name: str
    tls: ssl.SSLContext


class Client:
    """One connection, for one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str) -> None:
        self._reader, self._writer, self._name = reader, writer, name
        self._until = float("inf")

    @classmethod
    async def connect(cls, target: Target) -> Client:
        """Connect. Raises RequestFailed when nothing answers, or the handshake fails."""
        try:
            opened = await asyncio.open_connection(target.host, target.port, ssl=target.tls,
                                                   server_hostname=target.name, limit=MAX_HEAD_BYTES)
        except ConnectionRefusedError:
            raise RequestFailed("connection refused") from None
        except OSError as error:  # ssl.SSLError is one
            raise RequestFailed(f"no connection ({type(error).__name__})") from None
        return cls(*opened, target.name)

    @property
    def usable(self) -> bool:
        """False when the server has closed the idle connection, or is about to: no client would send on it."""
        return not (self._reader.at_eof() or self._writer.is_closing() or time.monotonic() >= self._until)

    async def request(self, method: str, path: str, body: bytes = b"", headers: str = "") -> Reply:
        """Send once and read the reply. Raises RequestFailed."""
        length = f"Content-Length: {len(body)}\r\nContent-Type: application/json\r\n" if method == "POST" else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._name}\r\nUser-Agent: lab-traffic\r\n{length}{headers}\r\n"
        try:
            self._writer.write(head.encode() + body)
            reply = await self._read()
            self._until = time.monotonic() + reply.idle_s
            return reply
        except asyncio.IncompleteReadError as cut:
            raise RequestFailed("reply cut short" if cut.partial else "connection closed without a reply") from None
        except asyncio.LimitOverrunError:
            raise RequestFailed("reply header too long") from None
        except OSError as error:
            raise RequestFailed(f"connection reset ({type(error).__name__})") from None

    def close(self) -> None:
        """Close at once, without TLS close notification."""
        self._writer.transport.abort()

    async def _read(self) -> Reply:
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        try:
            version, status = lines[0].split(" ")[:2]
            fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            code, length = int(status), int(fields.get("content-length", "0"))
        except ValueError:
            raise RequestFailed("not an HTTP reply") from None
        timeout = re.search(r"timeout=(\d+)", fields.get("keep-alive", ""))
        chunked = fields.get("transfer-encoding", "").lower() == "chunked"
        body = await self._chunks() if chunked else await self._reader.readexactly(length)
        return Reply(code, body, version == "HTTP/1.1" and fields.get("connection", "").lower() != "close",
                     float(timeout[1]) if timeout else float("inf"))

    async def _chunks(self) -> bytes:
        body = b""
        while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readuntil(b"\r\n")
        return body
