"""When Docker asks a new container for its health the first time, by what Compose resolved."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.release.facts.health_timing import first_answer

TEST = {"test": ["CMD", "/app", "health"]}


@pytest.mark.parametrize(("check", "words"), [
    ({"interval": "1m0s"}, "60 s"),
    ({"interval": "1m30s"}, "90 s"),
    ({"interval": "1h0m0.5s"}, "3600.5 s"),
    ({"interval": "500ms"}, "0.5 s"),
    ({"interval": ".5s"}, "0.5 s"),
    ({}, "30 s"),
    ({"interval": "0s"}, "30 s"),
    ({"interval": "3s", "start_period": "20s"}, "5 s (3 s before Docker 25)"),
    ({"interval": "1m0s", "start_period": "20s"}, "5 s (60 s before Docker 25)"),
    # one that takes start_interval is such an engine
    ({"interval": "1m0s", "start_period": "20s", "start_interval": "2s"}, "2 s"),
    # and it is for the start period alone
    ({"interval": "1m0s", "start_interval": "2s"}, "60 s"),
    ({"interval": "1m0s", "start_period": "0s", "start_interval": "2s"}, "60 s"),
])
def test_the_first_answer_comes_after_the_interval_that_is_in_force(check: dict[str, str], words: str) -> None:
    assert str(first_answer({"healthcheck": TEST | check})) == words


@pytest.mark.parametrize("service", [
    {}, {"healthcheck": None}, {"healthcheck": {"interval": "1m0s"}}, {"healthcheck": TEST | {"disable": True}},
    {"healthcheck": {"test": ["NONE"]}}, {"healthcheck": {"test": "NONE"}},
    {"healthcheck": TEST | {"interval": "1 minute"}}, {"healthcheck": TEST | {"interval": 60}},
    {"healthcheck": TEST | {"start_period": "soon"}}, {"healthcheck": TEST | {"start_interval": "s"}}])
def test_without_a_check_or_with_a_time_of_another_form_it_is_not_known(service: dict[str, Any]) -> None:
    assert first_answer(service) is None
