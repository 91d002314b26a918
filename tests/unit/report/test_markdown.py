"""The Markdown summary: escaped, the verdict first."""

from __future__ import annotations

import re

from runbook_lib.report.events import load
from runbook_lib.report.markdown import markdown


def test_markdown_cannot_be_broken_out_of(runs):
    text = (runs["hostile"] / "summary.md").read_text()
    assert "<script" not in text
    assert "<img" not in text
    for line in text.splitlines():
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) in (4, 5)


def test_markdown_leads_with_the_verdict_and_the_error(runs):
    lines = (runs["failed_and_rolled_back"] / "summary.md").read_text().splitlines()
    assert lines[0] == "## ❌ 20 Deploy a release: failed, rolled back"
    assert "Plan: deploy on lab" in lines[:8]
    assert any(line.startswith("> Next: Compare") for line in lines)


def test_markdown_has_the_hash_of_the_plan(runs):
    report = load(runs["failed_and_rolled_back"])
    assert f"Plan hash `{report.plan['hash']}`" in markdown(report)


def test_a_long_text_says_that_it_was_cut_and_ends_with_a_word(runs):
    report = load(runs["failed_and_rolled_back"])
    report.findings[0][1][0]["measured"] = "one check more, " * 60
    assert "one check more, one …" in markdown(report)
