"""What `requests` connects through: one name's certificate, and one deadline for name, connection, headers and body.

The libraries' own limits begin anew with each byte that comes: a reply that drips would hold a question for hours.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from runbook_lib.connections.dialled import connect

CONNECTIONS = 32


class _Until(io.RawIOBase):
    """A socket's stream whose whole reply, headers and body, comes within `limit_s`, or not at all."""

    def __init__(self, stream: io.RawIOBase, taken: socket.socket, limit_s: float | None) -> None:
        self._stream, self._taken = stream, taken
        self._until = None if limit_s is None else time.monotonic() + limit_s

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """What has come, however little. Raises TimeoutError."""
        if self._until is not None:
            left_s = self._until - time.monotonic()
            if left_s <= 0:
                raise TimeoutError("no whole reply in time")
            self._taken.settimeout(left_s)
        return self._stream.readinto(buffer)

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()
        super().close()


class _Reply(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *words: Any, **options: Any) -> None:
        super().__init__(sock, *words, **options)
        stream: Any = self.fp
        self.fp = io.BufferedReader(_Until(stream.detach(), sock, sock.gettimeout()))


class _Bounded(HTTPConnection):
    response_class = _Reply

    def _new_conn(self) -> socket.socket:
        limit_s = float(self.timeout or 0.0)  # it may be None for no limit; ours always has one
        try:
            made = connect(self._dns_host, self.port, limit_s)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"no connection to {self.host} within {limit_s:.3g} s") from error
        except OSError as error:
            raise NewConnectionError(self, f"{error}") from error
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made


class _BoundedTls(_Bounded, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Bounded


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _BoundedTls


class NamedAdapter(HTTPAdapter):
    """Asks for, and insists on, the certificate of one name, whatever address is dialled; nothing is tried again."""

    def __init__(self, hostname: str = "") -> None:
        self._names = {"server_hostname": hostname, "assert_hostname": hostname} if hostname else {}
        super().__init__(max_retries=0, pool_maxsize=CONNECTIONS)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **{**options, **self._names})
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
