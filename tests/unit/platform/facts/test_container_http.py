"""Requests from inside a container: what is sent, and what each way to fail comes to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedServer
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.container_http import REQUEST, ContainerHttp

ENVIRONMENT = load_environment("staging")
REPLY = {"status": 200, "headers": {"x-request-id": "abc"}, "body": '{"name": "Zoë"}', "seconds": 0.02}


def asked(answer: Any, *, is_service: bool = False) -> tuple[ContainerHttp, ScriptedServer]:
    server = ScriptedServer({"docker exec": answer})
    http = ContainerHttp.of_service(server, ENVIRONMENT, "backend-blue") if is_service else ContainerHttp(server, "backend-blue")
    return http, server


def test_a_reply_has_status_headers_body_and_time() -> None:
    reply = asked(json.dumps(REPLY))[0].request("GET", "/health")
    assert (reply.url, reply.status, reply.request_id, reply.seconds) == ("http://127.0.0.1:8000/health", 200, "abc", 0.02)
    assert reply.json() == {"name": "Zoë"}


@pytest.mark.parametrize("status", [301, 404, 429, 500, 503])
def test_any_status_is_a_reply(status: int) -> None:
    assert asked(json.dumps(REPLY | {"status": status}))[0].request("GET", "/").status == status


def test_a_password_goes_by_standard_input_and_is_in_no_argument() -> None:
    http, server = asked(json.dumps(REPLY))
    http.request("POST", "/login", json={"password": "hunter2-secret"}, headers={"Authorization": "Bearer t0ken"})
    (command,) = server.asked
    assert "hunter2-secret" not in str(command) and "t0ken" not in str(command)
    sent = json.loads(str(command.stdin))
    assert sent == {"method": "POST", "url": "http://127.0.0.1:8000/login", "json": {"password": "hunter2-secret"},
                    "headers": {"Authorization": "Bearer t0ken"}, "timeout_s": 10.0}


def test_a_service_is_found_by_its_labels_and_a_container_by_its_name() -> None:
    by_name, server = asked(json.dumps(REPLY))
    by_name.request("GET", "/")
    assert server.asked[0].argv[:4] == ("docker", "exec", "--interactive", "backend-blue")
    by_label, server = asked(json.dumps(REPLY), is_service=True)
    by_label.request("GET", "/")
    assert "com.docker.compose.service" in str(server.asked[0])


@pytest.mark.parametrize(("code", "stderr", "reason"), [
    (1, "no reply: <urlopen error [Errno 111] Connection refused>\n", "Connection refused"),
    (1, "no reply: timed out\n", "timed out"),
    (126, "no container of backend-blue is running\n", "no container of backend-blue is running"),
    (137, "", "no reply"),
    (1, "Traceback (most recent call last):\n  File \"<string>\"\nhttp.client.BadStatusLine: SSH-2.0\n", "BadStatusLine: SSH-2.0"),
])
def test_no_reply_is_unavailable_with_its_reason_and_where(code: int, stderr: str, reason: str) -> None:
    with pytest.raises(EndpointUnavailable, match=reason) as caught:
        asked((code, "", stderr))[0].request("GET", "/health")
    assert caught.value.where == "http://127.0.0.1:8000/health"
    assert "docker logs" in (caught.value.next_step or "")


def test_an_engine_that_does_not_answer_is_not_an_application_that_does_not() -> None:
    with pytest.raises(FactUnreadable, match="125"):
        asked((125, "", "Cannot connect to the Docker daemon"))[0].request("GET", "/health")


@pytest.mark.parametrize("text", [
    "", "null", "[]", "OCI runtime exec failed", json.dumps(REPLY)[:-5], json.dumps({"status": 200}),
    json.dumps(REPLY | {"status": "fine"}), json.dumps(REPLY | {"body": None}), json.dumps(REPLY | {"headers": 3}),
    json.dumps(REPLY | {"body": "\ud800"}),
])
def test_a_reply_in_another_form_is_unreadable(text: str) -> None:
    with pytest.raises(FactUnreadable, match="cannot be read"):
        asked(text)[0].request("GET", "/health")


class Application(BaseHTTPRequestHandler):
    """Replies with what it was asked, and 404 below /missing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        text = json.dumps({"sent": json.loads(body), "token": self.headers["Authorization"]}).encode()
        self.send_response(404 if self.path == "/missing" else 201)
        self.send_header("X-Request-ID", "r-1")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def base() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Application) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run_program(url: str) -> subprocess.CompletedProcess[str]:
    sent = {"method": "POST", "url": url, "json": {"a": 1}, "headers": {"Authorization": "Bearer x"}, "timeout_s": 60}
    return subprocess.run([sys.executable, "-c", REQUEST], input=json.dumps(sent), text=True, capture_output=True, timeout=120)


def test_the_program_in_the_container_prints_the_reply_of_any_status(base: str) -> None:
    for path, status in (("/made", 201), ("/missing", 404)):
        reply = json.loads(run_program(base + path).stdout)
        assert (reply["status"], reply["headers"]["X-Request-ID"]) == (status, "r-1")
        assert json.loads(reply["body"]) == {"sent": {"a": 1}, "token": "Bearer x"}
        assert 0 < reply["seconds"] < 60


def test_the_program_says_in_one_line_that_nothing_listens() -> None:
    with HTTPServer(("127.0.0.1", 0), Application) as server:
        free = server.server_port
    done = run_program(f"http://127.0.0.1:{free}/")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("no reply: ") and "refused" in done.stderr
