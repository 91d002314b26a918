"""Requests from inside a container: what is sent, and what each way to fail comes to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedServer
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable
from runbook_lib.core.questions import CommandResult
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.container_http import REQUESTS, ContainerHttp

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
                    "headers": {"Authorization": "Bearer t0ken"}, "timeout_s": 10.0, "follow": True, "keep_body": True}


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
    (142, "", "no reply"),
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


def test_a_problem_that_the_program_names_is_no_reply() -> None:
    with pytest.raises(EndpointUnavailable, match="/x gave no reply inside backend-blue: no reply: timed out"):
        asked(json.dumps({"problem": "no reply: timed out"}))[0].request("GET", "/x")


@pytest.mark.parametrize("text", [
    "", "null", "[]", "OCI runtime exec failed", json.dumps(REPLY)[:-5], json.dumps({"status": 200}),
    json.dumps(REPLY | {"status": "fine"}), json.dumps(REPLY | {"body": None}), json.dumps(REPLY | {"headers": 3}),
    json.dumps(REPLY | {"body": "\ud800"}), json.dumps(REPLY | {"base64": "?"}), json.dumps(REPLY | {"base64": None}),
])
def test_a_reply_in_another_form_is_unreadable(text: str) -> None:
    with pytest.raises(FactUnreadable, match="cannot be read"):
        asked(text)[0].request("GET", "/health")


class Talk:
    """A program that answers `answers`, one a line, and then has ended."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.ended = list(answers), False

    def ask(self, line: str, *, timeout_s: float) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Host:
    """A server whose programs are `talks`, one after the other; `open` is how many of them run."""

    address = "here"

    def __init__(self, *talks: Talk) -> None:
        self.talks, self.started, self.open = list(talks), 0, 0

    @contextmanager
    def converse(self, command: Command) -> Iterator[Talk]:
        self.started, self.open = self.started + 1, self.open + 1
        try:
            yield self.talks.pop(0)
        finally:
            self.open -= 1


def test_one_program_sends_all_requests_of_a_block_and_ends_with_it() -> None:
    host: Any = Host(Talk(*[json.dumps(REPLY)] * 3))
    with ContainerHttp(host, "backend-blue") as http:
        assert host.started == 0, "nothing is started before the first request"
        http.request("GET", "/health")
        assert http.at("http://frontend-blue:3000").request("GET", "/").url == "http://frontend-blue:3000/"
        http.request("GET", "/health")
        assert (host.started, host.open) == (1, 1)
    assert (host.started, host.open) == (1, 0)


def test_a_container_that_was_started_anew_gets_another_program() -> None:
    first, second = Talk(json.dumps(REPLY)), Talk(json.dumps(REPLY))
    host: Any = Host(first, second)
    with ContainerHttp(host, "backend-blue") as http:
        http.request("GET", "/health")
        first.ended = True
        assert http.request("GET", "/health").status == 200
        assert (host.started, host.open) == (2, 1)
    assert host.open == 0


def test_a_request_that_is_cut_short_is_not_sent_twice() -> None:
    host: Any = Host(Talk(CommandResult("", 137, "", "", 0.1)), Talk(json.dumps(REPLY)))
    with ContainerHttp(host, "backend-blue") as http:
        with pytest.raises(EndpointUnavailable, match="gave no reply inside backend-blue: no reply"):
            http.request("POST", "/squads", json={})
        assert (host.started, host.open) == (1, 0)
        assert http.request("GET", "/squads").status == 200
    assert host.open == 0


class Application(BaseHTTPRequestHandler):
    """Replies with what it was asked; 404 at /missing, a picture at /picture, elsewhere at /moved, half a reply at /cut."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        self._reply(404 if self.path == "/missing" else 201, json.dumps({"sent": body, "kind": self.headers["Content-Type"],
                                                                         "token": self.headers["Authorization"]}).encode())

    def do_GET(self) -> None:
        if self.path == "/cut":
            self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        elif self.path == "/nonsense":
            self.wfile.write(b"SSH-2.0\r\n")
        else:
            self._reply(302 if self.path == "/moved" else 200, PICTURE if self.path == "/picture" else "Zoë".encode())

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("X-Request-ID", "r-1")
        if status == 302:
            self.send_header("Location", "/picture")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


PICTURE = b"\x89PNG\xff"


@pytest.fixture
def base() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Application) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Here(Host):
    """A server that is this machine; `programs` are the processes that were started."""

    def __init__(self, requests: str = REQUESTS) -> None:
        super().__init__()
        self.requests, self.programs = requests, list[subprocess.Popen[str]]()

    @contextmanager
    def converse(self, command: Command) -> Iterator[Any]:
        assert command.argv[-2:] == ("-c", REQUESTS)
        process = subprocess.Popen([sys.executable, "-c", self.requests], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env={**os.environ, "http_proxy": "http://127.0.0.1:1"})
        self.programs.append(process)

        def ask(line: str, *, timeout_s: float) -> str | CommandResult:
            assert process.stdin
            assert process.stdout
            process.stdin.write(line + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
            return answer.rstrip("\n") if answer else CommandResult("", process.wait(), "", "", 0.1)

        yield SimpleNamespace(ask=ask, ended=False)
        process.communicate(timeout=60)


def at(base: str, host: Any = None) -> ContainerHttp:
    served: Any = host or Here()
    return ContainerHttp(served, "backend-blue", base)


def test_the_program_in_the_container_sends_what_it_is_asked_and_ends_with_its_input(base: str) -> None:
    host = Here()
    with at(base, host) as http:
        for path, status in (("/made", 201), ("/missing", 404)):
            reply = http.request("POST", path, json={"a": 1}, headers={"Authorization": "Bearer x"})
            assert (reply.status, reply.request_id) == (status, "r-1")
            assert reply.json() == {"sent": '{"a": 1}', "kind": "application/json", "token": "Bearer x"}
            assert 0 < reply.seconds < 60
        form = http.request("POST", "/made", form={"a": "1 &"}).json()
        assert (form["sent"], form["kind"]) == ("a=1+%26", "application/x-www-form-urlencoded")
        assert http.request("GET", "/").text == "Zoë"
        assert http.request("GET", "/moved").body == PICTURE
    (program,) = host.programs
    assert program.returncode == 0


def test_a_page_gets_every_byte_and_the_redirect_itself(base: str) -> None:
    with at(base) as http:
        assert http.as_it_is("GET", "/picture", {}, None, 10.0).body == PICTURE
        moved = http.as_it_is("GET", "/moved", {}, None, 10.0)
        assert (moved.status, moved.header("location")) == (302, "/picture")
        sent = http.as_it_is("POST", "/made", {"Content-Type": "text/plain"}, "ü", 10.0).json()
        assert (sent["sent"], sent["kind"]) == ("ü", "text/plain")


def test_a_file_counts_when_the_whole_of_it_could_be_read(base: str) -> None:
    with at(base) as http:
        assert http.status("/picture", timeout_s=10) == 200
        for ask in (lambda: http.status("/cut", timeout_s=10), lambda: http.request("GET", "/cut")):
            with pytest.raises(EndpointUnavailable, match="the reply ends after 4 of 100 bytes"):
                ask()


def test_one_request_that_fails_ends_no_other(base: str) -> None:
    host = Here()
    with HTTPServer(("127.0.0.1", 0), Application) as server:
        free = f"http://127.0.0.1:{server.server_port}"
    with at(base, host) as http:
        with pytest.raises(EndpointUnavailable, match=r"inside backend-blue: no reply: .*refused"):
            http.at(free).request("GET", "/")
        with pytest.raises(EndpointUnavailable, match=r"BadStatusLine: SSH-2\.0"):
            http.request("GET", "/nonsense")
        assert http.request("GET", "/").status == 200
    assert len(host.programs) == 1


def test_a_reply_that_is_too_long_is_named(base: str) -> None:
    with at(base, Here(REQUESTS.replace("20_000_000", "3"))) as http, pytest.raises(EndpointUnavailable, match="longer than 3"):
        http.request("GET", "/")


def test_a_program_whose_input_stays_open_ends_by_its_own_clock() -> None:
    assert "IDLE_S, MARGIN_S = 60, 30" in REQUESTS
    process = subprocess.Popen([sys.executable, "-c", REQUESTS.replace("IDLE_S, MARGIN_S = 60, 30", "IDLE_S, MARGIN_S = 1, 1")],
                               stdin=subprocess.PIPE)
    assert process.wait(60) == -signal.SIGALRM
    assert process.stdin
    process.stdin.close()
