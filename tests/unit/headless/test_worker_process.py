"""The pipe between runner and worker: only the worker's own lines count, however they arrive."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.headless.worker_process import LONGEST_MESSAGE, WorkerProcess


@pytest.fixture
def worker() -> Any:
    """A worker process without the process: what is written to `write` arrives as from the worker."""
    made = WorkerProcess.__new__(WorkerProcess)
    made.grace_s, made.run, made.outcome, made.ended = 0.0, None, None, {}
    made._word, made._unread = b"secret-word", b""
    made._channel, writer = os.pipe()
    os.set_blocking(made._channel, False)
    made.write = lambda raw: os.write(writer, raw)  # type: ignore[attr-defined]
    yield made
    os.close(made._channel)
    os.close(writer)


def line(**message: Any) -> bytes:
    return b"secret-word" + json.dumps(message).encode() + b"\n"


def test_messages_are_taken_in_whole_lines(worker: Any) -> None:
    whole = line(run={"run_id": "x", "folder": "/y"})
    worker.write(whole[:20])
    worker.read_messages()
    assert worker.run is None
    worker.write(whole[20:] + line(grace_s=120) + line(ended="", cell=1))
    worker.read_messages()
    assert worker.run == {"run_id": "x", "folder": "/y"}
    assert worker.grace_s == 120
    assert worker.ended["ended"] == ""


@pytest.mark.parametrize("foreign", [b'{"ended": ""}\n', b"{\n", b"\xff\xfe\n", b"[]\n", b"\n", b'{"run": {"folder": "/etc"}}\n'])
def test_what_others_write_there_is_no_message_and_no_error(worker: Any, foreign: bytes) -> None:
    worker.write(foreign + line(grace_s=3))
    worker.read_messages()
    assert (worker.run, worker.ended, worker.grace_s) == (None, {}, 3)


def test_a_line_without_end_is_not_kept_for_ever(worker: Any) -> None:
    for _ in range(40):
        worker.write(b"x" * 60_000)
        worker.read_messages()
    assert len(worker._unread) <= LONGEST_MESSAGE


def test_a_worker_that_cannot_start_is_reported_with_what_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit('no such module')")
    monkeypatch.setattr("runbook_lib.headless.worker_process._PROGRAM", broken)
    process = WorkerProcess({"cells": []}, tmp_path)
    while process.running:
        process.wait(0.1)
    process.end()
    assert "no such module" in process.how_it_died()
    assert process.ended == {}
