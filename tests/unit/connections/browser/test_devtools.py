"""A browser process over its two pipes, with a program that speaks the protocol and shows nothing."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections.browser import devtools as devtools_module
from runbook_lib.connections.browser.devtools import DevTools
from runbook_lib.core.errors import BrowserMissing

# replies to every command but "Silent"; before the reply to "Talk" it reports an event of the page
# named by its path: a version manager's script in front of it would read the first message
PROGRAM = f"#!{sys.executable} -IS\n" + """
import json, os
buffer = b""
while chunk := os.read(3, 65536):
    buffer += chunk
    while b"\\0" in buffer:
        raw, _, buffer = buffer.partition(b"\\0")
        asked = json.loads(raw)
        say = lambda value: os.write(4, json.dumps(value).encode() + b"\\0")
        result = {"Target.createTarget": {"targetId": "t"}, "Target.attachToTarget": {"sessionId": "s"},
                  "Environment": dict(os.environ)}.get(asked["method"], {"echo": asked["params"]})
        if asked["method"] == "Talk":
            say({"method": "Page.spoke", "sessionId": "s", "params": {"word": "hello"}})
            say({"method": "Page.spoke", "sessionId": "another", "params": {"word": "not ours"}})
        if asked["method"] == "Hang":
            __import__("time").sleep(600)
        if asked["method"] != "Silent":
            say({"id": asked["id"], "result": result})
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "browser"
    path.write_text(PROGRAM)
    path.chmod(0o755)
    return str(path)


def test_a_command_has_its_result_and_events_of_its_page_come_meanwhile(program: str, tmp_path: Path) -> None:
    heard: list[tuple[str, dict[str, Any]]] = []
    with DevTools(program, (), tmp_path) as devtools:
        devtools.on_event = lambda method, event: heard.append((method, event))
        assert devtools.call("Talk", word="x" * 200_000)["echo"]["word"] == "x" * 200_000
    assert heard == [("Page.spoke", {"word": "hello"})]


def test_events_are_reported_while_nothing_is_asked(program: str, tmp_path: Path) -> None:
    heard: list[str] = []
    with DevTools(program, (), tmp_path) as devtools:
        devtools.on_event = lambda method, event: heard.append(event["word"])
        devtools.send("Talk")
        until = time.monotonic() + 60
        while not heard and time.monotonic() < until:
            devtools.pump(0.1)
    assert heard == ["hello"]


@pytest.mark.parametrize("first", [3, 4, 96, 97, 98, 99, 100, 101, 300])
def test_its_pipes_may_have_any_number(program: str, tmp_path: Path, first: int) -> None:
    """A kernel that runs for long has many files open; the browser's pipes must not overwrite each other on their way."""
    taken: list[int] = []
    while (one := os.open(os.devnull, os.O_RDONLY)) < first:
        taken.append(one)
    os.close(one)
    try:
        with DevTools(program, (), tmp_path) as devtools:
            assert devtools.call("Echo", word="a")["echo"]["word"] == "a"
    finally:
        for number in taken:
            os.close(number)


def test_a_browser_that_has_ended_takes_no_reply_of_the_next_one(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its listener once read on from a number that was the next one's pipe by then, where it was slow to notice the end."""
    read = os.read

    def slow_to_notice(descriptor: int, most: int) -> bytes:
        found = read(descriptor, most)
        if not found:
            time.sleep(0.5)
        return found

    monkeypatch.setattr(os, "read", slow_to_notice)
    with DevTools(program, (), tmp_path):
        (listener,) = (one for one in threading.enumerate() if one.name == "browser")
    assert not listener.is_alive()


def test_a_browser_that_does_not_reply_is_missing(program: str, tmp_path: Path) -> None:
    with DevTools(program, (), tmp_path) as devtools, pytest.raises(BrowserMissing, match="no reply to Silent"):
        devtools.call("Silent", timeout_s=0.2)


def test_a_browser_that_hangs_does_not_hold_us_in_a_long_write(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    with DevTools(program, (), tmp_path) as devtools:
        devtools.call("Echo")  # it reads
        monkeypatch.setattr(devtools_module, "CALL_TIMEOUT_S", 0.3)
        devtools.send("Hang")
        began = time.monotonic()
        with pytest.raises(BrowserMissing, match="does not read"):
            devtools.send("Fetch.fulfillRequest", body="x" * 500_000)
        assert time.monotonic() - began < 60


def test_a_program_that_ends_at_once_is_missing_within_moments(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(BrowserMissing), DevTools("/bin/true", (), tmp_path):
        pass
    assert time.monotonic() - began < 60


def test_nothing_of_our_environment_goes_along(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGING_SECRET_KEY", "hidden")
    monkeypatch.setenv("https_proxy", "http://proxy.example")
    with DevTools(program, (), tmp_path) as devtools:
        seen = devtools.call("Environment")
    assert {"STAGING_SECRET_KEY", "https_proxy"}.isdisjoint(seen)


def test_its_process_is_gone_afterwards(program: str, tmp_path: Path) -> None:
    with DevTools(program, (), tmp_path) as devtools:
        process = devtools._process.pid
        os.kill(process, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
