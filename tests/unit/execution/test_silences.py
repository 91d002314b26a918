"""Silences as an execution makes them: before their step, ended however it ends; never what fails it."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import begin_run
from runbook_lib.core.alerts import ExpectedAlert
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import EndpointUnavailable, StepFailed
from runbook_lib.core.findings import Verdict
from runbook_lib.core.plan import Plan, Step
from runbook_lib.core.redaction import Redactor
from runbook_lib.execution import PlanExecutor
from runbook_lib.execution.silences import CHECK, MARGIN_S, STAGE, Silences, limit_s
from tests.unit.execution_doubles import FAILED, ScriptedBackend

ALERT = ExpectedAlert("ServiceUnhealthy", (("job", "postgres"),))


class Kept:
    """An Alertmanager that keeps what it is asked; `clock` is the server's."""

    def __init__(self, clock: datetime = datetime(2026, 11, 27, 12, tzinfo=UTC)) -> None:
        self.clock = clock
        self.made: list[dict[str, Any]] = []
        self.ended: list[str] = []

    def silences(self) -> tuple[list[dict[str, Any]], datetime]:
        return [], self.clock

    def silence(self, matchers: Any, ends: datetime, **words: Any) -> str:
        self.made.append({"ends": ends, **words})
        return f"id-{len(self.made)}"

    def expire(self, silence_id: str) -> None:
        self.ended.append(silence_id)


def step(*, undo_s: float = 0.0) -> Step:
    undo = (Command(("undo",), timeout_s=undo_s),) if undo_s else ()
    return Step("change-postgres", "Restart", (Command(("do",), timeout_s=60.0),), undo=undo, expected_alerts=(ALERT,))


def test_the_end_is_measured_by_the_servers_clock_and_has_time_for_the_undo() -> None:
    kept, one = Kept(datetime(2031, 1, 1, tzinfo=UTC)), step(undo_s=30.0)
    plan = Plan("deploy", "lab", (one,), undo_on_failure=True)
    Silences(lambda: kept, "lab", "run-1").before(plan, one)
    assert limit_s(plan, one) == 90.0
    assert (kept.made[0]["ends"] - kept.clock).total_seconds() == 90.0 + MARGIN_S


def left_by(run_id: str, state: str = "active", by: str = "runbooks of lab") -> dict[str, Any]:
    return {"id": f"of-{run_id}", "status": {"state": state}, "createdBy": by, "comment": f"Stop, by ann, run {run_id}"}


def test_what_a_killed_run_left_is_ended_by_the_next_execution_though_it_silences_nothing(tmp_path: Path) -> None:
    kept, backend = Kept(), ScriptedBackend()
    kept.silences = lambda: ([left_by("dead"), left_by("over", "expired"), left_by("x", by="ann")],  # type: ignore
                             kept.clock)
    folder = begin_run("30_backup_database", tmp_path, Redactor())
    quiet = Plan("back up", "lab", (Step("dump", "Dump", (Command(("do",)),)),))
    with Journal(folder) as opened:
        found = PlanExecutor(quiet, backend, opened, folder, lambda *_: None,
                             silences=Silences(lambda: kept, "lab", "run-1", "bob")).run().findings
    assert (kept.ended, found, kept.made) == (["of-dead"], (), [])
    (event,) = [event for event in journal.read(folder) if event["event"] == "findings"]
    assert event["findings"][0]["measured"] == "ended now: Stop, by ann, run dead"


def test_an_alertmanager_that_does_not_answer_is_no_matter_to_a_run_that_silences_nothing() -> None:
    def reach() -> Any:
        raise EndpointUnavailable("Alertmanager gave no usable reply.")

    made = Silences(reach, "lab", "run-1")
    made.begin()
    made.end()
    assert (made.left, made.findings) == ((), ())


def test_what_is_found_after_the_execution_is_another_runs() -> None:
    """Its lock is gone then: an Alertmanager that answers late may show the silences of the next run."""
    kept, late = Kept(), threading.Event()

    def silences() -> tuple[list[dict[str, Any]], datetime]:
        late.wait(60)
        return [left_by("next")], kept.clock

    kept.silences = silences  # type: ignore[method-assign]
    made = Silences(lambda: kept, "lab", "run-1", wait_s=0.01)
    made.begin()
    made.end()
    late.set()
    made.wait(60.0)
    assert (kept.ended, made.left) == ([], ())


def test_a_silence_names_who_made_it() -> None:
    kept, one = Kept(), step()
    Silences(lambda: kept, "lab", "run-1", "ann").before(Plan("deploy", "lab", (one,)), one)
    assert kept.made[0]["comment"] == "Restart, by ann, run run-1"


def test_what_is_silenced_is_ended_once() -> None:
    kept, one = Kept(), step()
    made = Silences(lambda: kept, "lab", "run-1")
    made.before(Plan("deploy", "lab", (one,)), one)
    made.end()
    made.end()
    assert kept.ended == ["id-1"]


def test_a_silence_whose_end_failed_once_is_ended_with_the_execution() -> None:
    kept, quiet, loud = Kept(), step(), Step("watch", "Watch", ())
    faults = [EndpointUnavailable("Alertmanager gave no usable reply.")]

    def expire(silence_id: str) -> None:
        if faults:
            raise faults.pop()
        kept.ended.append(silence_id)

    kept.expire = expire  # type: ignore[method-assign]
    made, plan = Silences(lambda: kept, "lab", "run-1"), Plan("deploy", "lab", (quiet, loud))
    made.before(plan, quiet)
    made.before(plan, loud)
    assert kept.ended == []
    made.end()
    assert kept.ended == ["id-1"]


@pytest.mark.parametrize("answers", [{}, {"do": FAILED}], ids=["passes", "fails"])
def test_an_execution_ends_its_silences_under_the_lock_however_it_ends(tmp_path: Path, answers: dict[str, Any]) -> None:
    kept, backend = Kept(), ScriptedBackend(**answers)
    held_at_end: list[bool] = []
    kept.expire = lambda silence_id: held_at_end.append(backend.held)  # type: ignore[method-assign]
    folder = begin_run("20_deploy", tmp_path, Redactor())
    plan = Plan("deploy", "lab", (step(),))
    with Journal(folder) as opened, suppress(StepFailed):
        PlanExecutor(plan, backend, opened, folder, lambda *_: None, silences=Silences(lambda: kept, "lab", "run-1")).run()
    assert (len(kept.made), held_at_end, backend.held) == (1, [True], False)


def test_an_execution_whose_alerts_cannot_be_silenced_passes_with_a_warning(tmp_path: Path) -> None:
    def reach() -> Any:
        raise EndpointUnavailable("Alertmanager gave no usable reply.")

    folder = begin_run("20_deploy", tmp_path, Redactor())
    with Journal(folder) as opened:
        (found,) = PlanExecutor(Plan("deploy", "lab", (step(),)), ScriptedBackend(), opened, folder, lambda *_: None,
                                silences=Silences(reach, "lab", "run-1")).run().findings
    assert (found.check, found.verdict) == (CHECK, Verdict.WARNING)
    assert [event["stage"] for event in journal.read(folder) if event["event"] == "findings"] == [STAGE]
