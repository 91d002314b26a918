"""Messages: foreign text on one line, secrets that show only their name, and what a plan of messages is approved by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runbook_lib.core.messages import Message, Route, SendStep, one_line
from runbook_lib.core.plan import Plan
from runbook_lib.core.redaction import Secret

ROUTE = Route("slack", "Slack", ("the channel",), "the webhook", Secret("STAGING_SLACK_WEBHOOK", "canary-value"))
MESSAGE = Message("lab/1", "subject", "text", "example.com")


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_no_line_end_of_any_kind_is_left(ending: str) -> None:
    assert len(one_line(f"first{ending}second").splitlines()) == 1


def test_a_line_has_a_limit() -> None:
    assert len(one_line("word " * 100_000)) <= 202
    assert one_line("x" * 1_000_000) == "…"


def test_a_route_shows_no_secret() -> None:
    assert "canary" not in f"{ROUTE} {ROUTE!r}"


def test_a_plan_is_approved_by_who_gets_something_and_not_by_the_words_that_name_the_run() -> None:
    step = SendStep("slack", "Send", (), message=MESSAGE, route=ROUTE)
    plan = Plan("notify", "lab", (step,))
    assert plan.hash == replace(plan, steps=(replace(step, message=replace(MESSAGE, text="other")),)).hash
    assert plan.hash != replace(plan, steps=(replace(step, route=replace(ROUTE, to=("another",))),)).hash
    assert "canary" not in str(plan.describe())
