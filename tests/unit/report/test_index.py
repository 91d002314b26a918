"""The index over all runs."""

from __future__ import annotations

from runbook_lib.archive import summary
from runbook_lib.archive.runs import list_runs
from runbook_lib.report import index
from runbook_lib.report.index import rendered, write_index, write_months
from tests.unit.report.sample_runs import BUILDERS


def test_the_index_lists_every_run_newest_first_and_escapes(runs):
    outputs = next(iter(runs.values())).parent
    text = write_index(outputs).read_text()
    places = [text.index(run.path.name) for run in list_runs(outputs)]
    assert len(places) == len(BUILDERS)
    assert places == sorted(places)
    assert text.count("<script>") == 1
    assert "&lt;script&gt;alert" in text


def test_a_row_says_why_a_run_was_made_and_how_it_ended_where_it_did_not_pass(runs):
    run = runs["failed_and_rolled_back"]
    (row,) = (row for row in rendered(list_runs(run.parent)).split("<tr data-verdict=")[1:] if f"{run.name}/" in row)
    note = row.partition('<div class="note">')[2].partition("</div>")[0]
    why, _, end = note.partition(" · ")
    assert why == "Release v3.3.0-rc1" and end.startswith("Step 6 of 8")
    assert end.endswith(" …") and len(end) <= index.LONGEST_NOTE + 30  # marks are escaped


def test_an_empty_archive_has_an_index_too(tmp_path):
    assert "No run has been recorded yet" in write_index(tmp_path).read_text()


def test_the_first_page_lists_the_newest_runs_and_leads_to_the_months(tmp_path, monkeypatch):
    monkeypatch.setattr(index, "NEWEST", 2)
    for month in ("202609", "202610", "202611"):
        (tmp_path / f"{month}27T101112Z-0a1b2c-20_deploy").mkdir()
    first = write_index(tmp_path).read_text()
    assert first.count("<tr data-verdict") == 2
    assert "2026-09-27" not in first
    assert "runbook archive index" in first
    assert [path.relative_to(tmp_path).as_posix() for path in write_months(tmp_path)] == [
        "index.html", "months/2026-11.html", "months/2026-10.html", "months/2026-09.html"]
    assert 'href="months/2026-09.html"' in (tmp_path / "index.html").read_text()
    september = (tmp_path / "months" / "2026-09.html").read_text()
    assert "2026-09-27" in september
    assert 'href="../index.html"' in september


def test_a_months_page_links_the_reports_of_its_runs(runs):
    outputs = next(iter(runs.values())).parent
    text = rendered(list_runs(outputs), base="../")
    assert text.count(f'href="../{list_runs(outputs)[0].path.name}/report.html"') == 1


def test_writing_the_first_page_reads_the_newest_runs_alone(tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr(index, "NEWEST", 2)
    for number in range(9):
        (tmp_path / f"2026112{number}T101112Z-0a1b2c-x").mkdir()
    real = summary.summary_of
    monkeypatch.setattr(summary, "summary_of", lambda path: (read.append(path), real(path))[1])
    write_index(tmp_path)
    assert len(read) == 3


def test_folders_that_hold_anything_are_rows_of_the_index(tmp_path):
    for number, text in enumerate(["", "{", '{"seq": 1, "at": "", "event": "run_started", "parameters": 3, "reason": [1]}']):
        folder = tmp_path / f"20261127T10111{number}Z-0a1b2c-x"
        folder.mkdir()
        (folder / "journal.jsonl").write_text(text)
    (tmp_path / "20261127T101119Z-0a1b2c-y" / "journal.jsonl").mkdir(parents=True)
    assert write_index(tmp_path).read_text().count("<tr data-verdict") == 4
