"""Showing things outside a kernel: plain lines, each state of a step once; and where the report is."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.core.plan import StepState
from runbook_lib.execution import StepRecord
from runbook_lib.run.display import LiveLine, LiveSteps, report_href, show_html, show_svg


def test_outside_a_kernel_text_stands_for_html_and_charts_are_files_alone(capsys: pytest.CaptureFixture[str]) -> None:
    show_html("<b>all</b>", "all")
    show_svg("<svg/>", "rate")
    LiveLine()("1 of 3 s")
    assert capsys.readouterr().out == "all\n"


def test_each_step_is_a_line_when_its_state_changes(capsys: pytest.CaptureFixture[str]) -> None:
    live = LiveSteps()
    waiting, passed = StepRecord("one", "One"), StepRecord("one", "One", StepState.PASSED, 1.0)
    for records in ((waiting,), (passed,), (passed,)):
        live(records, "one", "tail")
    assert capsys.readouterr().out == "✔ One: passed (1.0 s)\n"


def test_the_report_is_linked_relative_to_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert report_href(tmp_path / "outputs" / "a run") == "../outputs/a%20run/report.html"


def test_the_report_is_named_whole_where_the_working_folder_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert report_href(tmp_path / "a run") == f"{tmp_path}/a%20run/report.html"
