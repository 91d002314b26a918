"""The index over all runs."""

from __future__ import annotations

from runbook_lib.archive.runs import list_runs
from runbook_lib.report.index import write_index
from tests.unit.report.sample_runs import BUILDERS


def test_the_index_lists_every_run_newest_first_and_escapes(runs):
    outputs = next(iter(runs.values())).parent
    text = write_index(outputs).read_text()
    places = [text.index(run.path.name) for run in list_runs(outputs)]
    assert len(places) == len(BUILDERS)
    assert places == sorted(places)
    assert text.count("<script>") == 1
    assert "&lt;script&gt;alert" in text


def test_an_empty_archive_has_an_index_too(tmp_path):
    assert "No run has been recorded yet" in write_index(tmp_path).read_text()
