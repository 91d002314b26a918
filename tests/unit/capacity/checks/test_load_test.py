"""The sentence that the report opens with."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.capacity.checks.load_test import load_answer, load_criteria
from runbook_lib.capacity.facts.load_test import load_test
from tests.unit.capacity.doubles import SLOW, planned, sent
from tests.unit.data_values import environment_with


@pytest.mark.parametrize(("of", "begins", "ends"), [
    ({}, "At 2 users/s (34.0 replies a second) p95 was 201 ms and 0 % failed: the plan's criteria are met.",
     "No knee was reached up to 8 users/s."),
    ({"ended": "knee: p95 reached 500 ms"}, "At 2 users/s", "The knee is at 8 users/s: p95 reached 500 ms."),
    ({"ended": "error budget", "errors": 34}, "At 2 users/s (34.0 replies a second) p95 was 201 ms and 10 % failed: the plan's criteria are not met.",
     "The error budget ended it at 8 users/s."),
    ({"time": SLOW}, "At 2 users/s (34.0 replies a second) p95 was 803 ms and 0 % failed: the plan's criteria are not met.", "8 users/s."),
    ({"ended": "stopped"}, "At 2 users/s", "It was stopped at 8 users/s."),
])
def test_the_answer_in_one_sentence(of: dict[str, Any], begins: str, ends: str) -> None:
    test = sent(**of)
    answer = load_answer(test, load_criteria(test, test.environment))
    assert answer.startswith(begins)
    assert answer.endswith(ends)


def test_where_nothing_was_sent_it_says_so() -> None:
    assert load_answer(planned(), ()) == "No load was sent."
    assert "may not be put under load" in load_answer(load_test(environment_with({"load_test": None})), ())
