"""Questions of a run: answers are recorded, redacted; those that could not be had are no pass."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.archive import journal
from runbook_lib.core.errors import (
    EndpointUnavailable,
    Inconclusive,
)
from runbook_lib.core.findings import finding
from runbook_lib.core.gates import Gate
from runbook_lib.core.questions import Question
from runbook_lib.core.times import parse_time
from runbook_lib.headless.progress import Lines
from runbook_lib.run import asking
from tests.notebooks.sample_notebooks import SECRET, ProjectDir
from tests.unit.execution_doubles import gate
from tests.unit.run_doubles import finished, opened


def test_facts_are_recorded_with_redacted_values(project_dir: ProjectDir, outputs: Path) -> None:
    run = opened()
    assert run.ask(Question("the password", lambda _: SECRET)) == SECRET
    assert run.ask_all(Question("one", lambda _: 1), Question("two", lambda _: 2)) == (1, 2)
    facts = [event for event in journal.read(run.folder) if event["event"] == "fact"]
    assert [fact["value"] for fact in facts] == ["‹STAGING_DB_PASSWORD›", 1, 2]


def test_each_fact_of_a_batch_has_its_own_beginning_and_duration(project_dir: ProjectDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by reading a report: eight facts, all read in the time that the slowest one took."""
    quick_is_read, clock = threading.Event(), threading.local()

    def slow(_: Any) -> int:
        assert quick_is_read.wait(60)
        time.sleep(0.3)
        clock.now_s = 0.3
        return 1

    # each thread's own: between its answer and its end the quick one may lose the processor for as long as it likes
    monkeypatch.setattr(asking, "time", SimpleNamespace(monotonic=lambda: getattr(clock, "now_s", 0.0)))

    run = opened()
    run.ask_all(Question("slow", slow), Question("quick", lambda _: quick_is_read.set()))
    facts = {event["name"]: event for event in journal.read(run.folder) if event["event"] == "fact"}
    assert facts["quick"]["seconds"] < 0.3 <= facts["slow"]["seconds"]
    for fact in facts.values():
        assert parse_time(fact["begun"]) <= parse_time(fact["at"]) - timedelta(seconds=fact["seconds"] - 0.01)
    run.ask(Question("alone", lambda _: 2))
    assert next(event for event in journal.read(run.folder) if event.get("name") == "alone")["begun"]


def test_an_answer_that_cannot_be_had_is_raised_after_the_others_were_recorded(project_dir: ProjectDir) -> None:
    def broken(_: Any) -> int:
        raise EndpointUnavailable("no answer")

    run = opened()
    with pytest.raises(EndpointUnavailable):
        run.ask_all(Question("bad", broken), Question("good", lambda _: 2))
    assert [event["name"] for event in journal.read(run.folder) if event["event"] == "fact"] == ["good"]


def silent_once(name: str) -> Question[str]:
    answers: Iterator[Exception | str] = iter([EndpointUnavailable("No reply."), "up"])

    def fetch(_: Any) -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Question(name, fetch)


def test_a_question_that_was_never_answered_makes_the_run_inconclusive(project_dir: ProjectDir, outputs: Path) -> None:
    """In JupyterLab one can go on past the error of a cell."""
    run = opened()
    run.verify(finding("disk space", True))
    with pytest.raises(EndpointUnavailable):
        run.ask(silent_once("monitoring"))
    with pytest.raises(Inconclusive, match="monitoring"):
        run.close()
    assert finished(outputs)["verdict"] == "inconclusive"


def test_a_question_that_was_answered_at_the_second_attempt_counts(project_dir: ProjectDir, outputs: Path) -> None:
    run, question = opened(), silent_once("monitoring")
    with pytest.raises(EndpointUnavailable):
        run.ask_all(question)
    run.ask_all(question)
    run.close()
    assert finished(outputs)["verdict"] == "passed"


def test_a_watch_is_recorded_probe_by_probe_and_as_a_fact(project_dir: ProjectDir, clock: None) -> None:
    run = opened()
    watched = run.watch(gate([True, False, True], deadline_s=0.1))
    assert len(watched.probes) >= 3
    events = journal.read(run.folder)
    assert [len(event["faults"]) for event in events if event["event"] == "probe"][:3] == [0, 1, 0]
    assert [event["name"] for event in events if event["event"] == "fact"] == ["ready"]


def test_what_takes_its_time_is_announced_and_a_watch_counts_down(project_dir: ProjectDir, clock: None) -> None:
    run, out = opened(), io.StringIO()
    run.ask(Question("load", lambda _: 1, lasts_s=300))
    run.ask(Question("quick", lambda _: 1, lasts_s=1))
    run.watch(Gate("the live release", (Question("up", lambda _: True),), lambda up: (finding("up", up),), deadline_s=90, interval_s=10))
    Lines(out).journal({"run_id": run.run_id, "folder": str(run.folder.path)})
    shown = out.getvalue()
    assert "… load: about 300 s" in shown
    assert "quick: about" not in shown
    assert 2 <= shown.count("the live release: ") <= 5  # now and then, not at every probe
    assert "s left; " in shown


def test_the_first_of_a_batch_may_have_a_head_start_that_counts_for_none_of_the_others(project_dir: ProjectDir) -> None:
    order: list[str] = []
    run = opened()
    run.ask_all(Question("first", lambda _: order.append("first")), Question("other", lambda _: order.append("other")),
                head_start_s=60)
    assert order == ["first", "other"], "answered: the others wait for no more of it"
    released = threading.Event()
    run.ask_all(Question("hangs", lambda _: released.wait(60)), Question("freed", lambda _: released.set()), head_start_s=0.2)
    facts = {event["name"]: event for event in journal.read(run.folder) if event["event"] == "fact"}
    assert facts["freed"]["seconds"] < 0.2 <= facts["hangs"]["seconds"]
