"""What a session prints is handed over to its end; without an end, no exit code is made up."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.connections.receiving import code_at_end, receive
from runbook_lib.connections.session import Reply
from runbook_lib.core.errors import LoginUnusable

BEGIN, END = b"m begin\n", b"m end 3\n"


class Channel:
    """A session's two streams as they come; `at_end` is what SSH gives then."""

    def __init__(self, *chunks: bytes, errors: bytes = b"", at_end: int | None = None, eof: bool = True) -> None:
        self.chunks, self.errors = list(chunks), [errors] if errors else []
        self.closed, self.eof_received, self.exit_status = False, eof, -1 if at_end is None else at_end
        self.status_event = threading.Event()
        if at_end is not None or eof:
            self.status_event.set()
        self.transport: Any = SimpleNamespace(is_active=lambda: False)
        self.ends = os.pipe()

    def fileno(self) -> int:
        return self.ends[0]

    def recv_ready(self) -> bool:
        return bool(self.chunks)

    def recv(self, size: int) -> bytes:
        return self.chunks.pop(0)

    def recv_stderr_ready(self) -> bool:
        return bool(self.errors)

    def recv_stderr(self, size: int) -> bytes:
        return self.errors.pop(0)


@pytest.fixture
def made() -> Iterator[list[Channel]]:
    found: list[Channel] = []
    yield found
    for one in found:
        for end in one.ends:
            os.close(end)


def session(made: list[Channel], *chunks: bytes, **options: Any) -> tuple[Any, Reply, bytearray]:
    out = bytearray()
    made.append(Channel(*chunks, **options))
    return made[-1], Reply("h", "m", out.extend, bytearray().extend), out


def soon() -> float:
    return time.monotonic() + 0.1


def test_what_comes_is_handed_over_until_it_is_enough(made: list[Channel]) -> None:
    channel, reply, out = session(made, BEGIN + b"one\n", eof=False)
    assert receive(channel, reply, lambda: b"\n" in out, soon())
    assert out == b"one\n"


def test_the_end_of_the_session_is_not_enough(made: list[Channel]) -> None:
    channel, reply, out = session(made, BEGIN + b"half")
    assert not receive(channel, reply, lambda: b"\n" in out, soon())


def test_silence_ends_at_the_deadline(made: list[Channel]) -> None:
    channel, reply, _ = session(made, BEGIN, eof=False)
    with pytest.raises(TimeoutError):
        receive(channel, reply, lambda: reply.ended, soon())


def test_the_code_is_the_commands_own(made: list[Channel]) -> None:
    channel, reply, _ = session(made, BEGIN + b"x" + END, errors=b"m errors begin\n" + END, at_end=9)
    assert receive(channel, reply, lambda: reply.ended, soon())
    assert code_at_end(channel, reply, soon()) == 3


@pytest.mark.parametrize("at_end", [None, 0, 137])
def test_a_command_whose_end_was_not_seen_has_no_code(made: list[Channel], at_end: int | None) -> None:
    channel, reply, _ = session(made, BEGIN + b"half", at_end=at_end)
    receive(channel, reply, lambda: reply.ended, soon())
    with pytest.raises(EOFError):
        code_at_end(channel, reply, soon())


def test_a_login_that_never_began_it_is_named(made: list[Channel]) -> None:
    channel, reply, _ = session(made, b"go away\n", at_end=1)
    receive(channel, reply, lambda: reply.ended, soon())
    with pytest.raises(LoginUnusable, match="go away"):
        code_at_end(channel, reply, soon())


def test_a_server_that_gives_no_end_is_not_waited_for(made: list[Channel]) -> None:
    channel, reply, _ = session(made, BEGIN, eof=False)
    with pytest.raises(TimeoutError):
        code_at_end(channel, reply, soon())
