"""The plan of notebook 44_notify: a test message through each channel that is on."""

from __future__ import annotations

import pytest

from runbook_lib.core.errors import BadParameter
from runbook_lib.core.messages import Route
from runbook_lib.environment import load_environment
from runbook_lib.observability.plans.notify import plan_notify, trial_message

STAGING = load_environment("staging")
ON = Route("email", "E-mail", ("devops@example.com",), "smtp.example.com:587")
ALSO = Route("slack", "Slack", ("the channel",), "the webhook")
OFF = Route("pagerduty", "PagerDuty", off="STAGING_PAGERDUTY_KEY is not available to this run")


def test_each_channel_that_is_on_gets_a_step_and_the_others_their_reason() -> None:
    plan = plan_notify(STAGING, (ON, ALSO, OFF), "run-1", "ada")
    assert [step.title for step in plan.steps] == [
        "Send a test to devops@example.com by email", "Send a test to the channel by slack"]
    assert [(one.title, one.reason) for one in plan.skipped] == [("Send a test by pagerduty", OFF.off)]
    assert {step.host for step in plan.steps} == {"this machine"}
    assert plan.achieves == "A test message was sent by email, slack"


def test_a_plan_without_steps_gives_the_reason() -> None:
    plan = plan_notify(STAGING, (OFF,), "run-1", "ada")
    assert (plan.steps, plan.reason, plan.done) == ((), "no channel is configured", False)
    assert plan_notify(STAGING, (), "run-1", "ada").done  # an environment without channels has nothing to test


def test_channels_are_chosen_by_name_and_an_unknown_one_is_refused() -> None:
    assert [step.key for step in plan_notify(STAGING, (ON, ALSO), "run-1", "ada", ["slack"]).steps] == ["slack"]
    with pytest.raises(BadParameter, match="did you mean 'slack'"):
        plan_notify(STAGING, (ON, ALSO), "run-1", "ada", ["slak"])


@pytest.mark.parametrize("channels", [["pagerduty"], ["email", "pagerduty"]])
def test_a_channel_that_is_asked_for_and_is_off_is_refused_with_the_reason(channels: list[str]) -> None:
    with pytest.raises(BadParameter, match=r"pagerduty is off, .*STAGING_PAGERDUTY_KEY is not available"):
        plan_notify(STAGING, (ON, OFF), "run-1", "ada", channels)


def test_two_runs_make_the_same_plan_and_other_messages() -> None:
    first, second = (plan_notify(STAGING, (ON,), run, "ada") for run in ("run-1", "run-2"))
    assert first.hash == second.hash
    assert trial_message(STAGING, "run-1", "ada").key != trial_message(STAGING, "run-2", "ada").key


def test_a_test_is_no_problem_and_says_that_it_is_a_test() -> None:
    message = trial_message(STAGING, "run-1", "ada\r\nBcc: x@example.com")
    assert (message.problem, "test of this channel" in message.text) == (False, True)
    assert "\r" not in message.text
