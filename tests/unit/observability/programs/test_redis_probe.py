"""A cache asked by its own protocol: with a password, as a user, over TLS; real sockets, only Docker is a double."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
from pathlib import Path

import pytest

from lab import address
from lab.address import Address
from runbook_lib.observability.facts.service_replies import Reply
from tests.unit.service_doubles import PASSWORD, LoadingRedis, Redis, RedisOfUsers, ask, listening, probe


class RedisOverTls(Redis):
    """With a certificate of an authority that the server does not know; with `verify_mode` it asks the client for one."""

    certificates = Path()
    verify_mode = ssl.CERT_NONE

    def setup(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificates / "fullchain.pem", self.certificates / "privkey.pem")
        context.load_verify_locations(self.certificates / "ca.pem")
        context.verify_mode = self.verify_mode
        with contextlib.suppress(OSError):  # a greeting that is not TLS: the real one hangs up, too
            self.request = context.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        if isinstance(self.request, ssl.SSLSocket):
            with contextlib.suppress(OSError):
                super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        self.request.close()


class RedisOfCertificates(RedisOverTls):
    verify_mode = ssl.CERT_REQUIRED


class HangsUp(socketserver.BaseRequestHandler):
    """A cache that is ending, or the port of something else."""

    def handle(self) -> None:
        self.request.shutdown(socket.SHUT_WR)
        while self.request.recv(4096):
            pass


class Http(socketserver.BaseRequestHandler):
    """The port of a web server. What is not read when it hangs up would take its answer along."""

    def handle(self) -> None:
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.request.shutdown(socket.SHUT_WR)
        while self.request.recv(4096):
            pass


class OldTls(RedisOverTls):
    """No version of TLS in common."""

    def setup(self) -> None:
        self.request.sendall(b"\x15\x03\x01\x00\x02\x02\x46")  # the alert protocol_version
        self.request.shutdown(socket.SHUT_WR)
        while self.request.recv(4096):
            pass
        socketserver.StreamRequestHandler.setup(self)


@pytest.fixture(scope="module", autouse=True)
def certificates(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(address, "state", lambda: folder)
        patch.setattr(address, "server_secrets", lambda application: [])
        Address("double").create()
    RedisOverTls.certificates = folder / "double"


def test_a_cache_is_asked_with_its_own_password_whatever_stands_in_it(tmp_path: Path) -> None:
    with listening(Redis) as port:
        found = ask(tmp_path, probe("cache", "redis", port, "CACHE_PASSWORD"))["cache"]
    assert (found.reply, found.words, found.clients) == (Reply.UP, "answers PONG", ("172.20.0.4", "fd00::a4"))


@pytest.mark.parametrize(("handler", "password", "words"), [
    (Redis, "another", "it refuses the log-in of the probe: WRONGPASS invalid username-password pair or user is disabled."),
    (Redis, "", "it refuses the log-in of the probe: NOAUTH Authentication required."),
    (RedisOfCertificates, PASSWORD, "it speaks TLS and asks for a client's certificate, which the probe has not"),
])
def test_a_cache_that_does_not_let_the_probe_in_is_not_down(tmp_path: Path, handler: type[Redis], password: str, words: str) -> None:
    with listening(handler) as port:
        found = ask(tmp_path, probe("cache", "redis", port, "CACHE_PASSWORD"), password=password)["cache"]
    assert (found.reply, found.words) == (Reply.REFUSED, words)


@pytest.mark.parametrize(("handler", "user"), [(RedisOfUsers, "app"), (RedisOverTls, "")])
def test_a_cache_with_users_alone_or_behind_tls_is_asked_as_it_wants_to_be(tmp_path: Path, handler: type[Redis], user: str) -> None:
    """Both were called down."""
    with listening(handler) as port:
        found = ask(tmp_path, probe("cache", "redis", port, "CACHE_PASSWORD", user))["cache"]
    assert (found.reply, found.words, found.clients) == (Reply.UP, "answers PONG", ("172.20.0.4", "fd00::a4"))


def test_a_cache_that_does_not_serve_is_down_in_its_own_words(tmp_path: Path) -> None:
    with listening(LoadingRedis) as port:
        found = ask(tmp_path, probe("cache", "redis", port, "CACHE_PASSWORD"))["cache"]
    assert (found.reply, found.words) == (Reply.DOWN, "it is still loading its data")


@pytest.mark.parametrize(("handler", "words"), [
    (HangsUp, "it hangs up; over TLS: unexpected eof while reading"), (Http, "HTTP/1.1 400 Bad Request"), (OldTls, "protocol version")])
def test_what_speaks_neither_is_down_in_its_own_words(tmp_path: Path, handler: type[socketserver.BaseRequestHandler], words: str) -> None:
    """Words of openssl were shown, with a number of its own process in front: others in each run."""
    with listening(handler) as port:
        found = ask(tmp_path, probe("cache", "redis", port, "CACHE_PASSWORD"))["cache"]
    assert found.reply is Reply.DOWN
    assert words in found.words and ":error:" not in found.words
