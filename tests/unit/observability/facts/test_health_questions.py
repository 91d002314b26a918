"""Everything that 40 Health asks can be put at once, and nothing of it waits longer than it was given."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from runbook_lib.core.errors import BadParameter, EndpointUnavailable
from runbook_lib.execution import ask_concurrently
from runbook_lib.observability.facts import health_questions as module
from runbook_lib.observability.facts.health_questions import health_questions
from runbook_lib.platform.facts.availability import Unanswered
from tests.unit.observability_doubles import staging


def test_the_questions_stand_in_the_order_in_which_the_notebook_names_their_answers() -> None:
    assert [one.name for one in health_questions(staging())] == [
        "health", "the page in a browser", "certificate", "monitoring targets", "alerts", "errors in the backend's log",
        "Grafana", "containers of runs", "mounted files of nginx", "Prometheus' clock", "silences"]


def test_the_page_has_no_longer_than_the_deadline() -> None:
    page = module._hurried(staging(), 6.0).gate.page
    assert page is not None
    assert (page.timeout_s, page.settle_s) == (6.0, 0.5)
    assert staging().gate.page is not None and staging().gate.page.timeout_s == 15.0


def test_an_environment_without_a_page_is_asked_for_none() -> None:
    assert module._hurried(staging(**{"gate.page": None}), 6.0).gate.page is None


@pytest.mark.parametrize(("deadline_s", "log_minutes", "fault"), [
    (0.0, 15, "deadline_s"), (-1.0, 15, "deadline_s"), (float("nan"), 15, "deadline_s"), (float("inf"), 15, "deadline_s"),
    (6.0, 0, "log_minutes"), (6.0, -15, "log_minutes"), (6.0, 10**9, "log_minutes"),
])
def test_limits_that_make_no_sense_are_refused(deadline_s: float, log_minutes: int, fault: str) -> None:
    with pytest.raises(BadParameter, match=f"{fault}: should be from 1 to"):
        health_questions(staging(), deadline_s, log_minutes)


class Hangs:
    """Connections of which not one answers."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def __getattr__(self, name: str) -> Any:
        self.released.wait(600)
        raise EndpointUnavailable("released")


def test_where_nothing_answers_all_of_it_takes_the_deadline_and_no_longer() -> None:
    """40 took 26 s with a deadline of 6 s: eight at once, parts with time of their own on top, and each waited for another."""
    hanging, began = Hangs(), time.monotonic()
    found = ask_concurrently(health_questions(staging(), 1.5), lambda question: question.fetch(hanging))  # type: ignore[arg-type]
    took = time.monotonic() - began
    hanging.released.set()
    health, *others = found
    assert [type(one) for one in others] == [Unanswered] * len(others)
    assert isinstance(health.replies, Unanswered) and isinstance(health.endpoints, Unanswered)
    assert took < 10
