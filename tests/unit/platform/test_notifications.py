"""What a run sends when it ends: routes, words, and findings about the outcome."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.core.messages import LONGEST_TEXT, Delivered, Delivery, Route
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment, load_environment
from runbook_lib.environment.notifications import MailServer, Notifications
from runbook_lib.platform.notifications import RunEnd, compose_message, findings_of, notification_routes

STAGING = load_environment("staging")
MAIL = MailServer(host="smtp.example.com", sender="runbooks@example.com")
GOOD = RunEnd("20261127T120000Z-ab12", "Deploy a release", Verdict.PASSED, "finished", "12 of 12 checks passed.",
              target="deploy v3.2.1", commit="0886448", operator="ada", reason="planned", link="https://reports.example.com/1")


def with_mail(**settings: Any) -> Environment:
    mail = MAIL.model_copy(update=settings)
    return STAGING.model_copy(update={"notifications": Notifications(mail=mail)})


def secret(name: str) -> dict[str, Secret]:
    return {name: Secret(name, f"value-of-{name}")}


def test_every_channel_that_lacks_something_is_off_with_the_reason() -> None:
    assert {route.channel: route.off for route in notification_routes(STAGING, {})} == {
        "email": "no mail server is named: notifications.mail",
        "slack": "STAGING_SLACK_WEBHOOK is not available to this run",
        "pagerduty": "STAGING_PAGERDUTY_KEY is not available to this run",
    }


def test_a_channel_with_all_it_needs_is_on() -> None:
    routes = notification_routes(with_mail(), secret("STAGING_SLACK_WEBHOOK") | secret("STAGING_PAGERDUTY_KEY"))
    assert [route.off for route in routes] == ["", "", ""]
    assert (routes[0].to, routes[0].through) == (("devops@example.com",), "smtp.example.com:587")


def test_mail_that_needs_a_password_is_off_without_it() -> None:
    environment = with_mail(user="me", password="STAGING_SMTP_PASSWORD")
    assert notification_routes(environment, {})[0].off == "STAGING_SMTP_PASSWORD is not available to this run"
    assert notification_routes(environment, secret("STAGING_SMTP_PASSWORD"))[0].off == ""


def test_a_message_has_summary_verdict_link_and_contacts() -> None:
    message = compose_message(STAGING, GOOD)
    assert message.subject == "[staging] Deploy v3.2.1: passed"
    for part in ("12 of 12 checks passed.", "Notebook: Deploy a release", "Commit: 0886448", GOOD.link, GOOD.run_id, "ada", "planned", *STAGING.contacts.values()):
        assert part in message.text
    assert (message.problem, message.severity) == (False, "info")


@pytest.mark.parametrize(("verdict", "state", "words", "severity"), [
    (Verdict.FAILED, "rolled back", "failed (rolled back)", "error"),
    (Verdict.FAILED, "rollback failed", "failed (rollback failed)", "critical"),
    (Verdict.FAILED, "refused", "failed (refused)", "warning"),
    (Verdict.FAILED, "failed", "failed", "error"),
    (Verdict.INCONCLUSIVE, "inconclusive", "inconclusive", "warning"),
    (Verdict.WARNING, "finished", "warning", "info"),
])
def test_a_problem_calls_as_loudly_as_it_is(verdict: Verdict, state: str, words: str, severity: str) -> None:
    end = RunEnd(GOOD.run_id, "Deploy", verdict, state, "s", "Do that.")
    message = compose_message(STAGING, end)
    assert (message.subject, message.severity) == (f"[staging] Deploy: {words}", severity)
    assert message.problem == (not verdict.acceptable)
    assert ("Next: Do that." in message.text) == message.problem


@pytest.mark.parametrize("foreign", [
    "v1\r\nBcc: all@example.com", "<!channel>", "x" * 1_000_000, "line\n" * 100_000, "\N{RIGHT-TO-LEFT OVERRIDE}v1",
    "\x1b[2J", "\x00", "half \ud800 pair", "\N{ROCKET}" * 5000,
], ids=range(9))
def test_foreign_text_stays_within_its_bounds(foreign: str) -> None:
    message = compose_message(STAGING, RunEnd("id", foreign, Verdict.FAILED, foreign, foreign, foreign, foreign, foreign, foreign,
                                         foreign, foreign))
    assert len(message.subject.splitlines()) == 1
    assert len(message.subject) <= 202
    assert len(message.text) <= LONGEST_TEXT + 2
    assert not set("\x00\x1b\r\N{RIGHT-TO-LEFT OVERRIDE}\ud800") & set(message.text + message.subject)
    assert message.text.encode()
    assert message.link == ""


@pytest.mark.parametrize(("state", "usual", "required"), [
    (Delivery.SENT, Verdict.PASSED, Verdict.PASSED),
    (Delivery.NOT_SENT, Verdict.WARNING, Verdict.FAILED),
    (Delivery.PARTLY_SENT, Verdict.WARNING, Verdict.FAILED),
    (Delivery.UNKNOWN, Verdict.WARNING, Verdict.INCONCLUSIVE),
    (Delivery.OFF, Verdict.NOT_APPLICABLE, Verdict.NOT_APPLICABLE),
])
def test_what_became_of_it_is_a_finding_that_fails_only_what_was_asked_for(
    state: Delivery, usual: Verdict, required: Verdict
) -> None:
    result = Delivered(notification_routes(STAGING, {})[1], state, "a reason", "do that")
    assert [one.verdict for one in (*findings_of([result]), *findings_of([result], required=True))] == [usual, required]
    assert state is Delivery.SENT or "a reason" in findings_of([result])[0].measured


def test_where_no_channel_is_configured_one_line_says_so() -> None:
    off = [Delivered(Route(name, name), Delivery.OFF, f"{name} has no secret") for name in ("email", "slack")]
    (found,) = findings_of(off)
    assert (found.verdict, found.measured) == (
        Verdict.NOT_APPLICABLE, "no channel is configured (email: email has no secret; slack: slack has no secret)")
    assert len(findings_of(off, required=True)) == 2, "a test of the channels judges each"
    assert findings_of([]) == ()
    sent = Delivered(Route("pagerduty", "PagerDuty", ("team",)), Delivery.SENT)
    assert [one.verdict for one in findings_of([*off, sent])] == [Verdict.NOT_APPLICABLE, Verdict.NOT_APPLICABLE, Verdict.PASSED]
