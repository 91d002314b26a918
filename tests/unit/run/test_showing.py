"""What a run shows, in the notebook and in the journal."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runbook_lib.archive import journal
from runbook_lib.execution.watch_report import WatchExhibit
from runbook_lib.platform import charts
from runbook_lib.run.showing import show_exhibit
from tests.notebooks.sample_notebooks import ProjectDir
from tests.unit.run_doubles import opened


def test_a_shown_table_is_recorded(project_dir: ProjectDir) -> None:
    run = opened()
    run.show([{"name": "postgres", "size_bytes": 10}], title="sizes")
    shown = next(event for event in journal.read(run.folder) if event["event"] == "shown")
    assert shown["title"] == "sizes"
    assert shown["table"]["rows"]


def test_a_text_a_highlight_and_a_chart_are_recorded(project_dir: ProjectDir) -> None:
    run = opened()
    run.show("The answer.", title="answer", highlight=True)
    figure = charts.metric_over_time([(datetime(2026, 11, 22, tzinfo=UTC), 1.0)], 10, unit="percent")
    run.show(chart=figure, title="rate")
    text, chart = [event for event in journal.read(run.folder) if event["event"] == "shown"]
    assert (text["text"], text["highlight"], text["chart"]) == ("The answer.", True, [])
    assert (run.folder.path / chart["chart"][0]).read_text().startswith("<svg")


def test_outside_a_kernel_the_text_is_printed(project_dir: ProjectDir, capsys: pytest.CaptureFixture[str]) -> None:
    run = opened()
    assert f"nowhere: no server listens here (plan), run {run.run_id}" in capsys.readouterr().out
    show_exhibit(WatchExhibit("watch", "no trigger fired", "<svg/>"))
    assert "no trigger fired" in capsys.readouterr().out


def test_an_answer_can_stand_before_what_failed(project_dir: ProjectDir) -> None:
    run = opened()
    run.show("The answer.", title="answer", highlight="first")
    (shown,) = [event for event in journal.read(run.folder) if event["event"] == "shown"]
    assert shown["highlight"] == "first"


def test_a_chart_without_data_is_a_sentence_and_no_empty_picture(project_dir: ProjectDir) -> None:
    """61 showed a heading over nothing on a server younger than a day, and 42 before its first drill."""
    run = opened()
    empty = charts.memory_against_limits([])
    run.show("The answer.", title="answer", chart=empty)
    run.show([], title="drills so far", chart=empty)
    run.show("No container was measured.", title="repeated", chart=[empty, charts.metric_over_time([], 10, unit="percent")])
    run.show([{"name": "postgres"}], title="sizes", chart=empty)
    answer, instead, repeated, table = [event for event in journal.read(run.folder) if event["event"] == "shown"]
    assert (answer["text"], answer["chart"]) == ("The answer. No container was measured.", [])
    assert (instead["text"], instead["chart"]) == ("No container was measured.", [])
    assert (repeated["text"], repeated["chart"]) == ("No container was measured. No request was counted.", [])
    assert (len(table["table"]["rows"]), len(table["chart"])) == (1, 1)
