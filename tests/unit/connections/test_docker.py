"""The Docker SDK over a stream of our link: one session a connection, and the reason where no engine answers."""

from __future__ import annotations

import json
import socket
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.connections.docker import DIAL, ServerDocker
from runbook_lib.core.errors import DockerUnavailable, FactUnreadable, LinkDropped

REPLIES = {"/version": (200, {"ApiVersion": "1.43", "Version": "24"}), "/_ping": (200, "OK"),
           "/containers/json": (200, []), "/missing": (404, {"message": "no such thing"})}


class Engine:
    """The server: each stream that is opened is a connection to an engine, as `docker system dial-stdio` makes one."""

    def __init__(self, stderr: str = "", *, answers: bool = True) -> None:
        self.address = "deploy@h:22"
        self.link = SimpleNamespace(host="::1", transport=lambda: None, open_stream=self._open)
        self.streams: list[tuple[str, ...]] = []
        self._stderr, self._answers = stderr, answers

    def execute(self, command: Any) -> Any:
        return SimpleNamespace(stderr=self._stderr)

    def _open(self, argv: tuple[str, ...], doing: str, timeout_s: float) -> socket.socket:
        self.streams.append(argv)
        ours, theirs = socket.socketpair()
        if self._answers:
            threading.Thread(target=_serve, args=(theirs,), daemon=True).start()
        else:
            theirs.close()
        return ours


def _serve(connection: socket.socket) -> None:
    with connection, connection.makefile("rwb") as stream:
        while line := stream.readline():
            path = line.decode().split()[1].partition("?")[0]
            while stream.readline() not in (b"\r\n", b""):
                pass
            status, body = next((reply for end, reply in REPLIES.items() if path.endswith(end)), (404, {"message": "none"}))
            text = body if isinstance(body, str) else json.dumps(body)
            stream.write(f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
            stream.flush()


def test_a_client_speaks_the_engines_version_over_one_kept_session() -> None:
    server = Engine()
    docker = ServerDocker(server)  # type: ignore[arg-type]
    assert docker.client().containers.list() == []
    assert docker.ask(lambda client: client.version()["Version"], "ask") == "24"
    assert server.streams == [DIAL]
    assert docker.client() is docker.client()
    docker.close()
    docker.close()


def test_a_refusal_of_the_engine_is_unreadable() -> None:
    docker = ServerDocker(Engine())  # type: ignore[arg-type]
    with pytest.raises(FactUnreadable, match="refused the request"):
        docker.ask(lambda client: client.containers.get("x"), "ask")
    docker.close()


@pytest.mark.parametrize("stderr", ["docker: command not found", ""])
def test_no_engine_is_said_in_the_words_of_the_docker_command(stderr: str) -> None:
    with pytest.raises(DockerUnavailable, match=stderr or "No Docker Engine answers"):
        ServerDocker(Engine(stderr, answers=False)).client()  # type: ignore[arg-type]


def test_a_server_out_of_reach_is_not_a_missing_engine() -> None:
    def out_of_reach() -> None:
        raise LinkDropped("gone")

    server = Engine()
    server.link.transport = out_of_reach
    with pytest.raises(LinkDropped):
        ServerDocker(server).client()  # type: ignore[arg-type]
