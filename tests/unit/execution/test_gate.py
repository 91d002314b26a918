"""What a gate that did not open says of itself."""

from __future__ import annotations

from runbook_lib.core.findings import finding
from runbook_lib.execution.gate import GateOutcome


def said(*looked: tuple[str, bool | None, str]) -> str:
    return GateOutcome(False, 1, tuple(finding(name, good, measured=measured) for name, good, measured in looked)).message


def test_what_failed_is_told_before_what_could_not_be_looked_at() -> None:
    assert said(("log in", True, "200"), ("write", False, "500"), ("read", None, "not tried"), ("rename", None, "not tried")) == (
        "write: 500; 2 more checks are not good")
    assert said(("write", False, "500"), ("read", None, "not tried")) == "write: 500; 1 more check is not good"


def test_what_could_not_be_looked_at_is_told_where_nothing_failed() -> None:
    assert said(("log in", True, "200"), ("read", None, "no answer")) == "read: no answer"


def test_of_many_faults_three_are_told_and_the_others_counted() -> None:
    assert said(*((f"check {number}", False, "500") for number in range(5))) == (
        "check 0: 500; check 1: 500; check 2: 500; 2 more checks are not good")


def test_good_looks_that_were_too_few_are_said_to_be() -> None:
    assert said(("log in", True, "200")) == "not enough clean looks in a row before the deadline"
    assert GateOutcome(True, 1, ()).message == ""
