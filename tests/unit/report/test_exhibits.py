"""Charts and tables in a report come from the run alone."""

from __future__ import annotations

import re

import pytest

from runbook_lib.report.exhibits import exhibit_row
from tests.unit.report.sample_runs import page, part


def test_charts_are_inside_with_words(runs):
    picture = r'<img src="data:image/svg\+xml;base64,[^"]+" alt="([^"]+)"'
    found = re.findall(picture, page(runs, "verified_with_warning"))
    assert len(found) == 2
    assert "p95" in found[0]


def test_nothing_outside_the_run_folder_is_pulled_in(runs):
    assert "root:" not in page(runs, "hostile")
    outside = part(page(runs, "hostile"), "Measurements").split("outside")[1].split("a chart with script")[0]
    assert "<img" not in outside


@pytest.mark.parametrize("content", [{"table": {"columns": ["value"], "rows": [["none"]]}}, {"text": "none"}])
def test_a_text_is_not_a_table_of_one_cell(content, tmp_path):
    assert exhibit_row({"event": "shown", "title": "Drills so far", **content}, tmp_path)["shaped"] == "none"
