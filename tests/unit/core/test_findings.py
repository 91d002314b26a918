"""Findings and verdicts: what was not seen is never a pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runbook_lib.core.findings import (
    AS_STATED,
    Finding,
    Verdict,
    as_warnings,
    finding,
    in_brackets,
    lines_of,
    not_applicable,
)


@pytest.mark.parametrize(("good", "verdict"), [(True, "passed"), (False, "failed"), (None, "inconclusive")])
def test_missing_data_is_inconclusive(good: bool | None, verdict: str) -> None:
    assert finding("up", good).verdict == verdict


def test_a_check_that_only_warns_still_needs_its_data() -> None:
    assert finding("room", False, otherwise=Verdict.WARNING).verdict is Verdict.WARNING
    assert finding("room", None, otherwise=Verdict.WARNING).verdict is Verdict.INCONCLUSIVE


def test_only_what_did_not_pass_has_a_next_step() -> None:
    assert finding("up", True, next_step="Start it.").next_step == ""
    assert finding("up", False, next_step="Start it.").next_step == "Start it."


@pytest.mark.parametrize(("verdicts", "worst"), [
    ([], "inconclusive"), (["passed", "warning"], "warning"), (["failed", "inconclusive"], "failed"),
    (["inconclusive", "warning"], "inconclusive"), (["passed", "not applied"], "not applied"),
    (["not applicable", "passed"], "passed"), (["not applicable"], "not applicable"), (["not applicable", "inconclusive"], "inconclusive"),
])
def test_the_worst_of_several_verdicts_stands_for_all(verdicts: list[str], worst: str) -> None:
    assert Verdict.worst(map(Verdict, verdicts)) == worst


def test_every_verdict_has_its_place_among_the_others() -> None:
    assert Verdict.worst(Verdict) is Verdict.FAILED


def test_only_passes_warnings_and_what_is_not_here_let_a_run_go_on() -> None:
    assert [one for one in Verdict if one.acceptable] == [Verdict.PASSED, Verdict.WARNING, Verdict.NOT_APPLICABLE]


def test_what_is_declared_absent_is_not_a_pass_and_not_a_failure() -> None:
    one = not_applicable("grafana is healthy", "no image")
    assert (one.verdict, one.measured, one.next_step) == (Verdict.NOT_APPLICABLE, "no image", "")
    assert not one.verdict.was_checked
    assert [verdict for verdict in Verdict if not verdict.was_checked] == [Verdict.NOT_APPLICABLE]


def test_what_stops_nothing_is_a_warning_and_everything_else_stays_what_it_is() -> None:
    found = tuple(Finding(str(verdict), verdict) for verdict in Verdict)
    changed = {one.check: one.verdict for one in as_warnings(found)}
    assert changed.pop("failed") is Verdict.WARNING
    assert all(str(verdict) == check for check, verdict in changed.items())


def test_a_sentence_that_was_measured_ends_where_what_was_expected_begins() -> None:
    unmet = Finding("the cell", Verdict.FAILED, "There is no release.", "a cell that passes")
    assert lines_of([unmet], "needed") == ["the cell: There is no release, needed a cell that passes"]
    assert lines_of([replace(unmet, expected="")], "needed") == ["the cell: There is no release."]


def test_a_check_that_is_a_statement_needs_no_yes() -> None:
    """A refused release showed `nothing but nginx is published: postgres: 5432, needed yes`."""
    unmet = finding("every file is readable", False, measured="nginx.conf", expected=AS_STATED)
    assert lines_of([unmet], "needed") == ["every file is readable: nginx.conf"]
    assert lines_of([unmet], "expected") == ["every file is readable: nginx.conf"]


def test_checks_that_ended_alike_say_their_reason_once() -> None:
    down = [Finding(name, Verdict.INCONCLUSIVE, "no answer", "all up") for name in ("targets", "alerts")]
    other = Finding("clock", Verdict.INCONCLUSIVE, "no answer", "within 5 s")
    assert in_brackets([down[0], replace(other, measured="4 s apart"), down[1]]) == "targets, alerts (no answer); clock (4 s apart)"
