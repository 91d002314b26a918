"""An application with accounts, as HTTPS in this process: what a load makes and removes can be counted, and made to fail."""

from __future__ import annotations

import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lab.address import PUBLIC_NAME, Address

FLOW: list[dict[str, Any]] = [
    {"name": "open the page", "path": "/"},
    {"name": "register", "method": "POST", "path": "/register", "status": 201,
     "json_body": {"username": "${word}", "password": "${password}"}},
    {"name": "log in", "method": "POST", "path": "/login", "json_body": {"username": "${word}", "password": "${password}"},
     "keep": {"access": "token"}},
    {"name": "read", "path": "/items", "times": 2},
    {"name": "delete the account", "method": "DELETE", "path": "/me", "status": 204,
     "headers": {"Authorization": "Bearer ${access}"}, "always": True},
]


class Application:
    """Listens on loopback as PUBLIC_NAME. `delay_s` before each reply; `fails(path)`: the status that a request gets instead."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Address, "folder", folder)
        Address("test")._write_certificates()
        self.url, self.ca_file = f"https://{PUBLIC_NAME}", str(folder / "ca.pem")
        self.accounts: dict[str, str] = {}
        self.made = 0
        self.requests: list[str] = []
        self.delay_s = 0.0
        self.fails: dict[str, int] = {}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(folder / "fullchain.pem", folder / "privkey.pem")

        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Closed connections are wanted."""

            def finish_request(self, request: Any, client_address: Any) -> None:
                # in the connection's own thread: a client that is slow to shake hands holds no other
                with context.wrap_socket(request, server_side=True) as wrapped:
                    super().finish_request(wrapped, client_address)

        self._server = Server(("127.0.0.1", 0), self._handler())
        self.connect_to = f"127.0.0.1:{self._server.server_address[1]}"
        self._serving = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._serving.start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()

    def reply(self, method: str, path: str, body: dict[str, Any], token: str) -> tuple[int, dict[str, Any]]:
        """What the application answers."""
        self.requests.append(f"{method} {path}")
        time.sleep(self.delay_s)
        if path in self.fails:
            return self.fails[path], {}
        if path == "/register":
            self.made += 1
            self.accounts[body["username"]] = body["password"]
            return 201, {}
        if path == "/login":
            good = self.accounts.get(body["username"]) == body["password"]
            return (200, {"token": body["username"]}) if good else (401, {})
        if path == "/me":
            return (204, {}) if self.accounts.pop(token, None) else (401, {})
        return 200, {"items": []}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        application = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *words: object) -> None:
                """Nothing."""

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
                status, document = application.reply(self.command, self.path.partition("?")[0], body, token)
                content = b"" if status == 204 else json.dumps(document).encode()
                self.send_response(status)
                if status in (301, 302):
                    self.send_header("Location", "https://elsewhere.example.com/")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_PUT = do_DELETE = do_GET

        return Handler


def job(**changes: Any) -> dict[str, Any]:
    """A small load of that application, as the generator takes it."""
    from runbook_lib.environment.load_test import FlowStep

    steps = [FlowStep.model_validate(step) for step in FLOW]
    flow = [step.model_dump() | {"placeholders": step.placeholders} for step in steps]
    return {"model": "open", "loads": [5.0], "stage_s": 2.0, "flow": flow, "timeout_s": 20.0, "error_budget_percent": 5.0,
            "minimum_requests": 20, "p95_ms": 30_000.0, "error_rate_percent": 50.0} | changes
