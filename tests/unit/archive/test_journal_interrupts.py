"""A write that is interrupted at any moment: the journal goes on whole, and an honest run verifies."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import new_run, seal, verify
from runbook_lib.core.findings import Verdict


class Interrupter:
    """Raises KeyboardInterrupt before the n-th instruction that the journal's own code executes."""

    def __init__(self, moment: int) -> None:
        self.left = moment
        self.raised = False

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != journal.__file__:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode" and not self.raised:
            self.left -= 1
            if self.left < 0:
                self.raised = True
                raise KeyboardInterrupt
        return self


def interrupted(act: Callable[[], object], moment: int) -> bool:
    """Whether there was such a moment in `act`; it was interrupted there."""
    interrupter, before = Interrupter(moment), sys.gettrace()
    sys.settrace(interrupter)
    try:
        act()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    return interrupter.raised


def is_whole(folder: Path) -> bool:
    """Numbered without a gap, each line linked to the previous one."""
    raw = (folder / journal.FILE).read_bytes()
    link = journal.FIRST_LINK
    for number, (line, event) in enumerate(zip(journal.raw_lines(raw), journal.events_of(raw), strict=True), start=1):
        if (event["seq"], event.get("link")) != (number, link):
            return False
        link = journal.line_link(line)
    return raw.endswith(b"\n")


def test_a_write_interrupted_before_any_instruction_leaves_a_whole_journal(tmp_path: Path) -> None:
    moment, written = 0, True
    while written:
        folder = tmp_path / str(moment)
        with Journal(folder) as writing:
            writing.write("before")
            written = interrupted(lambda: writing.write("interrupted", text="x" * 100), moment)
            writing.write("after")
            assert [event["event"] for event in journal.read(folder)][-1] == "after"
        assert is_whole(folder), f"interrupted before instruction {moment}"
        moment += 1
    assert moment > 100  # the interrupts did reach the write


def test_two_interrupts_in_a_row_are_no_worse_than_one(tmp_path: Path) -> None:
    for moment in range(0, 400, 7):
        folder = tmp_path / str(moment)
        with Journal(folder) as writing:
            for again in (0, 11, 60):
                interrupted(lambda: writing.write("interrupted"), moment + again)
            writing.write("after")
        assert is_whole(folder)


@pytest.mark.parametrize("call", ["write", "fsync", "ftruncate"])
@pytest.mark.parametrize("done", ["before", "half", "after"])
def test_a_signal_in_a_system_call_leaves_a_whole_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, done: str
) -> None:
    real = getattr(os, call)

    def stopped(descriptor: int, *rest: Any) -> Any:
        if done == "half" and call == "write":
            real(descriptor, bytes(rest[0])[:20])
        elif done == "after":
            real(descriptor, *rest)
        raise KeyboardInterrupt

    folder = new_run("x", tmp_path)
    writing = Journal(folder)
    writing.write("run_started")
    for _ in range(2):
        with monkeypatch.context() as patched:
            patched.setattr(os, call, stopped)
            with contextlib.suppress(KeyboardInterrupt):
                writing.write("interrupted")
    writing.write("run_finished", verdict="passed", exit_code=0)
    seal(folder)
    assert {one.verdict for one in verify(folder)} == {Verdict.PASSED}


def test_an_interrupted_line_that_is_whole_on_the_disk_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def after_the_disk_has_it(descriptor: int) -> None:
        raise KeyboardInterrupt

    with Journal(tmp_path) as writing:
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", after_the_disk_has_it)
            with pytest.raises(KeyboardInterrupt):
                writing.write("a")
        assert writing.write("b")["seq"] == 2
    assert [event["event"] for event in journal.read(tmp_path)] == ["a", "b"]


def test_closing_that_is_interrupted_can_be_repeated_and_frees_the_journal(tmp_path: Path) -> None:
    moment, closing = 0, True
    while closing:
        folder = tmp_path / str(moment)
        writing = Journal(folder)
        writing.write("a")
        closing = interrupted(writing.close, moment)
        writing.close()
        with Journal(folder) as again:
            assert again.write("b")["seq"] == 2
        moment += 1
    assert moment > 5


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the file is closed when it is forgotten
def test_opening_that_is_interrupted_locks_nobody_out(tmp_path: Path) -> None:
    Journal(tmp_path).close()
    moment, opening = 0, True
    while opening:
        opening = interrupted(lambda: Journal(tmp_path).close(), moment)
        journal.opened(tmp_path).close()  # refused after two seconds where the interrupted one left the lock behind
        moment += 3
    assert moment > 50


# between the making of a file and its `with` a real signal may come: the file is closed when its name is gone
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_real_signals_while_several_threads_write_leave_a_whole_journal(tmp_path: Path) -> None:
    caught, stop = 0, threading.Event()

    def interrupt_often() -> None:
        while not stop.wait(0.003):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def in_the_journal(_: int, frame: FrameType | None) -> None:
        while frame is not None:
            if frame.f_code.co_filename == journal.__file__:
                raise KeyboardInterrupt
            frame = frame.f_back

    def write_on() -> None:
        while not stop.is_set():
            writing.write("thread", text="x" * 500)

    with Journal(tmp_path) as writing:
        others = [threading.Thread(target=interrupt_often), threading.Thread(target=write_on)]
        until, give_up = time.monotonic() + 1.0, time.monotonic() + 120  # a disk that stalls lets few writes happen
        before = signal.signal(signal.SIGINT, in_the_journal)
        try:
            for thread in others:
                thread.start()
            while time.monotonic() < (until if caught > 10 else give_up):
                try:
                    writing.write("main", text="y" * 500)
                except KeyboardInterrupt:
                    caught += 1
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            stop.set()
            for thread in others:
                thread.join()
            signal.signal(signal.SIGINT, before)
        writing.write("after")
    assert caught > 10
    assert is_whole(tmp_path)
