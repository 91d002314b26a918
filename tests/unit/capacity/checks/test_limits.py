"""The one sentence with which the report opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from runbook_lib.capacity.checks.allocation import containers_fit
from runbook_lib.capacity.checks.limits import below_limits, capacity_answer, limits_last, use_is_known
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.platform.facts.availability import Unanswered
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


def test_a_query_is_in_its_row_and_in_no_sentence() -> None:
    query = staging().capacity.resources["server_cpu"].query
    lost = Finding("Processor of the server: use is known", Verdict.INCONCLUSIVE, f"{query} gave no series")
    text = capacity_answer(staging(), review({"server_disk": lambda day: 40.0}), (lost,))
    assert text.endswith("; not known: Processor of the server (its query gave no series).")


def test_where_no_use_is_known_nothing_is_said_of_any_limit() -> None:
    """A Prometheus with an empty data directory answers everything with no series."""
    found = review({})
    text = capacity_answer(staging(), found, use_is_known(staging(), found))
    assert text.startswith("GW2_WvWbuilder staging: it is not known how long its resources last; not known: ")
    assert "nothing is known to reach" not in text


def test_what_is_not_known_has_one_row_and_neither_a_limit_nor_a_forecast() -> None:
    """On a server of an hour a resource had three rows, and the report of 61 a page of what it does not know."""
    found = review({})
    assert {one.verdict for one in use_is_known(staging(), found) if one.check.endswith(": use is known")} == {Verdict.INCONCLUSIVE}
    assert below_limits(staging(), found) == limits_last(staging(), found) == ()


def test_limits_without_a_forecast_for_one_reason_have_one_row() -> None:
    found = review({name: lambda day: 40.0 for name in ("server_memory", "server_disk", "redis_memory")}, days=3)
    (row,) = limits_last(staging(), found)
    assert (row.check, row.verdict) == ("how long 3 limits last", Verdict.INCONCLUSIVE)
    assert row.measured.endswith("(Memory of the server, Fullest disk of the server, Memory of Redis)")
    assert "of history, at least 21 are needed" in row.measured


def test_a_query_that_needs_hours_is_not_a_fault_of_a_prometheus_that_just_began() -> None:
    found = review({})
    lost = [replace(one, lacking=Unanswered(one.name, f"{one.resource.query} gave no series", "Compare it.")) for one in found.resources]
    begun = found.window.grid.end - timedelta(minutes=46)
    young = replace(found, window=replace(found.window, data_since=begun), resources=tuple(lost))
    (row,) = (one for one in use_is_known(staging(), young) if one.check == "Processor of the server: use is known")
    assert "quantile_over_time" not in row.measured
    left_out = replace(lost[0], lacking=Unanswered(lost[0].name, "measured during an alert drill only", "Run again after 13:00."))
    (other,) = (one for one in use_is_known(staging(), replace(young, resources=(left_out,))) if one.measured == left_out.lacking.reason)
    assert other.next_step == "Run again after 13:00.", "when it is known is known"
    assert row.next_step == "Prometheus has data of 46 minutes: this may need some hours. Run again tomorrow.", "for all"


def test_without_prometheus_the_sentence_says_so_and_nothing_else() -> None:
    found = review({})
    lost = replace(found, window=replace(found.window, unanswered=LOST))
    assert capacity_answer(staging(), lost) == (
        "GW2_WvWbuilder staging: it is not known how long its resources last: no answer within 30 s.")


def test_without_named_resources_the_sentence_is_about_what_was_judged() -> None:
    environment = staging()
    none = environment.model_copy(update={"capacity": environment.capacity.model_copy(update={"resources": {}})})
    found = review({}, environment=none)
    text = capacity_answer(none, found, use_is_known(none, found), containers_fit(none, found))
    assert text.startswith("GW2_WvWbuilder staging: ")
    assert text.endswith("How long its resources last is not asked: `capacity.resources` names none.")
    assert "not known" not in text
    assert capacity_answer(none, found) == (
        "GW2_WvWbuilder staging: nothing could be judged. How long its resources last is not asked: `capacity.resources` names none.")
