"""The picture and the sentence of a watch: the trigger first, and the moments that matter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import RunFolder, new_run
from runbook_lib.core.errors import EndpointUnavailable
from runbook_lib.core.gates import Reading, TriggerFired
from runbook_lib.core.questions import Question
from runbook_lib.execution.monitor import WatchOutcome
from runbook_lib.execution.recorder import Recorder
from runbook_lib.execution.watch_report import record_watch
from tests.unit.execution_doubles import ScriptedBackend

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
RATE = "API error rate"
FIRED = TriggerFired("API error rate > 10%", RATE, 14, 10, "percent", "of 80 requests")


@pytest.fixture
def folder(outputs: Path) -> RunFolder:
    return new_run("20_deploy", outputs)


@pytest.fixture
def opened(folder: RunFolder) -> Iterator[Journal]:
    with Journal(folder) as made:
        yield made


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def outcome(fired: TriggerFired | None = None, history: Any = None) -> WatchOutcome:
    probes = ((at(1), Reading({RATE: 0.0})), (at(2), Reading({RATE: 14.0}, (), fired)))
    return WatchOutcome("watch v2", probes, (), "switch", RATE, 10, "percent", history)


def record(watched: WatchOutcome | None, opened: Journal, folder: RunFolder, **moments: Any) -> Any:
    times = {"passed_at": {"switch": at(0)}, "undone_at": {}, "recovered_at": None} | moments
    return record_watch(watched, Recorder(opened, folder), ScriptedBackend(), **times)


def test_a_watch_that_fired_nothing_stands_among_the_exhibits(opened: Journal, folder: RunFolder) -> None:
    exhibit = record(outcome(), opened, folder)
    assert (exhibit.title, exhibit.text) == ("watch v2", "watch v2: 2 probes, no trigger fired.")
    (event,) = journal.read(folder)
    assert "highlight" not in event
    assert (folder.path / event["chart"][0]).exists()


def test_a_trigger_stands_first_with_its_moments(opened: Journal, folder: RunFolder) -> None:
    exhibit = record(outcome(FIRED), opened, folder, undone_at={"switch": at(5)}, recovered_at=at(7))
    assert exhibit.title == "Rolled back: API error rate > 10%"
    assert exhibit.text.endswith(
        "Switched at 12:00:00 UTC, trigger at 12:00:02 UTC, switched back at 12:00:05 UTC (3.0 s later). "
        "First clean external probe at 12:00:07 UTC.")
    shown, trigger = journal.read(folder)
    assert shown["highlight"] == "first"
    assert [trigger[name][11:19] for name in ("switched_at", "fired_at", "switched_back_at", "recovered_at")] == [
        "12:00:00", "12:00:02", "12:00:05", "12:00:07"]
    assert trigger["detail"] == "of 80 requests"


def test_a_trigger_without_a_rollback_does_not_claim_one(opened: Journal, folder: RunFolder) -> None:
    exhibit = record(outcome(FIRED), opened, folder)
    assert exhibit.title == "API error rate > 10%"
    assert "not switched back" in exhibit.text


def test_a_history_that_cannot_be_had_is_replaced_by_the_probes(opened: Journal, folder: RunFolder) -> None:
    def fail(_: Any) -> Any:
        raise EndpointUnavailable("no answer")

    exhibit = record(outcome(FIRED, Question("history", fail)), opened, folder)
    assert "<svg" in exhibit.svg
    assert "Between 0 % and 14 %" in exhibit.svg


def test_a_history_second_by_second_is_drawn_where_there_is_one(opened: Journal, folder: RunFolder) -> None:
    exhibit = record(outcome(FIRED, Question("history", lambda _: {RATE: [(at(1), 3.0), (at(2), 44.0)]})), opened, folder)
    assert "Between 3 % and 44 %" in exhibit.svg


def test_only_what_was_probed_is_drawn(opened: Journal, folder: RunFolder) -> None:
    failing = "failed probes in a row"
    fired = TriggerFired("3 failed probes", failing, 3, 3, "probes")
    counts = (1.0, None, 3.0)  # None: the probe could not count
    probes = tuple((at(n), Reading({failing: count}, (), fired)) for n, count in enumerate(counts, start=1))
    exhibit = record(WatchOutcome("watch v2", probes, (), "switch", failing, 3, "probes"), opened, folder,
                     undone_at={"switch": at(5)}, recovered_at=at(60))
    assert "Between 1 probes and 3 probes" in exhibit.svg  # neither the failed count nor the recovery is a 0
    assert "recovered" not in exhibit.svg.partition("<desc>")[2].partition("</desc>")[0]


@pytest.mark.parametrize("watched", [None, WatchOutcome("watch v2", (), ())])
def test_where_nothing_was_probed_nothing_is_recorded(watched: WatchOutcome | None, opened: Journal, folder: RunFolder) -> None:
    assert record(watched, opened, folder) is None
    assert journal.read(folder) == []
