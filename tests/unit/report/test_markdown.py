"""The Markdown summary: escaped, the verdict first."""

from __future__ import annotations

import re


def test_markdown_cannot_be_broken_out_of(runs):
    text = (runs["hostile"] / "summary.md").read_text()
    assert "<script" not in text
    assert "<img" not in text
    for line in text.splitlines():
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) in (4, 5)


def test_markdown_leads_with_the_verdict_and_the_error(runs):
    lines = (runs["failed_and_rolled_back"] / "summary.md").read_text().splitlines()
    assert lines[0] == "## ❌ 20 Deploy: failed, rolled back"
    assert any(line.startswith("> Next: Compare") for line in lines)
