"""Where a drill comes in: the same receivers with short waits, in front of the tree of real alerts, which stays."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from runbook_lib.observability.facts.alert_routes import (
    has_drill,
    rules_folder,
    with_drill_branch,
    without_drill,
    without_drill_causes,
)
from runbook_lib.observability.facts.alert_rules import AlertRules

ROUTE = {"receiver": "team", "group_by": ["alertname"], "group_wait": "30s", "group_interval": "5m", "routes": [
    {"receiver": "night", "matchers": ['severity="critical"'], "group_wait": "10s", "mute_time_intervals": ["weekend"]}]}


def test_a_drill_has_a_branch_of_its_own_and_the_tree_of_real_alerts_stays_as_it_is() -> None:
    before = copy.deepcopy(ROUTE)
    whole = with_drill_branch(ROUTE)
    assert before == ROUTE
    drill, *real = whole["routes"]
    assert {**whole, "routes": real} == ROUTE
    assert (drill["matchers"], drill["continue"]) == (['drill="@RUN@"'], False)


def test_the_branch_has_the_same_receivers_and_waits_for_nothing() -> None:
    drill = with_drill_branch(ROUTE)["routes"][0]
    (night,) = drill["routes"]
    assert (drill["receiver"], night["receiver"], night["matchers"]) == ("team", "night", ['severity="critical"'])
    assert {one[wait] for one in (drill, night) for wait in ("group_wait", "group_interval")} == {"1s"}
    assert "mute_time_intervals" not in night


@pytest.mark.parametrize("group_by", [None, ["cluster"], ["..."]], ids=["none", "another", "each"])
def test_each_alert_of_a_drill_has_a_message_of_its_own(group_by: list[str] | None) -> None:
    """Channels count messages: in one about all of them, all but the first alert would seem not to be sent."""
    grouped = {} if group_by is None else {"group_by": group_by}
    drill = with_drill_branch({"receiver": "team", **grouped, "routes": [{"receiver": "night", **grouped}]})["routes"][0]
    assert [one["group_by"] for one in (drill, *drill["routes"])] == [["alertname"]] * 2


def test_what_a_drill_put_there_is_found_and_left_out() -> None:
    inhibitions: list[dict[str, Any]] = [{"source_matchers": ['a="b"']}, {"source_match": {"a": "b"}}]
    assert not has_drill(ROUTE, inhibitions)
    whole, causes = with_drill_branch(ROUTE), without_drill_causes(inhibitions)
    assert has_drill(whole, [])
    assert has_drill(ROUTE, causes)
    assert without_drill(whole, causes) == (ROUTE, inhibitions)


def test_a_route_without_branches_gets_one() -> None:
    assert [one["receiver"] for one in with_drill_branch({"receiver": "team"})["routes"]] == ["team"]


def test_inhibitions_count_for_real_causes_alone_whatever_their_form() -> None:
    new, old = without_drill_causes([{"source_matchers": ['a="b"'], "equal": ["job"]}, {"source_match": {"a": "b"}}])
    assert new == {"source_matchers": ['a="b"', 'drill=""'], "equal": ["job"]}
    assert old == {"source_match": {"a": "b"}, "source_matchers": ['drill=""']}


@pytest.mark.parametrize(("files", "folder"), [
    (("/etc/prometheus/rules/*.yml",), "/etc/prometheus/rules"), (("/a/one.yml", "/b/*.yml"), "/b"),
    (("/a/*.rules",), ""), (("rules/*.yml",), ""), ((), "")])
def test_rules_are_added_where_a_pattern_takes_them(files: tuple[str, ...], folder: str) -> None:
    assert rules_folder(AlertRules((), files)) == folder
