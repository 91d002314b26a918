"""An HTTPS server in this process, with the lab's own kind of certificate."""

from __future__ import annotations

import gzip
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lab.address import PUBLIC_NAME, Address


class Handler(BaseHTTPRequestHandler):
    """Repeats what it was asked; `/slow` sends a byte now and then, `/drip` of a header, `/moved` redirects, `/cookie` sets one, `/packed` is gzip."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *words: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        """Answer."""
        length = int(self.headers.get("Content-Length") or 0)
        body = json.dumps({"path": self.path, "host": self.headers["Host"], "cookie": self.headers["Cookie"],
                           "method": self.command, "body": self.rfile.read(length).decode()}).encode()
        self.send_response({"/moved": 302, "/missing": 404}.get(self.path, 200))
        if self.path == "/moved":
            self.send_header("Location", "/there")
        if self.path == "/cookie":
            self.send_header("Set-Cookie", "session=1")
        if self.path == "/slow":
            self.send_header("Content-Length", "600")
            self.end_headers()
            for _ in range(600):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
            return
        if self.path == "/drip":
            self._drip()
            return
        if self.path == "/packed":
            self._send_packed(b"0123456789" * 20_000)
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        """A header that never ends, a byte now and then."""
        self.flush_headers()
        self.wfile.write(b"X-Drip: ")
        for _ in range(600):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.1)

    def _send_packed(self, body: bytes) -> None:
        """Compressed and in pieces, as nginx sends what it compresses on the way."""
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        packed = gzip.compress(body)
        for start in range(0, len(packed), 7):
            piece = packed[start : start + 7]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    do_POST = do_GET


class HttpsServer:
    """Listens on loopback as PUBLIC_NAME; `ca_file` vouches for it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Address, "folder", folder)
        Address("test")._write_certificates()
        self.url = f"https://{PUBLIC_NAME}"
        self.ca_file = str(folder / "ca.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(folder / "fullchain.pem", folder / "privkey.pem")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # refused handshakes are wanted
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.connect_to = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
