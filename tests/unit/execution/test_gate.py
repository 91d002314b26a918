"""Opening a gate: what counts as clean, when waiting ends, and what a shut gate reports."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runbook_lib.core.browsing import Picture
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable, LinkDropped
from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.gates import Gate
from runbook_lib.core.questions import Question
from runbook_lib.execution.gate import GateOutcome, GateProbe, ask_concurrently, open_gate, probe_once
from tests.unit.execution_doubles import gate, probe

pytestmark = pytest.mark.usefixtures("clock")


def ask(question: Question[Any]) -> Any:
    return question.fetch(None)  # type: ignore[arg-type]


def message(*checks: tuple[str, bool | None, str]) -> str:
    findings = tuple(finding(name, good, measured=measured) for name, good, measured in checks)
    return GateOutcome(False, (probe(*findings),)).message


def test_what_failed_is_reported_before_what_could_not_be_probed() -> None:
    assert message(("log in", True, "200"), ("write", False, "500"), ("read", None, "skipped"), ("rename", None, "skipped")) == (
        "write: 500; 2 more checks did not pass")
    assert message(("write", False, "500"), ("read", None, "not tried")) == "write: 500; 1 more check did not pass"


def test_what_could_not_be_probed_is_reported_where_nothing_failed() -> None:
    assert message(("log in", True, "200"), ("read", None, "no answer")) == "read: no answer"


def test_of_many_faults_three_are_named_and_the_others_counted() -> None:
    assert message(*((f"check {number}", False, "500") for number in range(5))) == (
        "check 0: 500; check 1: 500; check 2: 500; 2 more checks did not pass")


def test_too_few_clean_probes_are_the_reason_where_no_check_failed() -> None:
    assert message(("log in", True, "200")) == "not enough clean probes in a row before the deadline"
    assert GateOutcome(True, ()).message == ""


def test_a_fault_starts_the_row_of_clean_probes_over() -> None:
    outcome = open_gate(gate([True, False, None, True, True]), ask)
    assert outcome.opened
    assert [one.clean_in_a_row for one in outcome.probes] == [1, 0, 0, 1, 2]
    assert [one.failed_in_a_row for one in outcome.probes] == [0, 1, 1, 0, 0]
    assert [one.failed for one in outcome.probes] == [0, 1, 1, 1, 1]


def test_a_gate_stays_shut_after_failures_in_a_row_without_waiting_for_its_deadline() -> None:
    outcome = open_gate(replace(gate([False], deadline_s=60), failure_threshold=3), ask)
    assert (outcome.opened, len(outcome.probes)) == (False, 3)


def test_a_gate_stays_shut_after_twice_as_many_failures_in_all() -> None:
    outcome = open_gate(replace(gate([True, False] * 9, deadline_s=60, success_threshold=3), failure_threshold=2), ask)
    assert (outcome.opened, outcome.probes[-1].failed) == (False, 4)


def test_the_links_own_error_is_raised_when_the_last_probe_had_no_link() -> None:
    with pytest.raises(LinkDropped):
        open_gate(gate([True, LinkDropped("gone")], success_threshold=3, deadline_s=0.03), ask)


def test_a_link_that_came_back_leaves_the_gate_shut_for_what_it_saw() -> None:
    outcome = open_gate(gate([LinkDropped("gone"), False], deadline_s=0.03), ask)
    assert not outcome.opened


def test_every_probe_is_observed_as_it_is_made() -> None:
    seen: list[GateProbe] = []
    outcome = open_gate(gate([False, True, True]), ask, seen.append)
    assert tuple(seen) == outcome.probes
    assert [one.number for one in seen] == [1, 2, 3]


def test_no_findings_at_all_are_not_clean() -> None:
    blind = Gate("blind", (), lambda: (), success_threshold=1, interval_s=0.01, deadline_s=0.02)
    assert not open_gate(blind, ask).opened


def test_an_answer_that_cannot_be_had_or_read_is_inconclusive_and_keeps_its_advice() -> None:
    missing = gate([EndpointUnavailable("no answer", next_step="Start nginx.")])
    assert [(one.verdict, one.next_step) for one in probe_once(missing, ask)] == [(Verdict.INCONCLUSIVE, "Start nginx.")]

    def judge(_: Any) -> Any:
        raise FactUnreadable("a reply of an unknown form")

    assert probe_once(replace(gate([True]), judge=judge), ask)[0].verdict is Verdict.INCONCLUSIVE


def test_questions_asked_concurrently_are_answered_in_order_with_errors_in_their_place() -> None:
    def fail(_: Any) -> int:
        raise EndpointUnavailable("no answer")

    first, second, third = ask_concurrently(
        (Question("a", lambda _: 1), Question("b", fail), Question("c", lambda _: 3)), ask)
    assert (first, third) == (1, 3)
    assert isinstance(second, EndpointUnavailable)
    assert ask_concurrently((), ask) == []


def test_a_check_that_may_be_inconclusive_lets_the_gate_open_and_stays_no_pass() -> None:
    unseen = (Finding("page", Verdict.INCONCLUSIVE, "no browser"), Finding("health", Verdict.PASSED))
    asked = Gate("g", (), lambda: unseen, success_threshold=1, deadline_s=0.0, may_be_inconclusive=("page",))
    outcome = open_gate(asked, ask)
    assert outcome.opened
    assert outcome.findings[0].verdict is Verdict.INCONCLUSIVE
    assert not open_gate(replace(asked, may_be_inconclusive=("health",)), ask).opened


def test_a_failed_check_that_may_be_inconclusive_still_keeps_the_gate_shut() -> None:
    failed = (Finding("page", Verdict.FAILED, "blank"),)
    assert not open_gate(Gate("g", (), lambda: failed, 1, deadline_s=0.0, may_be_inconclusive=("page",)), ask).opened


def test_the_picture_of_a_probe_comes_from_its_answers() -> None:
    question = Question("page", lambda connections: b"\x89PNG")
    pictured = Gate("g", (question,), lambda png: (Finding("x", Verdict.PASSED),), 1, picture=Picture)
    picture = open_gate(pictured, lambda asked: asked.fetch(None)).probes[-1].picture  # type: ignore[arg-type]
    assert picture is not None
    assert picture.png == b"\x89PNG"


def test_a_gate_that_has_nothing_to_check_here_does_not_open() -> None:
    absent = not_applicable("grafana", "no image")
    nothing = replace(gate([True], success_threshold=1, deadline_s=0.05), judge=lambda healthy: (absent,))
    assert not open_gate(nothing, lambda question: question.fetch(None)).opened  # type: ignore[arg-type]
    with_others = replace(nothing, judge=lambda healthy: (absent, finding("healthy", healthy)))
    assert open_gate(with_others, lambda question: question.fetch(None)).opened  # type: ignore[arg-type]
