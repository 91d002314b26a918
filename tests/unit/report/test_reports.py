"""Reports from the journal: deterministic, escaped, the trouble first."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as tree

import pytest

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import list_runs, new_run, seal_abandoned
from runbook_lib.report.html import rendered, write_report
from runbook_lib.report.index import write_index
from runbook_lib.report.run_report import tell
from tests.unit.report.sample_runs import BUILDERS, SECRET, build_all, finish


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    outputs = tmp_path_factory.mktemp("archive")
    made = {name: folder.path for name, folder in build_all(outputs).items()}
    seal_abandoned(outputs)
    return made


def page(runs, name):
    return (runs[name] / "report.html").read_text()


def part(text, heading):
    """The section under a heading."""
    return text.split(f"<h2>{heading}</h2>")[1].split("</section>")[0]


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_the_same_journal_gives_the_same_bytes(runs, name):
    assert rendered(tell(runs[name]), runs[name]) == page(runs, name)


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_no_report_holds_script_an_external_address_or_a_secret(runs, name):
    for file in ("report.html", "summary.md", "junit.xml", "notebook.ipynb", "journal.jsonl"):
        assert SECRET.reveal() not in (runs[name] / file).read_text()
    text = page(runs, name)
    assert not re.search(r"<(script|iframe|object|embed|link|base|form)\b", text)
    assert not re.search(r"""<[a-z][^<>]*\s(src|href)\s*=\s*["']?(https?:|//|javascript:)""", text)
    assert "url(" not in text.split("</style>")[0]
    assert "default-src 'none'" in text


def test_a_sealed_report_is_left_as_it_is(runs):
    before = page(runs, "passed_deploy")
    write_report(runs["passed_deploy"])
    assert page(runs, "passed_deploy") == before


def test_the_failing_step_is_told_before_the_list_of_steps(runs):
    text = page(runs, "failed_and_rolled_back")
    assert text.index("Gate: health, release and schema from inside: failed") < text.index("<h2>Steps</h2>")
    assert "What to do next" in text
    assert "12 of 12 looks" in text


def test_undone_steps_are_shown_as_rolled_back_and_counted(runs):
    story = tell(runs["failed_and_rolled_back"])
    assert [step.state for step in story.steps] == ["passed"] * 3 + ["rolled back"] * 2 + ["failed"] + ["not run"] * 2
    assert "3 of 8 steps passed; 2 were undone" in story.summary


@pytest.mark.parametrize(("own", "undone", "said"), [("", "rolled back", False), ("", "failed", True), ("Port taken", "failed", False)])
def test_what_an_undo_put_out_is_not_shown_as_the_failing_steps_words(outputs, own, undone, said):
    folder = new_run("20_deploy", outputs)
    journal = Journal(folder)
    journal.write("step_started", key="start", title="Start it")
    evidence = [folder.evidence("start-1.out.txt", own)] if own else []
    journal.write("step_finished", key="start", title="Start it", state="aborted", message="stopped", evidence=evidence)
    journal.write("undo_started", key="start")
    journal.write("undo_finished", key="start", state=undone, evidence=[folder.evidence("start-undo-1.err.txt", "No containers")])
    folder = finish(folder, journal, "failed", 5, "Stopped.")
    text = rendered(tell(folder.path), folder.path)
    assert ("No containers" in text) is said
    assert own in text
    assert "start-undo-1.err.txt" in text


def test_of_several_actions_the_one_that_failed_is_shown(outputs):
    folder = new_run("20_deploy", outputs)
    journal = Journal(folder)
    journal.write("step_started", key="look", title="Look at it")
    evidence = [folder.evidence(f"look-{number}.txt", said) for number, said in ((1, "it answers"), (2, "a file is missing"))]
    journal.write("step_finished", key="look", title="Look at it", state="failed", message="no", evidence=evidence)
    folder = finish(folder, journal, "failed", 5, "Failed.")
    text = rendered(tell(folder.path), folder.path)
    assert "a file is missing" in text
    assert "it answers" not in text


def test_each_line_of_a_summary_is_a_sentence(outputs):
    folder = new_run("20_deploy", outputs)
    finish(folder, Journal(folder), "failed", 5, "Step 3 failed: write: 500\nAll was undone.\nWhere: here\nNext: look")
    assert tell(folder.path).summary == "Step 3 failed: write: 500. All was undone."


def test_undone_steps_are_not_counted_again_after_the_runs_own_words(outputs):
    folder = new_run("20_deploy", outputs)
    journal = Journal(folder)
    for key in ("one", "two"):
        journal.write("step_started", key=key, title=key)
        journal.write("step_finished", key=key, title=key, state="passed" if key == "one" else "failed")
    for key in ("two", "one"):
        journal.write("undo_finished", key=key, state="rolled back")
    what = "Step 2 of 2, 'Two', failed: stopped\nEverything done so far was undone (2 steps)."
    journal.write("error", type="RolledBack", what=what)
    folder = finish(folder, journal, "failed", 5, what)
    assert tell(folder.path).summary.endswith("was undone (2 steps). 0 of 2 steps passed.")
    assert "failed: stopped. Everything" in (folder.path / "summary.md").read_text()


def test_how_a_run_ended_is_said_in_words(runs):
    words = {name: re.search(r"<strong>(.*?)</strong>", page(runs, name)).group(1) for name in runs}
    assert words["passed_deploy"] == "Passed"
    assert words["verified_with_warning"] == "Passed with warnings"
    assert words["failed_and_rolled_back"] == "Failed, rolled back"
    assert words["inconclusive"] == "Inconclusive"
    assert words["plan_only"] == "Not applied"
    assert words["refused"] == "Refused"
    assert words["killed"] == "Aborted"


def test_a_step_at_work_when_the_run_was_killed_is_unknown(runs):
    assert [step.state for step in tell(runs["killed"]).steps][:2] == ["passed", "unknown"]
    assert "1 torn line" in page(runs, "killed")


def test_a_plan_without_steps_says_why(runs):
    assert "v3.2.0 (4f2c1d9) is live already and healthy" in part(page(runs, "nothing_to_do"), "Steps")


def test_planned_steps_are_shown_with_commands_and_undo(runs):
    text = part(page(runs, "plan_only"), "Plan")
    assert "pg_dump --format=plain staging_db | gzip -6" in text
    assert "alembic downgrade a1b2c3" in text
    assert "none was run" in page(runs, "plan_only")


def test_what_a_plan_would_have_made_is_no_fault_while_it_is_not_applied(runs):
    text = page(runs, "plan_only")
    assert "Failed" not in text
    assert 'class="trouble' not in text
    assert counts(runs, "plan_only") == {"failures": 0, "errors": 0}


def test_nothing_outside_the_run_folder_is_pulled_in(runs):
    assert "root:" not in page(runs, "hostile")
    outside = part(page(runs, "hostile"), "What was measured").split("outside")[1].split("a chart with script")[0]
    assert "<img" not in outside


def test_direction_marks_and_terminal_codes_are_shown_not_obeyed(runs):
    text = page(runs, "hostile")
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "‹U+202E›gnp.exe" in text


def test_floods_do_not_reach_the_report(runs):
    assert (runs["hostile"] / "report.html").stat().st_size < 200_000
    assert "characters left out" in page(runs, "hostile")


def test_evidence_is_linked_relative_with_its_hash(runs):
    text = part(page(runs, "failed_and_rolled_back"), "Evidence")
    assert 'href="evidence/gate.err.txt"' in text
    assert len(re.findall(r'class="hash">[0-9a-f]{64}<', text)) == text.count("<a ")


def test_charts_are_inside_with_words(runs):
    picture = r'<img src="data:image/svg\+xml;base64,[^"]+" alt="([^"]+)"'
    found = re.findall(picture, page(runs, "verified_with_warning"))
    assert len(found) == 2
    assert "p95" in found[0]


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


def test_an_open_run_has_a_report(tmp_path):
    folder = BUILDERS["passed_deploy"](tmp_path)
    (folder.path / "manifest.json").unlink()
    lines = (folder.path / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (folder.path / "journal.jsonl").write_bytes(b"".join(lines[:6]))
    assert "The run has not finished" in write_report(folder).read_text()


def test_an_empty_journal_has_a_report(tmp_path):
    folder = tmp_path / "20261122T160501Z-7f3a9c-x"
    folder.mkdir()
    assert "<h1>X</h1>" in write_report(folder).read_text()


def test_a_missing_evidence_file_does_not_break_the_report(tmp_path):
    folder = BUILDERS["failed_and_rolled_back"](tmp_path)
    shutil.rmtree(folder.path / "evidence")
    assert "Failed, rolled back" in rendered(tell(folder), folder.path)


def counts(runs, name):
    suite = tree.fromstring((runs[name] / "junit.xml").read_text())[0]
    return {key: int(suite.attrib[key]) for key in ("failures", "errors")}


def test_junit_tells_failures_from_errors(runs):
    assert counts(runs, "passed_deploy") == {"failures": 0, "errors": 0}
    assert counts(runs, "verified_with_warning") == {"failures": 0, "errors": 0}
    assert counts(runs, "failed_and_rolled_back") == {"failures": 5, "errors": 0}
    assert counts(runs, "inconclusive") == {"failures": 0, "errors": 2}
    assert counts(runs, "refused") == {"failures": 0, "errors": 1}
    assert counts(runs, "killed") == {"failures": 1, "errors": 1}


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
    assert any(line.startswith("> Next: Nothing needs to be repaired") for line in lines)
