"""A stream is handed over at its first own byte, whatever was printed before it."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.connections import streams
from runbook_lib.connections.streams import words_of
from runbook_lib.core.errors import CommandTimedOut, LoginUnusable

MARK = "ab" * 16


class Session:
    """A channel of paramiko: what the server sends, and then silence or the end."""

    def __init__(self, out: bytes, err: bytes = b"", *, silent: bool = False) -> None:
        self.out, self.err, self.silent = out, err, silent
        self.sent = b""
        self.line = ""

    def settimeout(self, seconds: float) -> None:
        self.timeout_s = seconds

    def exec_command(self, line: str) -> None:
        self.line = line

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def recv(self, size: int) -> bytes:
        if not self.out and self.silent:
            raise TimeoutError
        taken, self.out = self.out[:size], self.out[size:]
        return taken

    def recv_stderr(self, size: int) -> bytes:
        if not self.err:
            raise TimeoutError
        taken, self.err = self.err[:size], self.err[size:]
        return taken


def begin(session: Any) -> None:
    streams.begin_stream(session, ("docker", "system", "dial-stdio"), "deploy@h:22", 2.0)


@pytest.fixture(autouse=True)
def _known_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "new_mark", lambda: MARK)


def test_the_streams_are_the_programs_own_from_the_first_byte() -> None:
    session = Session(f"Welcome!\n{MARK} begin\nHTTP/1.1".encode(), f"motd\n{MARK} errors begin\nwarning".encode())
    begin(session)
    assert (session.out, session.err) == (b"HTTP/1.1", b"warning")
    assert session.sent.endswith(f"\nstream {MARK} docker system dial-stdio\n".encode())
    assert "docker" not in session.line


def test_a_closed_standard_error_does_not_hold_it_up() -> None:
    session = Session(f"{MARK} begin\nHTTP".encode())
    begin(session)
    assert session.out == b"HTTP"


def test_a_login_that_ends_is_quoted() -> None:
    with pytest.raises(LoginUnusable, match="not available") as caught:
        begin(Session(b"This account is not available\n"))
    assert caught.value.where == "deploy@h:22"
    with pytest.raises(LoginUnusable, match="bash: not found"):
        begin(Session(b"", b"sh: 1: bash: not found\n"))


def test_a_login_that_never_begins_meets_the_deadline() -> None:
    with pytest.raises(CommandTimedOut, match="within 2 s"):
        begin(Session(b"Password for the proxy: ", silent=True))


@pytest.mark.parametrize(("error", "words"), [(TimeoutError(), "no answer in time"), (OSError("reset"), "reset"), (EOFError(), "EOFError")])
def test_a_silence_has_words_too(error: Exception, words: str) -> None:
    assert words_of(error) == words
