"""The chart has one panel a task, both methods in it, and its numbers as text."""

from __future__ import annotations

from lab.bench.chart import failures_chart
from lab.bench.measures import MANUAL, RUNBOOK


def test_a_panel_for_each_task_scaled_to_the_full_load() -> None:
    figure = failures_chart([("deploy", RUNBOOK, [0, 0]), ("deploy", MANUAL, [3, 7]), ("roll back", RUNBOOK, [1])], 10)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["deploy", "roll back"]
    assert [len(axes.get_lines()) for axes in figure.axes] == [2, 1]
    assert all(axes.get_ylim()[1] > 10 for axes in figure.axes)


def test_the_chart_is_also_told_in_words() -> None:
    figure = failures_chart([("deploy", RUNBOOK, [0, 0]), ("deploy", MANUAL, [3, 7])], 10)
    assert figure.get_label() == (
        "deploy, the runbook: 0 failed requests; deploy, the plan's commands: 10 failed requests")
    assert failures_chart([], 10).get_label() == "Nothing was measured."
