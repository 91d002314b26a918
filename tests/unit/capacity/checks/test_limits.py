"""The one sentence with which the report opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from runbook_lib.capacity.checks.limits import below_limits, capacity_answer, limits_last, use_is_known
from runbook_lib.core.findings import Verdict
from tests.unit.capacity_doubles import LOST, review
from tests.unit.observability_doubles import staging


def rising(slope: float) -> Callable[[float], float]:
    return lambda day: (60 if slope else 1) + slope * day


def answer(**values: float) -> str:
    """Of resources that grow by so much a day from 60; all others are flat."""
    flat = dict.fromkeys(staging().capacity.resources, 0.0) | values
    found = review({name: rising(slope) for name, slope in flat.items()})
    groups = (use_is_known(staging(), found), below_limits(staging(), found), limits_last(staging(), found))
    return capacity_answer(staging(), found, *groups)


def test_what_is_reached_first_is_named_with_its_date() -> None:
    text = answer(server_disk=0.1)
    assert text.startswith("GW2_WvWbuilder staging: nothing is known to reach a limit within 90 days; the first would be Fullest disk")
    text = answer(server_disk=0.3)
    assert "Fullest disk of the server reaches 85 % in 23 days (23 to 23), on 2026-12-20" in text


def test_what_is_not_known_is_said_in_the_same_sentence() -> None:
    found = review({"server_disk": lambda day: 40.0})
    text = capacity_answer(staging(), found, use_is_known(staging(), found))
    assert "; not known: Processor of the server (it was not asked for) and 7 more." in text


def test_where_no_use_is_known_nothing_is_said_of_any_limit() -> None:
    """A Prometheus with an empty data directory answers everything with no series."""
    found = review({})
    text = capacity_answer(staging(), found, use_is_known(staging(), found))
    assert text.startswith("GW2_WvWbuilder staging: it is not known how long its resources last; not known: ")
    assert "nothing is known to reach" not in text


def test_evictions_that_are_not_known_are_not_called_too_many() -> None:
    (found,) = (one for one in below_limits(staging(), review({})) if one.check == "Keys evicted by Redis: none")
    assert (found.verdict, found.measured) == (Verdict.INCONCLUSIVE, "not known")
    assert "too small" not in found.next_step


def test_without_prometheus_the_sentence_says_so_and_nothing_else() -> None:
    found = review({})
    lost = replace(found, window=replace(found.window, unanswered=LOST))
    assert capacity_answer(staging(), lost) == (
        "GW2_WvWbuilder staging: it is not known how long its resources last: no answer within 30 s.")
