"""The benchmark of logs measures what it says, and reading takes no more memory for a larger file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.bench.logs import COMBINED, JSON, LogCost, measure_logs, read_with_ours, times_as_much, write_log
from lab.errors import LabError


def test_both_formats_are_read_whole_and_the_other_tool_only_where_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.bench.logs.shutil.which", lambda name: None)
    found = measure_logs(tmp_path, 2_000)
    assert [(one.tool, one.format, one.lines) for one in found] == [("43 Log review", COMBINED, 2_000), ("43 Log review", JSON, 2_000)]
    assert all(one.cpu_s > 0 and one.peak_mb > 10 for one in found)
    assert times_as_much(found) is None


def test_the_ratio_is_of_the_combined_log_alone() -> None:
    found = [LogCost("43 Log review", COMBINED, 1, 1, 2.0, 1), LogCost("43 Log review", JSON, 1, 1, 9.0, 1), LogCost("GoAccess", COMBINED, 1, 1, 30.0, 1)]
    assert times_as_much(found) == 15.0
    assert "2.00 s CPU" in str(found[0])


def test_a_log_that_was_not_read_whole_is_no_measurement(tmp_path: Path) -> None:
    path = write_log(tmp_path / "a.log", COMBINED, 100)
    path.write_text(path.read_text() + "junk\n")
    with pytest.raises(LabError, match="100"):
        read_with_ours(path, COMBINED)


def test_lines_are_as_many_as_wanted_and_of_their_format(tmp_path: Path) -> None:
    lines = write_log(tmp_path / "a.log", JSON, 60_001, 50_000).read_text().splitlines()
    assert len(lines) == 60_001
    assert json.loads(lines[0])["status"] in (200, 404, 500)


@pytest.mark.parametrize("form", [COMBINED, JSON])
def test_five_times_the_log_takes_no_more_memory(tmp_path: Path, form: str) -> None:
    """Twelve pieces against sixty: what is read is let go again, and of 24 MB more a few stay."""
    size = 6_000_000
    lines = size // (write_log(tmp_path / "one.log", form, 1_000).stat().st_size // 1_000)
    small, large = (read_with_ours(write_log(tmp_path / "a.log", form, times * lines, 50_000), form, 500_000) for times in (1, 5))
    assert large.megabytes - small.megabytes > 22
    assert large.peak_mb < small.peak_mb + 20, f"{small}; {large}"
