"""A watch in a plan, the rollback when a trigger fires, and what is reported of it: with doubles for the server."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.runs import RunFolder, new_run
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import LinkDropped, RollbackFailed, RolledBack, StepFailed
from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.gates import Reading, TriggerFired, Watch
from runbook_lib.core.plan import Plan, Step, StepState
from runbook_lib.core.questions import Question
from runbook_lib.execution import undo
from runbook_lib.headless.progress import Lines
from runbook_lib.report.events import load, report_of
from tests.unit.execution_doubles import FAILED, ScriptedBackend, executed, gate, plan, states, step

RATE = "API error rate"


@pytest.fixture
def folder(outputs: Path) -> RunFolder:
    return new_run("20_deploy", outputs)


def watch(rates: list[Any], *, duration_s: float = 0.05, conclusion: tuple[Finding, ...] = ()) -> Watch:
    """A watch over a list of error rates; the last one stays. Above 10 the trigger fires."""

    def fetch(connections: Any) -> Any:
        rate = rates.pop(0) if len(rates) > 1 else rates[0]
        if isinstance(rate, Exception):
            raise rate
        return rate

    def judge(before: Sequence[Reading], answers: Sequence[Any]) -> Reading:
        (rate,) = answers
        if isinstance(rate, Exception):
            return Reading({RATE: None}, (Finding("probe", Verdict.INCONCLUSIVE, str(rate)),))
        fired = TriggerFired("API error rate > 10%", RATE, rate, 10, "percent", "of 80 requests") if rate > 10 else None
        return Reading({RATE: float(rate)}, (), fired)

    return Watch("watch v2", (Question("rate", fetch),), judge, lambda readings: conclusion, duration_s, 0.01,
                 since="one", primary_metric=RATE, limit=10, unit="percent", max_unreachable_probes=2)


def watched(*rates: Any, **options: Any) -> Plan:
    return plan(step("one"), Step("watch", "Watch", (watch(list(rates), **options),)), step("last", undo=False))


def shown(folder: RunFolder) -> dict[str, Any]:
    return next(event for event in journal.read(folder) if event["event"] == "shown")


def test_a_clean_watch_passes_and_the_next_step_follows(folder: RunFolder) -> None:
    execution = executed(folder, watched(0, 1), ScriptedBackend())
    assert [one.state for one in execution.steps] == [StepState.PASSED] * 3
    probes = [event for event in journal.read(folder) if event["event"] == "probe"]
    assert probes[0]["metrics"] == {RATE: 0.0}
    assert not shown(folder).get("highlight")
    assert execution.steps[1].seconds < 60, "a watch without a fault ends when its time is over"


def test_a_trigger_ends_the_watch_at_once_and_undoes_what_was_done(folder: RunFolder) -> None:
    backend = ScriptedBackend()
    with pytest.raises(RolledBack, match="API error rate > 10%"):
        executed(folder, watched(0, 12.5, duration_s=60), backend)
    assert backend.did == ["one", "unone"]
    assert states(folder)["watch"] == "failed" and states(folder)["last"] == "not run"


def test_the_report_begins_with_the_trigger_its_picture_and_its_moments(folder: RunFolder) -> None:
    with pytest.raises(RolledBack):
        executed(folder, replace(watched(0, 12.5), rollback_check=gate([True])), ScriptedBackend())
    exhibit = shown(folder)
    assert exhibit["highlight"] == "first" and exhibit["title"] == "Rolled back: API error rate > 10%"
    assert all(word in exhibit["text"] for word in ("12.5 %, limit 10 %", "Switched at", "switched back", "First clean external probe"))
    picture = (folder.path / exhibit["chart"][0]).read_text()
    assert picture.startswith("<svg")
    record = next(event for event in journal.read(folder) if event["event"] == "trigger")
    moments = [datetime.fromisoformat(record[name]) for name in ("switched_at", "fired_at", "switched_back_at", "recovered_at")]
    assert moments == sorted(moments) and moments[0].tzinfo is not None and moments[-1] <= datetime.now(UTC)


def test_a_failed_external_verification_undone_noteing_is_a_failed_rollback(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "BRIEF_CHECK_S", 0.1)
    broken = replace(watched(0, 50), rollback_check=gate([False], deadline_s=0.1),
                     state=Question("state", lambda _: {"colour": "green"}))
    with pytest.raises(RollbackFailed) as raised:
        executed(folder, broken, ScriptedBackend())
    assert "external verification did not pass" in raised.value.what and "colour: green" in raised.value.what
    assert "22 Rollback" in raised.value.next_step


def test_a_failed_undo_names_what_was_undone_and_what_was_not(folder: RunFolder) -> None:
    with pytest.raises(RollbackFailed, match="Not undone: One") as raised:
        executed(folder, plan(), ScriptedBackend(three=FAILED, untwo=FAILED))
    assert "Undone: Three" in raised.value.what


def test_an_undo_that_may_fail_does_not_stop_the_others_but_is_not_forgotten(folder: RunFolder) -> None:
    backend = ScriptedBackend(three=FAILED, untwo=FAILED)
    with pytest.raises(RollbackFailed, match="Undoing 'Two' failed too"):
        executed(folder, plan(step("one"), replace(step("two"), undo_best_effort=True), step("three")), backend)
    assert backend.did[-3:] == ["unthree", "untwo", "unone"]


def test_the_files_of_every_step_are_put_back_before_any_service_follows_them(folder: RunFolder) -> None:
    one, two, three = (replace(step(name), undo_files=(Command((f"files-of-{name}",)),)) for name in ("one", "two", "three"))
    backend = ScriptedBackend(three=FAILED)
    with pytest.raises(RolledBack) as raised:
        executed(folder, plan(one, replace(two, undo=()), three), backend)
    assert backend.did[-5:] == ["files-of-three", "files-of-two", "files-of-one", "unthree", "unone"]
    assert "3 steps" in raised.value.what
    # on the screen a step is undone once, when both of its parts are
    out = io.StringIO()
    Lines(out).journal({"run_id": folder.run_id, "folder": str(folder.path)})
    undone = [line for line in out.getvalue().splitlines() if "undo of" in line]
    assert [line.split("undo of ")[1].split(":")[0] for line in undone] == ["Two", "Three", "One"]
    assert [one.undo_state for one in load(folder.path).steps] == ["rolled back"] * 3


def test_an_undo_that_is_half_done_is_not_reported_as_done(folder: RunFolder) -> None:
    backend = ScriptedBackend(three=FAILED, unthree=FAILED)
    three = replace(step("three"), undo_files=(Command(("files",)),))
    with pytest.raises(RollbackFailed):
        executed(folder, plan(step("one"), three), backend)
    events = journal.read(folder.path)
    half = [number for number, one in enumerate(events) if one.get("more")]
    assert [events[number]["state"] for number in half] == ["rolled back"]
    assert report_of(events[:half[0] + 1], folder.path).steps[-1].undo_state == "started"
    assert load(folder.path).steps[-1].undo_state == "rollback failed"


def test_files_that_cannot_be_put_back_end_the_rollback_before_a_service_reads_them(folder: RunFolder) -> None:
    files = (Command(("files",)),)
    backend = ScriptedBackend(two=FAILED, files=FAILED)
    with pytest.raises(RollbackFailed, match="Undoing 'One' failed too"):
        executed(folder, plan(replace(step("one"), undo_files=files), step("two")), backend)
    assert "untwo" not in backend.did and "unone" not in backend.did


def test_after_the_point_of_no_return_nothing_is_undone_and_the_choices_are_named(folder: RunFolder) -> None:
    backend = ScriptedBackend(three=FAILED)
    final = replace(plan(), point_of_no_return="two", irreversible_reason="it is recorded", irreversible_hint="Choose.")
    with pytest.raises(StepFailed, match="Nothing was undone: it is recorded") as raised:
        executed(folder, final, backend)
    assert backend.did == ["one", "two", "three"] and raised.value.next_step == "Choose."


def test_the_step_of_no_return_itself_is_undone_when_it_fails(folder: RunFolder) -> None:
    backend = ScriptedBackend(two=FAILED)
    with pytest.raises(RolledBack):
        executed(folder, replace(plan(), point_of_no_return="two"), backend)
    assert backend.did[-2:] == ["untwo", "unone"]


def test_a_watch_without_a_link_is_unknown_and_undoes_nothing(folder: RunFolder) -> None:
    backend = ScriptedBackend()
    with pytest.raises(LinkDropped, match="Nothing was undone"):
        executed(folder, watched(0, LinkDropped("gone"), duration_s=60), backend)
    assert backend.did == ["one"]
    assert states(folder)["watch"] == "unknown"


def test_what_a_watch_leaves_open_reaches_the_runs_verdict(folder: RunFolder) -> None:
    open_question = (Finding(RATE, Verdict.INCONCLUSIVE, "12 requests", "at least 50"),)
    execution = executed(folder, watched(0, conclusion=open_question), ScriptedBackend())
    assert execution.steps[1].state is StepState.PASSED
    assert execution.findings == open_question


def test_undoing_waits_for_what_it_needs_and_is_tried_in_any_case(folder: RunFolder) -> None:
    backend = ScriptedBackend(two=FAILED)
    with pytest.raises(RolledBack):
        executed(folder, replace(plan(), undo_ready=gate([False, True], success_threshold=1)), backend)
    again = ScriptedBackend(two=FAILED)
    with pytest.raises(RolledBack):
        executed(new_run("20_deploy", folder.path.parent), replace(plan(), undo_ready=gate([False], deadline_s=0.05)), again)
    assert again.did[-2:] == ["untwo", "unone"]


def test_a_gate_that_holds_a_trigger_stays_shut_after_some_failed_probes_and_begins_the_report(folder: RunFolder) -> None:
    shut = replace(gate([False], deadline_s=60), failure_threshold=3, trigger="Deployment health check failures", since="one")
    with pytest.raises(RolledBack):
        executed(folder, plan(step("one"), Step("gate", "Gate", (shut,))), ScriptedBackend())
    assert shown(folder)["title"] == "Rolled back: Deployment health check failures"
    assert "3 probes, did not open" in (folder.path / "evidence/gate-1-gate.txt").read_text()


def test_a_release_that_fails_every_other_probe_is_not_waited_for_either(folder: RunFolder) -> None:
    wavering = replace(gate([True, False] * 30, success_threshold=3, deadline_s=60), failure_threshold=3, since="one",
                       trigger="Deployment health check failures")
    with pytest.raises(RolledBack):
        executed(folder, plan(step("one"), Step("gate", "Gate", (wavering,))), ScriptedBackend())
    assert "6 failed probes, limit 6" in shown(folder)["text"]


def test_probes_without_an_answer_do_not_shut_a_gate_for_good(folder: RunFolder) -> None:
    patient = replace(gate([None, None, None, None, True]), failure_threshold=2)
    assert executed(folder, plan(Step("gate", "Gate", (patient,))), ScriptedBackend()).steps[0].state is StepState.PASSED


def test_the_advice_of_the_check_that_kept_a_gate_shut_is_what_comes_next(folder: RunFolder) -> None:
    shut = replace(gate([False], deadline_s=0.05), judge=lambda healthy: (finding("compatibility", False, next_step="Two steps."),))
    with pytest.raises(RolledBack) as raised:
        executed(folder, plan(step("one"), Step("gate", "Gate", (shut,))), ScriptedBackend())
    assert raised.value.next_step.startswith("Two steps.")
