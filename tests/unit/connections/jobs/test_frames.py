"""The follower's stream is understood in any pieces, and garbage is never taken for an end."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook_lib.connections.jobs.frames import FollowedJob

EXIT = json.dumps({"exit_code": 3, "why": "", "stages": [0, 3]}) + " " * 40
STREAM = b"out 0 6\nh\xc3\xa9llo" + b"err 0 4\nout " + b"out 6 1\n!" + f"exit {EXIT}\n".encode()


@given(st.lists(st.integers(1, 12), min_size=1, max_size=30))
def test_any_cut_gives_the_same_answer(sizes: list[int]) -> None:
    heard: list[tuple[str, str]] = []
    seen = FollowedJob(lambda stream, text: heard.append((stream, text)))
    rest, place = STREAM, 0
    while rest:
        size = sizes[place % len(sizes)]
        seen.feed(rest[:size])
        rest, place = rest[size:], place + 1
    assert seen.exit is not None
    assert seen.exit["exit_code"] == 3
    assert "".join(text for stream, text in heard if stream == "out") == "héllo!"
    assert seen.err.text() == "out "


def test_following_goes_on_where_the_link_dropped() -> None:
    seen = FollowedJob()
    seen.feed(b"out 0 5\nhello" + b"out 5 100\ncut sh")
    assert seen.offsets["out"] == 5
    seen.restart()
    seen.feed(b"out 5 6\n world" + f"exit {EXIT}\n".encode())
    assert seen.out.text() == "hello world"
    assert seen.end == "exit"


def test_what_the_follower_skipped_is_counted() -> None:
    seen = FollowedJob()
    seen.feed(b"out 1000 2\nok")
    assert seen.out.size == 1002
    assert "1000 bytes left out" in seen.out.text()


@pytest.mark.parametrize(
    "line",
    [
        b"exit \n",
        b"exit {}\n",
        b"exit []\n",
        b'exit {"exit_code": "0"}\n',
        b"exit {\n",
        b"bash: oops\n",
        b"out x y\n",
        b"\n",
        b"out 5\n",
    ],
)
def test_garbage_is_no_exit_code(line: bytes) -> None:
    seen = FollowedJob()
    seen.feed(line)
    assert seen.exit is None
    assert seen.end == "garbled"


@pytest.mark.parametrize("word", ["dead", "gone"])
def test_an_end_without_an_exit_code_is_told_apart(word: str) -> None:
    seen = FollowedJob()
    seen.feed(f"{word}\n".encode())
    assert (seen.end, seen.exit) == (word, None)
