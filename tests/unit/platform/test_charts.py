"""Charts: what they say in words, that they pull in nothing, and that missing data is said."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as tree
from datetime import UTC, datetime, timedelta

import pytest

from runbook_lib.platform import charts
from runbook_lib.recovery import charts as recovery_charts
from runbook_lib.release import charts as release_charts

START = datetime(2026, 11, 1, tzinfo=UTC)
SIZES = [(START + timedelta(days=day), 40e6 + day * 1e5) for day in range(20)]
FIGURES = {
    "latency": lambda: release_charts.latency_distribution([n / 1000 for n in range(1, 101)], 0.5),
    "one latency": lambda: release_charts.latency_distribution([0.2], 0.5),
    "slow latency": lambda: release_charts.latency_distribution([3.0, 4.0, 9.0], 0.5),
    "memory": lambda: charts.memory_against_limits([("a", 50, 100), ("b", 95, 100), ("c", 10, None), ("d", 0, 100)]),
    "sizes": lambda: recovery_charts.sizes_over_time(SIZES),
    "one size": lambda: recovery_charts.sizes_over_time(SIZES[:1]),
    "timeline": lambda: charts.timeline([charts.Bar("a", 0, 2), charts.Bar("b", 2, 0, "failed")]),
    "error rate": lambda: release_charts.error_rate_over_time([(when, n / 10) for n, (when, _) in enumerate(SIZES)], 10,
                                                      moments=[(START, "switch")]),
    "nothing": lambda: release_charts.latency_distribution([], 0.5),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_chart_is_one_svg_with_title_and_description_that_pulls_in_nothing(name):
    svg = charts.to_svg(FIGURES[name]())
    root = tree.fromstring(svg)
    assert root.get("role") == "img"
    assert root[0].tag.endswith("title")
    assert root[0].text
    assert root[1].tag.endswith("desc")
    assert root[1].text
    for node in root.iter():
        for key, value in node.attrib.items():
            if key.endswith("href") or "url(" in value:
                assert value.startswith(("#", "url(#"))
    assert "<!DOCTYPE" not in svg
    assert "<script" not in svg


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_values_give_the_same_bytes(name):
    assert charts.to_svg(FIGURES[name]()) == charts.to_svg(FIGURES[name]())


def test_a_chart_can_be_a_png():
    assert charts.to_png(FIGURES["sizes"]()).startswith(b"\x89PNG")


def words(figure):
    return str(figure.get_label())


def test_percentiles_are_of_the_nearest_rank():
    assert "100 requests: p50 50 ms, p95 95 ms, p99 99 ms; the limit for p95 is 500 ms, 0 above" in words(
        FIGURES["latency"]())
    assert "p50 200 ms, p95 200 ms, p99 200 ms" in words(FIGURES["one latency"]())


def test_missing_data_is_said_and_never_an_empty_chart():
    assert words(release_charts.latency_distribution([], 0.5)) == "No request was measured."
    assert words(charts.memory_against_limits([])) == "No container was measured."
    assert words(recovery_charts.sizes_over_time([])) == "There is no backup yet."
    assert words(charts.timeline([])) == "No step was run."
    assert words(release_charts.error_rate_over_time([], 10)) == "No request was counted."


def test_a_value_that_stands_alone_is_seen():
    (line, *_), (crowd, *_) = (release_charts.error_rate_over_time(
        [(START + timedelta(seconds=n), 1.0) for n in range(count)], 10).axes[0].lines for count in (1, 500))
    assert (line.get_marker(), crowd.get_marker()) == ("o", "")


def test_a_container_without_a_limit_is_said_to_have_none():
    said = words(charts.memory_against_limits([("c", 10 * 2**20, None), ("d", 0, 100 * 2**20)]))
    assert "c 10 MiB, no limit" in said
    assert "d 0 B of 100 MiB (0 %)" in said


def test_a_drop_in_size_is_marked():
    assert "; 1 smaller by a fifth" in words(recovery_charts.sizes_over_time([*SIZES, (START + timedelta(days=30), 1e6)]))


def test_drawing_leaves_matplotlibs_own_settings_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    charts.to_svg(FIGURES["latency"]())
    assert dict(matplotlib.rcParams) == before


def test_importing_charts_does_not_import_matplotlib():
    script = "import sys, runbook_lib.platform.charts, runbook_lib.archive.runs, runbook_lib.report.index as i\n" \
             "sys.exit('matplotlib' in sys.modules or 'jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
