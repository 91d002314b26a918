"""The worker's own parts: what it tells, how it stops, and errors without secrets."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest

from runbook_lib.headless.worker import Worker, _clean


@pytest.fixture
def pipe() -> Any:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)


def test_what_it_tells_begins_with_the_word_of_its_runner(pipe: tuple[int, int]) -> None:
    worker = Worker({"word": "w0rd"}, 0, pipe[1])
    worker.tell(grace_s=30.0)
    os.close(pipe[1])
    assert os.read(pipe[0], 1000) == b"w0rd" + json.dumps({"grace_s": 30.0}).encode() + b"\n"
    assert worker.grace_s == 30.0
    worker.tell(cell=1)  # the runner is gone: nothing happens


def test_an_interrupt_between_two_cells_only_keeps_the_next_from_starting() -> None:
    worker = Worker({"word": ""}, 0, 0)
    worker.interrupted(signal.SIGINT, None)
    assert worker.stop
    worker.in_cell = True
    with pytest.raises(KeyboardInterrupt):
        worker.interrupted(signal.SIGINT, None)


@pytest.mark.parametrize("values", [{}, {"environment": "/not/there.yaml"}, {"environment": "staging"}])
def test_an_error_before_a_run_is_open_names_no_secret(values: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGING_DB_PASSWORD", "Zq7-Wm3xK9_pL2vB8nR4")
    assert _clean("no login with Zq7-Wm3xK9_pL2vB8nR4", {"values": values}) == "no login with ‹STAGING_DB_PASSWORD›"
