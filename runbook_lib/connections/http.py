"""HTTP to the environment's public address: TLS verified, nothing retried, no redirect followed, all of it bounded."""

from __future__ import annotations

import time
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3 import Timeout

from runbook_lib.connections import tls
from runbook_lib.connections.http_adapter import NamedAdapter
from runbook_lib.connections.translate import Over, translate_errors
from runbook_lib.core.errors import EndpointUnavailable
from runbook_lib.core.questions import HttpReply, TlsHandshake
from runbook_lib.environment.traffic import OURS

BODY_LIMIT = 20_000_000


class PublicHttp:
    """Requests to `url`. `connect_to` (host:port) replaces the address of the URL's host; the certificate and the Host
    header still are the URL's, so what is tested is what users get."""

    def __init__(self, url: str, *, connect_to: str | None = None, ca_file: str | None = None) -> None:
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        self._host = parts.netloc
        self._base = f"{parts.scheme}://{connect_to}" if connect_to else self.url
        dialled = urlsplit(self._base)
        self._name, self._ca_file = parts.hostname or "", ca_file
        self._address = (dialled.hostname or "", dialled.port or 443)
        self._session = requests.Session()
        self._session.headers["User-Agent"] = OURS + "check"
        self._session.trust_env = False  # no proxy, no .netrc: the operator's machine must not change the result
        self._session.verify = ca_file or True
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # each exchange stands alone
        self._session.mount("https://", NamedAdapter(parts.hostname or "" if connect_to else ""))
        self._session.mount("http://", NamedAdapter())

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        timeout_s: float = 10.0,
        follow_redirects: bool = False,
    ) -> HttpReply:
        """One exchange; any HTTP status is a reply. Raises EndpointUnavailable when there is none in `timeout_s`.

        That is one limit for all of it: the name, the connection, headers and body.
        """
        if not path.startswith("/"):
            raise ValueError(f"a path begins with '/': {path!r}")
        url = self.url + path
        started = time.monotonic()
        with translate_errors(self._host, url, over=Over.HTTP), self._session.request(
            method,
            self._base + path,
            json=json,
            data=form,
            headers={"Host": self._host, **(headers or {})},
            timeout=Timeout(total=timeout_s),  # type: ignore[arg-type]
            allow_redirects=follow_redirects,
            stream=True,
        ) as reply:
            body = _body(reply, url, started + timeout_s)
            seconds = time.monotonic() - started
            return HttpReply(url, reply.status_code, dict(reply.headers), body, seconds, reply.raw.tell())

    def handshake(self, *, timeout_s: float = 10.0) -> TlsHandshake:
        """The certificate as served, good or not. Raises EndpointUnavailable when there is no handshake at all."""
        return tls.handshake(self._name, self._address, self._ca_file, timeout_s)

    def accepts_protocol(self, protocol: str, *, timeout_s: float = 10.0) -> bool | None:
        """Whether the server speaks `TLSv1`, `TLSv1.1`, …; None when this machine cannot try."""
        return tls.accepts(self._name, self._address, protocol, timeout_s)

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()


def _body(reply: requests.Response, url: str, deadline: float) -> bytes:
    """The whole body; a server that sends a byte now and then does not outlive the deadline."""
    body = bytearray()
    # what has come, however little: to wait for a whole piece would let each byte begin the wait anew
    while chunk := reply.raw.read1(65_536, decode_content=True):
        body += chunk
        if time.monotonic() > deadline:
            raise EndpointUnavailable("The reply did not end in time.", where=url,
                                      next_step="Check the log of what answers there.")
        if len(body) > BODY_LIMIT:
            raise EndpointUnavailable(f"The reply is longer than {BODY_LIMIT // 1_000_000} MB.", where=url,
                                      next_step="Check what that address serves.")
    return bytes(body)
