"""Results are complete at any moment, failed cases lead, and nothing that was measured can inject markup."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from lab.resilience.report import line_of, summary, write_report, write_results
from lab.resilience.suite import Case, SuiteResult

BEGAN = datetime(2026, 11, 22, tzinfo=UTC)
GOOD = Case("a good one", True, "3 of 3", 1.0)
BAD = Case("<script>alert(1)</script>", False, "2 of 3 \x1b[31m& more", 2.0)
FAILED = SuiteResult("failing", "It fails", [GOOD, BAD], completed=True)


def test_the_report_escapes_what_was_measured(tmp_path: Path) -> None:
    page = write_report(tmp_path, [FAILED], instance="lab", began=BEGAN, completed=True).read_text()
    assert "Some cases failed" in page
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in page
    assert page.index("&lt;script&gt;") < page.index("a good one")  # failed cases lead
    assert "http" not in page.split("</head>")[1]


def test_the_report_of_a_soak_that_goes_on_says_so_and_shows_what_has_failed(tmp_path: Path) -> None:
    half_way = SuiteResult("passing", "It passes", [GOOD])
    half_failed = SuiteResult("failing", "It fails", [GOOD, BAD])
    for result, words, failed in ((half_way, "Not complete", 0), (half_failed, "Some cases failed", 2), (FAILED, "Some cases failed", 2)):
        page = write_report(tmp_path, [result], instance="lab", began=BEGAN, completed=False).read_text()
        assert f"<strong>{words} (running, or stopped before the end)</strong>" in page
        # of the suite, and of its case
        assert page.count("Failed</span>") == failed, words


def test_results_are_complete_at_any_moment(tmp_path: Path) -> None:
    for result in (SuiteResult("passing", "It passes", [GOOD]), FAILED):
        path = write_results(tmp_path, [result], instance="lab", began=BEGAN, completed=False)
        assert json.loads(path.read_text())["suites"][0]["cases"]
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_a_line_of_the_terminal_holds_no_terminal_codes() -> None:
    assert line_of("failing", BAD) == "✘ failing: <script>alert(1)</script> (2.0 s): 2 of 3 & more"


def test_the_summary_counts_cases_and_names_incomplete_suites() -> None:
    assert summary([]) == "0 of 0 cases passed in 0 suites, 0.0 minutes"
    assert summary([FAILED, SuiteResult("races", "")]) == (
        "1 of 2 cases passed in 2 suites, 0.0 minutes; not completed: races")
