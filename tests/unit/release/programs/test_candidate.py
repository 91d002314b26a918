"""A candidate's program: it is stopped before it is removed, and its server is asked with TLS or without."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.address import Address
from runbook_lib.release.facts.candidate import candidate_program, parse_reply

# $STATE/there: the container. $ADDRESS is its own
DOCKER = r"""#!/bin/bash
echo "$*" >>"$STATE/log"
[[ -z $MUTE ]] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
case $* in
    *NetworkSettings*) echo "$ADDRESS" ;;
    ps*name=*) [[ ! -e $STATE/there ]] || echo 0123 ;;
    rm*) rm -f "$STATE/there" ;;
    logs*) echo "its last line" ;;
esac
exit 0
"""
REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
WRONG = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text(DOCKER)
    (tmp_path / "bin/docker").chmod(0o755)
    return tmp_path


def do(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = candidate_program(*words, timeout_s=60)
    given = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "STATE": str(folder), "ADDRESS": "127.0.0.1", "MUTE": ""}
    return subprocess.run(command.argv, input=str(command.stdin), text=True, capture_output=True, timeout=60,
                          env={**given, **settings})


def log(folder: Path) -> list[str]:
    return [line.split()[0] for line in (folder / "log").read_text().splitlines()]


def test_it_has_its_time_to_stop_before_it_is_removed(folder: Path) -> None:
    (folder / "there").touch()
    done = do(folder, "end", "shop-candidate-web")
    assert (done.returncode, done.stdout) == (0, "its last line\n")
    assert log(folder) == ["logs", "ps", "stop", "rm", "ps"]


def test_where_there_is_none_its_end_passes(folder: Path) -> None:
    assert do(folder, "end", "shop-candidate-web").returncode == 0
    assert "rm" not in log(folder)


def test_an_engine_that_does_not_answer_has_not_ended_it(folder: Path) -> None:
    (folder / "there").touch()
    assert do(folder, "end", "shop-candidate-web", MUTE="1").returncode == 1
    assert do(folder, "state", "shop", "db", "shop", "shop", "5", "shop-candidate-web", MUTE="1").returncode == 1


def test_one_that_is_gone_is_a_state(folder: Path) -> None:
    done = do(folder, "state", "shop", "db", "shop", "shop", "5", "shop-candidate-web")
    assert (done.returncode, done.stdout) == (0, "absent\n")


SICK = r"""#!/bin/bash
case $* in
    *Health.Log*) echo 'health check, exit code 1: curl: (22) 500' ;;
    inspect*) echo 'running unhealthy 0' ;;
    logs*) printf '%s\n' 'Traceback (most recent call last):' '  File "/app/app.py"' 'UndefinedColumn: no due_at' '"GET /healthz" 500' ;;
esac
exit 0
"""


def test_one_that_is_not_healthy_ends_with_what_was_raised_and_not_with_an_access_line(folder: Path) -> None:
    (folder / "bin/docker").write_text(SICK)
    done = do(folder, "start", "shop", "db", "shop", "shop", "5", "shop-candidate-web", "5", "1", "true")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-2:] == ['"GET /healthz" 500', "UndefinedColumn: no due_at"]
    assert "health check, exit code 1: curl: (22) 500" in done.stderr


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server on a free port that treats each connection so."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    try:
                        serve(connection)
                    except OSError:
                        continue

        threading.Thread(target=accept, daemon=True).start()
        yield str(server.getsockname()[1])


def plain(connection: socket.socket) -> None:
    connection.sendall(REPLY if connection.recv(65536).startswith(b"GET ") else WRONG)


def closes_on_tls(connection: socket.socket) -> None:
    if connection.recv(65536).startswith(b"GET "):
        connection.sendall(REPLY)


def waits_on_tls(connection: socket.socket) -> None:
    received = connection.recv(65536)
    if received.startswith(b"GET "):
        connection.sendall(REPLY)
        return
    while received:  # for the end of a line of HTTP, which a handshake has not
        received = connection.recv(65536)


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The lab's own kind of certificate."""
    monkeypatch.setattr(Address, "folder", tmp_path)
    Address("test")._write_certificates()
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(tmp_path / "fullchain.pem", tmp_path / "privkey.pem")
    return found


def with_tls(context: ssl.SSLContext, reply: bytes) -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65536)
            secure.sendall(reply)

    return serve


def ask(folder: Path, port: str) -> tuple[int, int | None, str]:
    done = do(folder, "ask", "shop-candidate-web", port, "https://shop.example.com", "/items?q=[1]")
    reply = parse_reply(done.stdout, "/")
    return done.returncode, reply.status if reply else None, done.stderr


@pytest.mark.parametrize("serve", [plain, closes_on_tls, waits_on_tls])
def test_a_server_without_tls_answers(folder: Path, serve: Callable[[socket.socket], None]) -> None:
    """Found by trying: only one that answered a handshake with text was asked without TLS."""
    with listening(serve) as port:
        assert ask(folder, port) == (0, 200, "")


def test_a_server_with_tls_answers(folder: Path, context: ssl.SSLContext) -> None:
    with listening(with_tls(context, REPLY)) as port:
        assert ask(folder, port) == (0, 200, "")


def test_one_that_speaks_neither_is_shown_with_both_errors(folder: Path) -> None:
    with listening(lambda connection: None) as port:
        code, status, shown = ask(folder, port)
    assert (code != 0, status) == (True, None)
    assert "; with TLS: curl: (35)" in shown


def test_one_that_has_tls_and_does_not_answer_is_not_asked_without(folder: Path, context: ssl.SSLContext) -> None:
    with listening(with_tls(context, b"")) as port:
        code, _, shown = ask(folder, port)
    assert code in (52, 56) and "with TLS:" not in shown


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_application_sees_how_its_users_come(folder: Path, scheme: str) -> None:
    """Where they come by plain http, one that insists on https would have answered with its page alone."""
    seen: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        seen.append(connection.recv(65536))
        plain_reply = seen[-1].startswith(b"GET ")
        connection.sendall(REPLY if plain_reply else b"what?\n")

    with listening(serve) as port:
        assert do(folder, "ask", "shop-candidate-web", port, f"{scheme}://shop.example.com", "/").returncode == 0
    asked = seen[-1].decode().splitlines()
    assert f"X-Forwarded-Proto: {scheme}" in asked and "Host: shop.example.com" in asked


def test_no_proxy_of_the_server_is_asked(folder: Path) -> None:
    with listening(plain) as port:
        done = do(folder, "ask", "shop-candidate-web", port, "https://shop.example.com", "/", http_proxy="http://127.0.0.1:9",
                  https_proxy="http://127.0.0.1:9")
    assert done.returncode == 0


@pytest.mark.parametrize("address", ["::1", "invalid IP\n::1", "\n::1"])
def test_a_server_whose_network_has_only_the_newer_addresses_is_asked_there(folder: Path, address: str) -> None:
    # whether this machine has such addresses or not: it is asked at the one that Docker gives
    shown = do(folder, "ask", "x", "9", "https://shop.example.com", "/", ADDRESS=address).stderr
    assert "port 9" in shown and "resolve" not in shown


@pytest.mark.parametrize("address", ["", "invalid IP\ninvalid IP"])
def test_without_an_address_nothing_is_asked(folder: Path, address: str) -> None:
    """An engine since 29 shows an address that there is not as `invalid IP`."""
    done = do(folder, "ask", "shop-candidate-web", "80", "https://shop.example.com", "/", ADDRESS=address)
    assert (done.returncode, done.stderr.strip()) == (1, "the candidate has no address")
