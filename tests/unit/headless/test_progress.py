"""Progress lines: each event once, on a terminal in place, and never a reason for a run to end."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import termios
from pathlib import Path
from typing import TextIO

import pytest

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import new_run
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.headless.outcome import HeadlessOutcome
from runbook_lib.headless.progress import Lines, Terminal, progress_for


def test_progress_shows_each_event_once_and_waits_for_torn_lines(outputs: Path) -> None:
    folder, out = new_run("20_deploy", outputs), io.StringIO()
    lines = Lines(out)
    with Journal(folder) as opened:
        opened.write("step_started", key="build", title="Build the image")
        run = {"run_id": folder.run_id, "folder": str(folder.path)}
        lines.journal(run)
        lines.journal(run)
        opened.write("step_finished", key="build", title="Build the image", state="failed", seconds=2.0, message="no")
        with (folder.path / "journal.jsonl").open("ab") as torn:
            torn.write(b'{"event": "step_st')
        lines.journal(run)
    shown = out.getvalue()
    assert shown.count("… Build the image") == 1
    assert "✘ Build the image: failed (2.0 s): no" in shown


PLAN = {"name": "deploy v1", "target": "lab", "steps": [{"title": "Fetch", "why": "the commit"}, {"title": "Start\x1b[2J"}],
        "skipped": [{"title": "Migrate", "reason": "no migration"}]}


@pytest.mark.parametrize(("mode", "whole"), [("plan", True), ("apply", False)])
def test_a_plan_that_is_only_shown_is_shown_whole(outputs: Path, mode: str, whole: bool) -> None:
    folder, out = new_run("20_deploy", outputs), io.StringIO()
    lines = Lines(out)
    lines.started("20_deploy", "lab", mode)
    with Journal(folder) as opened:
        opened.write("plan", plan=PLAN, hash="0123456789abcdef")
    lines.journal({"run_id": folder.run_id, "folder": str(folder.path)})
    shown = out.getvalue()
    assert "plan: deploy v1 on lab, 2 steps, plan hash 0123456789abcdef" in shown
    for line in ("1  Fetch: the commit", "2  Start", "skipped: Migrate: no migration",
                 "exactly this plan: --apply --confirm lab -p plan_hash=0123456789abcdef"):
        assert (line in shown) is whole
    assert "\x1b[2J" not in shown


def test_a_second_run_in_one_notebook_is_shown_from_its_beginning(outputs: Path) -> None:
    out = io.StringIO()
    lines = Lines(out)
    for number in (1, 2):
        folder = new_run("20_deploy", outputs)
        with Journal(folder) as opened:
            opened.write("run_started", run_id=folder.run_id, reason="x" * (500 // number))
            opened.write("step_started", key="build", title=f"Build image {number}")
        lines.journal({"run_id": folder.run_id, "folder": str(folder.path)})
        assert f"run {folder.run_id}" in out.getvalue()
        assert f"… Build image {number}" in out.getvalue()


@pytest.mark.parametrize("damage", [b"not JSON\n", b"[]\n", b'"text"\n', b'{"event": "step_started"}\n', b'{"seq": 1}\n', b"\xff\xfe\n",
                                    b'{"event": "findings", "findings": 3}\n'])
def test_a_line_that_is_no_event_is_left_out(outputs: Path, damage: bytes) -> None:
    folder, out = new_run("20_deploy", outputs), io.StringIO()
    (folder.path / "journal.jsonl").write_bytes(damage + b'{"event": "lock_taken"}\n')
    Lines(out).journal({"run_id": folder.run_id, "folder": str(folder.path)})
    assert "lock taken" in out.getvalue()


def test_a_journal_that_was_cut_back_is_read_on_from_its_end(outputs: Path) -> None:
    folder, out = new_run("20_deploy", outputs), io.StringIO()
    lines, file = Lines(out), folder.path / "journal.jsonl"
    file.write_bytes(b'{"event": "lock_taken"}\n' + b'{"event": "step_started", "title": "Build the image"}\n')
    lines.journal({"run_id": folder.run_id, "folder": str(folder.path)})
    file.write_bytes(b'{"event": "lock_taken"}\n')  # a write that the disk had refused after all
    lines.journal({"run_id": folder.run_id, "folder": str(folder.path)})
    with file.open("ab") as again:
        again.write(b'{"event": "step_started", "title": "Undo it"}\n')
    lines.journal({"run_id": folder.run_id, "folder": str(folder.path)})
    assert "… Undo it" in out.getvalue()
    assert out.getvalue().count("lock taken") == 1


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_moving_line_and_a_log_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(progress_for(Screen()), Terminal)
    assert type(progress_for(io.StringIO())) is Lines
    monkeypatch.setenv("TERM", "dumb")  # what it would show of a moving line are the marks that move it
    assert type(progress_for(Screen())) is Lines


@pytest.mark.parametrize("columns", [20, 60, 200])
def test_the_moving_line_stays_on_its_line_however_narrow_the_terminal_is(columns: int) -> None:
    """Found by a newcomer: on 60 columns the step in progress filled the screen, ten lines a second."""
    leader, follower = pty.openpty()
    try:
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with os.fdopen(follower, "w") as out:
            shown = Terminal(out)
            shown._step("Build the images of the release " * 10)
            shown._draw()
            drawn = os.read(leader, 4000).decode().rpartition("\x1b[2K")[2]
    finally:
        os.close(leader)
    assert len(drawn) == columns - 1


def broken_pipe() -> TextIO:
    """A stream whose reader is gone."""
    reader, writer = os.pipe()
    os.close(reader)
    return io.TextIOWrapper(io.FileIO(writer, "w"), write_through=True)  # type: ignore[arg-type]


def full_disk() -> TextIO:
    return io.TextIOWrapper(io.FileIO("/dev/full", "w"), write_through=True)  # type: ignore[arg-type]


def closed() -> TextIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("kind", [Lines, Terminal])
@pytest.mark.parametrize("lost", [broken_pipe, full_disk, closed])
def test_what_cannot_be_written_is_given_up(outputs: Path, lost: object, kind: type[Lines]) -> None:
    out = lost()  # type: ignore[operator]
    shown = kind(out)
    shown.started("20_deploy", "lab", "apply")
    folder = new_run("20_deploy", outputs)
    with Journal(folder) as opened:
        opened.write("step_started", key="build", title="Build the image")
        shown.journal({"run_id": folder.run_id, "folder": str(folder.path)})
    shown.stopping("SIGINT", "stopping as asked")
    shown.finished(HeadlessOutcome(1, None, None, "failed", "aborted", "Stopped."))
    assert shown._out is None
    if not out.closed:
        out.detach().close()


def test_a_terminal_that_knows_no_such_characters_gets_others() -> None:
    raw = io.BytesIO()
    shown = Lines(io.TextIOWrapper(raw, encoding="ascii"))
    shown._step("Build the image")
    assert b"Build the image" in raw.getvalue()


def test_the_reason_of_a_stop_is_shown() -> None:
    out = io.StringIO()
    Lines(out).stopping("SIGINT", "time limit reached")
    assert "time limit reached: sending SIGINT" in out.getvalue()


def test_a_check_of_a_plan_that_was_not_applied_is_not_a_failure(outputs: Path) -> None:
    folder, out = new_run("32_restore_database", outputs), io.StringIO()
    found = [Finding("a", Verdict.PASSED), Finding("b", Verdict.FAILED, "none", "one")]
    with Journal(folder) as opened:
        opened.write("findings", stage="as it is now (not applied)", findings=found, counts=False)
        opened.write("findings", stage="verification", findings=found, counts=True)
        Lines(out).journal({"run_id": folder.run_id, "folder": str(folder.path)})
    assert "(not applied): 1 passed, 1 not applied" in out.getvalue()
    assert "verification: 1 passed, 1 failed" in out.getvalue()


def test_a_watch_that_finds_nothing_shows_every_30_seconds_what_is_left_and_counted(outputs: Path) -> None:
    out = io.StringIO()
    lines = Lines(out)
    for left in range(300, -1, -5):
        lines._event({"event": "probe", "watch": "watch", "seconds_left": left, "counted": f"requests {300 - left}; no fault"})
    shown = [line.split("watch: ")[1] for line in out.getvalue().splitlines()]
    assert len(shown) == 11 and shown[:2] == ["300 s left; requests 0; no fault", "270 s left; requests 30; no fault"]
