"""Where a report comes from, in a reader's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.archive.summary import summary_of_events
from runbook_lib.report.events import load
from runbook_lib.report.provenance import provenance
from runbook_lib.report.run_report import Event, RunReport


def rows(**parts: Event) -> dict[str, str]:
    report = RunReport(summary_of_events([], Path("20261122T160501Z-7f3a9c-x")), **parts)  # type: ignore[arg-type]
    return dict(provenance(report).rows)  # type: ignore[arg-type]


@pytest.mark.parametrize(("git", "shown"), [
    ({"commit": "9b1f0c77", "clean": True}, "commit 9b1f0c77"),
    ({"commit": "9b1f0c77", "clean": False}, "commit 9b1f0c77, with uncommitted changes"),
    (None, "–"),
])
def test_the_state_of_the_runbooks_is_named(git: object, shown: str) -> None:
    assert rows(started={"git": git})["runbooks from"] == shown


def test_a_run_that_is_not_sealed_has_no_place_in_the_chain() -> None:
    assert rows()["previous run"] == rows()["sealed by"] == "not sealed yet"


def test_the_first_run_of_an_archive_has_no_previous_one() -> None:
    assert rows(sealed={"previous": None, "event": "sealed"})["previous run"] == "none: the first run of this archive"


def test_a_killed_run_was_sealed_by_the_next_start(runs: dict[str, Path]) -> None:
    shown = dict(provenance(load(runs["killed"])).rows)  # type: ignore[arg-type]
    assert shown["sealed by"] == "the next start, because the run's own process was gone"
