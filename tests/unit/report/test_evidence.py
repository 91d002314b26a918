"""The files of a run in its report."""

from __future__ import annotations

import re
import shutil

from runbook_lib.report.events import load
from runbook_lib.report.html import rendered
from tests.unit.report.sample_runs import BUILDERS, page, part


def test_evidence_is_linked_relative_with_its_hash(runs):
    text = part(page(runs, "failed_and_rolled_back"), "Evidence")
    assert 'href="evidence/gate.err.txt"' in text
    assert len(re.findall(r'class="hash">[0-9a-f]{64}<', text)) == text.count("<a ")


def test_a_missing_evidence_file_does_not_break_the_report(tmp_path):
    folder = BUILDERS["failed_and_rolled_back"](tmp_path)
    shutil.rmtree(folder.path / "evidence")
    assert "Failed, rolled back" in rendered(load(folder), folder.path)
