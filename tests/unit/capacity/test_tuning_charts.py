"""Charts of the tuning review: every value has its words, no literal and no markup of others is drawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from runbook_lib.capacity.charts import planned_against_in_force, slowest_statements
from runbook_lib.capacity.checks.planned_value import PlannedValue
from runbook_lib.capacity.facts.slow_statements import Statement, StatementStatistics
from runbook_lib.environment import Environment
from runbook_lib.platform.charts import to_svg
from runbook_lib.platform.facts.availability import Unanswered

QUICK = Statement("SELECT * FROM builds WHERE x = $1 AND y = $2", 4_000, 12_000.0, 3.0, 40.0, 1, 0, 0, 60.0)
SLOW = replace(QUICK, text='SELECT <b>"a$b"</b> FROM t', calls=10, total_ms=8_000.0, mean_ms=800.0, share=40.0)
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
VALUES = (PlannedValue("PostgreSQL", "work_mem", "4MB", "64MB", False, 16.0), PlannedValue("Redis", "maxmemory", "384MB", "384 MiB", True, 1.0),
          PlannedValue("Redis", "appendonly", "yes", None, None, note="NOPERM"), PlannedValue("PostgreSQL", "a", "1", "1", True, 1.0, "waits", waits=True),
          PlannedValue("x", "absent", "1", None, None, absent="not here"), PlannedValue("x", "zero", "1", "0", False, None))


def words_of(figure: object) -> str:
    return str(figure.get_label())  # type: ignore[attr-defined]


def test_statements_have_their_calls_and_slow_ones_a_pattern_too(staging: Environment) -> None:
    figure = slowest_statements(staging, StatementStatistics("postgres", statements=(QUICK, SLOW), since=SINCE))
    assert "12 s (60 %), 4000 calls, mean 3 ms: SELECT * FROM builds" in words_of(figure)
    bars = figure.axes[0].patches
    assert [bool(bar.get_hatch()) for bar in bars] == [False, True]
    assert "2026-11-01 00:00 UTC" in figure.axes[0].get_xlabel()
    assert "<b>" not in to_svg(figure)


def test_a_statement_that_came_once_is_not_called_slow_and_its_mean_is_readable(staging: Environment) -> None:
    once = replace(QUICK, calls=1, total_ms=5_344.4, mean_ms=5_344.4)
    figure = slowest_statements(staging, StatementStatistics("postgres", statements=(once,), since=SINCE))
    assert "1 call, mean 5,344 ms" in words_of(figure)
    assert not figure.axes[0].patches[0].get_hatch()


def test_without_statements_the_chart_says_why(staging: Environment) -> None:
    assert "no answer" in words_of(slowest_statements(staging, Unanswered("q", "no answer")))
    assert "not created" in words_of(slowest_statements(staging, StatementStatistics("postgres", "not created")))
    assert words_of(slowest_statements(staging, StatementStatistics("postgres"))) == "No statement was counted."


def test_planned_values_are_drawn_with_the_worst_on_top() -> None:
    figure = planned_against_in_force(VALUES)
    assert [one.get_text() for one in figure.axes[0].get_yticklabels()] == [
        "PostgreSQL: work_mem", "x: zero", "Redis: appendonly", "PostgreSQL: a"], "what is as planned has no row"
    assert figure.axes[0].get_title(loc="left").startswith("4 of 5 planned values")
    assert "PostgreSQL work_mem: 64MB; planned 4MB" in words_of(figure)
    assert "Redis appendonly: not known, NOPERM; planned yes" in words_of(figure)
    assert {line.get_marker() for line in figure.axes[0].get_lines()} >= {"X", "D", "^"}
    assert to_svg(figure) == to_svg(planned_against_in_force(VALUES))


def test_nothing_planned_and_nothing_that_differs_are_no_empty_chart() -> None:
    assert words_of(planned_against_in_force(())) == "No planned value was asked."
    assert words_of(planned_against_in_force(VALUES[1:2])) == "Every value that was asked is in force as planned."
