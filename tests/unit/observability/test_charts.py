"""The map of services: every one has a place, states differ in more than colour, and its words say what the picture shows."""

from __future__ import annotations

from typing import Any

from runbook_lib.core.findings import Verdict
from runbook_lib.observability.charts import _LOOKS, _places, status_map
from runbook_lib.observability.checks.service_states import ServiceState, service_states
from tests.unit.observability_doubles import staging, survey


def states(changes: dict[str, Any] | None = None) -> tuple[ServiceState, ...]:
    return service_states(staging(), survey(changes))


def test_every_service_has_a_place_of_its_own_left_of_what_it_needs() -> None:
    found = states()
    places = _places(found)
    assert len(set(places.values())) == len(found)
    for one in found:
        for needed in (name for name in one.needs if one.critical == next(s.critical for s in found if s.name == name)):
            assert places[one.name][0] < places[needed][0]
    assert min(places[one.name][1] for one in found if one.critical) > max(places[one.name][1] for one in found if not one.critical)


def test_states_differ_in_sign_and_border_and_not_in_colour_alone() -> None:
    assert len({look[0] for look in _LOOKS.values()}) == len(_LOOKS)
    assert set(_LOOKS) == set(Verdict) - {Verdict.NOT_APPLIED}


def test_the_description_names_what_does_not_work_and_why() -> None:
    words = str(status_map(states({"replies.redis.reply": "silent", "replies.redis.words": "no reply", "containers.backend-green.health": "unhealthy"})).get_label())
    assert words == ("10 of 12 services answer; backend-green: failed, unhealthy by its own check, because of redis; "
                     "redis: inconclusive, no reply.")


def test_the_picture_has_sign_and_name_of_each_service() -> None:
    shown = [text.get_text() for text in status_map(states({"containers.redis.state": "exited"})).axes[0].texts]
    assert {"nginx", "redis", "users", "✗", "✓", "→ redis ✗"} <= set(shown)


def test_what_was_measured_stands_in_its_box_in_two_lines_and_uncut() -> None:
    """`12 of 100 connections in …` left out what the row below it had."""
    one = ServiceState("postgres", "postgres", Verdict.PASSED, "running; 12 of 100 connections in use in 4 ms", True)
    long = ServiceState("grafana", "grafana", Verdict.NOT_APPLICABLE, "no Grafana server can be had here " * 3, False)
    shown = [text.get_text() for text in status_map([one, long]).axes[0].texts]
    assert "12 of 100 connections in use\nin 4 ms" in shown
    (cut,) = [text for text in shown if text.endswith(" …")]
    assert len(cut.splitlines()) == 2 and max(map(len, cut.splitlines())) <= 28


def test_no_service_is_an_answer_too() -> None:
    assert str(status_map(()).get_label()) == "No service was asked."


def test_a_long_chain_and_a_single_service_can_be_drawn() -> None:
    chain = [ServiceState(f"s{n}", f"s{n}", Verdict.PASSED, "answers", True, (f"s{n + 1}",) if n < 6 else ()) for n in range(7)]
    assert status_map(chain).get_label() == "7 of 7 services answer."
    assert status_map(chain[-1:]).get_label() == "1 of 1 services answer."


def test_users_are_drawn_at_what_they_reach_and_nowhere_else() -> None:
    alone = [ServiceState(name, name, Verdict.PASSED, "running", True, asked=False, entered=name == "web")
             for name in ("cron", "web", "worker")]
    figure = status_map(alone)
    assert [text.get_text() for text in figure.axes[0].texts].count("users") == 1
    assert figure.get_label() == "0 of 3 services answer, 3 run and were not asked."
