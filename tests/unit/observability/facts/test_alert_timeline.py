"""Messages are counted a kind of channel: they are put to alerts in the order in which those came."""

from __future__ import annotations

import pytest

from runbook_lib.observability.facts.alert_timeline import Sample, follow

TEAM = {"team": (("email", True),)}


def at(s: float, alerts: str, taken: int) -> Sample:
    routed = ",".join(f"{name}=active:team" for name in alerts.split())
    states = ",".join(f"{name}=firing" for name in alerts.split())
    return Sample.read({"s": s, "p": states, "a": routed, "d": f"email={taken}", "f": "email=0"})


def test_messages_are_put_to_alerts_in_their_order() -> None:
    samples = (at(0, "", 4), at(5, "A", 4), at(6, "A B", 5), at(7, "A B", 6), at(9, "B", 6), at(10, "B", 7), at(12, "", 8))
    first, second = follow({"A": 1.0, "B": 2.0}, {"A": 8.0, "B": 11.0}, samples, TEAM)
    assert (first.sent, first.end_sent, first.over) == ({"email": 6.0}, {"email": 10.0}, 9.0)
    assert (second.sent, second.end_sent, second.over) == ({"email": 7.0}, {"email": 12.0}, 12.0)


def test_an_alert_that_comes_again_keeps_its_first_message_and_its_last_end() -> None:
    samples = (at(0, "", 0), at(5, "A", 1), at(8, "", 2), at(9, "A", 3), at(14, "", 4))
    (path,) = follow({"A": 1.0}, {"A": 7.0}, samples, TEAM)
    assert (path.sent, path.end_sent, path.over) == ({"email": 5.0}, {"email": 14.0}, 14.0)


def test_messages_of_before_the_drill_count_for_nothing() -> None:
    (path,) = follow({"A": 1.0}, {}, (at(0, "", 40), at(5, "A", 40)), TEAM)
    assert (path.sent, path.over, path.arrived) == ({"email": None}, None, False)


def test_of_several_instances_of_an_alert_one_that_is_sent_counts() -> None:
    sample = Sample.read({"s": 1, "p": "A=firing,A=pending", "a": "A=active:team,A=suppressed:team", "d": "", "f": ""})
    assert sample.states == {"A": {"firing", "pending"}}
    assert sample.routed == {"A": ("active", ("team",))}


@pytest.mark.parametrize("text", ["email=x", "email"])
def test_a_count_that_is_not_one_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Sample.read({"s": 1, "p": "", "a": "", "d": text, "f": ""})


def test_without_samples_nothing_was_seen() -> None:
    (path,) = follow({"A": 1.0}, {}, (), TEAM)
    assert (path.fired, path.routed, path.sent) == (None, None, {})
