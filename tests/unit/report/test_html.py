"""The page of a run: deterministic, escaped, problems first."""

from __future__ import annotations

import re

import pytest

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.report.events import load
from runbook_lib.report.html import rendered, write_report
from tests.unit.report.sample_runs import BUILDERS, SECRET, begin, deploy_plan, finish, page, part, walk


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_the_same_journal_gives_the_same_bytes(runs, name):
    assert rendered(load(runs[name]), runs[name]) == page(runs, name)


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


def test_the_failed_step_comes_before_the_list_of_steps(runs):
    text = page(runs, "failed_and_rolled_back")
    assert text.index("Verify the new release before switching traffic: failed") < text.index("<h2>Steps</h2>")
    assert re.search(r"<b>Next step</b>Compare <code>(<[^>]+>)?DATABASE_URL(<[^>]+>)?</code> in", text)
    assert "12 of 12 probes" in text
    problem = text[text.index('<section class="problem'):]
    order = [problem.index(words) for words in ("<b>Next step</b>", "Checks that did not pass", "Output of Verify", "<h2>Steps</h2>")]
    assert order == sorted(order), "what to do is not below an output that is longer than a page"


def test_how_a_run_ended_is_its_headline(runs):
    headline = {name: re.search(r"<strong>(.*?)</strong>", page(runs, name)).group(1) for name in runs}
    assert headline["passed_deploy"] == "Passed"
    assert headline["verified_with_warning"] == "Passed with warnings"
    assert headline["failed_and_rolled_back"] == "Failed, rolled back"
    assert headline["rollback_failed"] == "Rollback failed"
    assert headline["inconclusive"] == "Inconclusive"
    assert headline["plan_only"] == "Not applied"
    assert headline["refused"] == "Refused"
    assert headline["killed"] == "Aborted"


def test_what_the_run_was_about_is_above_everything_else(runs):
    head = page(runs, "failed_and_rolled_back").partition("<h2>")[0]
    assert "<dt>Plan</dt><dd>deploy on lab" in head
    assert "<dt>Plan</dt>" not in page(runs, "verified_with_warning")


def test_a_plan_without_steps_says_why(runs):
    assert "v3.2.0 (4f2c1d9) is live already and healthy" in part(page(runs, "nothing_to_do"), "Steps")


def test_planned_steps_are_shown_with_commands_and_undo(runs):
    text = part(page(runs, "plan_only"), "Plan")
    assert "pg_dump --format=plain staging_db | gzip -6" in text
    assert "alembic downgrade a1b2c3" in text
    assert "8 planned, none run" in page(runs, "plan_only")
    assert page(runs, "plan_only").index("<h2>Plan</h2>") < page(runs, "plan_only").index("<h2>Checks</h2>"), "it was asked for"
    assert page(runs, "passed_deploy").index("<h2>Plan</h2>") > page(runs, "passed_deploy").index("<h2>Checks</h2>")
    assert all(page(runs, name).count("<h2>Plan</h2>") < 2 for name in runs)


def test_a_check_of_a_plan_that_was_not_applied_is_not_a_fault(runs):
    text = page(runs, "plan_only")
    assert "Failed" not in text
    assert 'class="problem' not in text


def test_direction_marks_and_terminal_codes_are_shown_not_obeyed(runs):
    text = page(runs, "hostile")
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "‹U+202E›gnp.exe" in text


def test_floods_do_not_reach_the_report(runs):
    assert (runs["hostile"] / "report.html").stat().st_size < 200_000
    assert "characters left out" in page(runs, "hostile")


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


def test_what_was_shown_before_the_first_step_stands_before_the_steps_and_the_rest_after_the_checks(outputs):
    folder, journal = begin(outputs, "20_deploy")
    journal.write("shown", title="Deployed at the start of this run", text="v3.1.0")
    walk(folder, journal, deploy_plan())
    journal.write("findings", stage="did it work", findings=[Finding("live", Verdict.PASSED, "v3.2.0", "v3.2.0")])
    journal.write("shown", title="Deployed at the end of this run", text="v3.2.0")
    finish(folder, journal, "passed", 0, "Done.")
    text = (folder.path / "report.html").read_text()
    assert "Deployed at the start" in part(text, "Before the first step")
    assert "Deployed at the end" in part(text, "Measurements")
    assert text.index("<h2>Before the first step") < text.index("<h2>Steps") < text.index("<h2>Checks") < text.index("<h2>Meas")


def test_of_a_run_without_steps_all_that_was_shown_stands_together(runs):
    assert "Before the first step" not in page(runs, "verified_with_warning")
    assert "Slowest routes" in part(page(runs, "verified_with_warning"), "Measurements")


def test_what_a_run_measured_for_users_is_in_the_head_and_a_warning_of_its_watch_counts(outputs):
    folder, journal = begin(outputs, "20_deploy")
    journal.write("findings", stage="watch: v3.2.0", findings=[Finding("p95", Verdict.WARNING, "925 ms", "< 500 ms")])
    journal.write("findings", stage="did it work", findings=[Finding("live", Verdict.PASSED)])
    journal.write("shown", title="Outage for users", text="18.9 s, 34 of 240 requests failed", chart=[], highlight=True)
    journal.write("shown", title="Requests of users", text="0; our own reads", chart=[], highlight="gate")
    journal.write("shown", title="A long answer", text="word " * 40, chart=[], highlight="gate")
    finish(folder, journal, "warning", 0, "1 of 2 checks passed, 1 warning (p95).")
    head, _, body = (folder.path / "report.html").read_text().partition("</dl>")
    assert "<dt>Requests of users</dt><dd>0; our own reads</dd>" in head
    assert "Requests of users" not in body, "the same words twice, one below the other"
    assert "<h2>Outage for users</h2>" in body and "<h2>A long answer</h2>" in body
    assert "<dt>Outage for users</dt><dd>18.9 s, 34 of 240 requests failed</dd>" in head
    assert "1 of 2 passed, 1 warning" in head
    assert "A long answer" not in head
    assert "Outage for users: 18.9 s" in (folder.path / "summary.md").read_text()
