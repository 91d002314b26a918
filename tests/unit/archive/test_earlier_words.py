"""An archive that version 0.1.0 wrote: its runs are read, and shown, as completely as those of today."""

from __future__ import annotations

import json

from runbook_lib.archive import journal
from runbook_lib.archive.chain import MANIFEST
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import list_runs, new_run, seal, seal_abandoned, summary_of, verify_archive
from runbook_lib.core.findings import Verdict
from runbook_lib.report.events import load


def run_of_0_1_0(outputs):
    """A run that was killed: its journal as 0.1.0 wrote it, without an end."""
    folder = new_run("20_deploy", outputs)
    with Journal(folder) as writing:
        writing.write("run_started", run_id=folder.run_id, notebook="20_deploy", environment="lab", mode="apply",
                      who="dana", reason="weekly", parameters={})
        writing.write("confirmed", by="dana", words="lab")
        writing.write("findings", stage="as it is now (not applied)",
                      findings=[{"check": "api", "verdict": "failed", "measured": "down", "next": "Open 80"}])
        writing.write("look", watch="after the switch", fired="", faults=[{"check": "api", "next": "Wait"}])
        writing.write("shown", title="State", text="v1", leads=True)
        writing.write("error", type="StepFailed", what="The API is down.", where="lab", next="Restart the API.")
        writing.write("lock_lost", because="broken")
        writing.write("trigger", trigger="errors", because="503", flipped_at="T1", clean_at="T2")
    return folder


def test_events_of_0_1_0_are_read_under_the_names_of_today(tmp_path):
    events = {event["event"]: event for event in journal.read(run_of_0_1_0(tmp_path))}
    assert events["run_started"]["operator"] == "dana"
    assert (events["confirmed"]["operator"], events["confirmed"]["environment"]) == ("dana", "lab")
    assert events["findings"]["findings"][0]["next_step"] == "Open 80"
    assert events["findings"]["counts"] is False
    assert events["probe"]["faults"][0]["next_step"] == "Wait"
    assert events["shown"]["highlight"] is True
    assert events["error"]["next_step"] == "Restart the API."
    assert events["lock_lost"]["reason"] == "broken"
    trigger = events["trigger"]
    assert (trigger["detail"], trigger["switched_back_at"], trigger["recovered_at"]) == ("503", "T1", "T2")


def test_a_run_that_0_1_0_sealed_is_listed_as_sealed_with_its_operator(tmp_path):
    folder = run_of_0_1_0(tmp_path)
    seal(folder)
    path = folder.path / MANIFEST
    manifest = json.loads(path.read_text())
    manifest["format"] = 1
    manifest["run"] = {("who" if name == "operator" else name): value for name, value in manifest["run"].items()}
    path.write_text(json.dumps(manifest))
    run = summary_of(folder.path)
    assert (run.sealed, run.operator) == (True, "dana")


def test_a_run_that_died_before_the_upgrade_is_sealed_with_its_operator_and_what_to_do_next(tmp_path):
    folder = run_of_0_1_0(tmp_path)
    assert seal_abandoned(tmp_path) == [folder.run_id]
    [run] = list_runs(tmp_path)
    assert (run.sealed, run.operator, run.state) == (True, "dana", "aborted")
    assert [one.verdict for one in verify_archive(tmp_path)] == [Verdict.PASSED]
    page = (folder.path / "report.html").read_text()
    assert "Restart the API." in page
    assert "dana" in page
    assert "Restart the API." in (folder.path / "summary.md").read_text()


def test_a_check_that_0_1_0_did_not_count_is_no_failure(tmp_path):
    folder = run_of_0_1_0(tmp_path)
    report = load(folder.path)
    assert [one["verdict"] for _, rows in report.findings for one in rows] == ["not applied"]


def test_where_and_what_to_do_next_are_taken_out_of_an_earlier_summary(tmp_path):
    folder = new_run("20_deploy", tmp_path)
    with Journal(folder) as writing:
        writing.write("run_finished", verdict="failed", summary="No disk space.\nOn /.\nWhere: lab\nNext: Free space.")
    [event] = journal.read(folder)
    assert (event["summary"], event["where"], event["next_step"]) == ("No disk space.\nOn /.", "lab", "Free space.")
