"""A message, the routes of the three channels, and hostile text for both."""

from __future__ import annotations

from typing import Any

from runbook_lib.connections.notifying import deliver
from runbook_lib.core.messages import Delivered, Message, Route
from runbook_lib.core.redaction import Redactor, Secret
from runbook_lib.environment.notifications import MailServer, Notifications

CANARY = "T0CAN/B0CAN/zQ4kW9xT2vLm8Rb5"
ROUTING_KEY = "e93facc04764012d7bfb002500d5d1a6"
MESSAGE = Message("staging/20261127T120000Z-ab12", "[staging] Deploy a release v3.2.1: passed", "Deployed.\nAll is healthy.",
                  "staging.example.com", link="https://reports.example.com/1", details={"run": "20261127T120000Z-ab12"})
PROBLEM = Message("staging/20261127T120000Z-ab12", "[staging] Deploy a release: failed", "It failed.", "staging.example.com",
                  problem=True, severity="error")
# long enough for a machine that is busy; tests of what hangs set their own
PATIENT = Notifications(deadline_s=30.0)
# a limit that has to be reached: whatever hangs is given up after it
HURRIED = 1.5


def slack(url: str) -> Route:
    """Slack's webhook at this address, a secret in its path."""
    return Route("slack", "Slack", ("the channel",), "the webhook in STAGING_SLACK_WEBHOOK",
                 Secret("STAGING_SLACK_WEBHOOK", f"{url}/services/{CANARY}"))


def pagerduty() -> Route:
    """PagerDuty with a routing key."""
    return Route("pagerduty", "PagerDuty", ("the service",), "PagerDuty", Secret("STAGING_PAGERDUTY_KEY", ROUTING_KEY))


def email(*to: str, password: str = "") -> Route:
    """Mail to these addresses."""
    return Route("email", "E-mail", to or ("devops@example.com",), "127.0.0.1",
                 Secret("STAGING_SMTP_PASSWORD", password) if password else None)


def mail_settings(port: int, **settings: Any) -> Notifications:
    """A mail server on this machine, without TLS unless said otherwise."""
    deadline_s, ca_file = settings.pop("deadline_s", PATIENT.deadline_s), settings.pop("ca_file", None)
    values = {"tls": "none", **settings}
    mail = MailServer(host="127.0.0.1", port=port, sender="runbooks@example.com", **values)
    return Notifications(mail=mail, deadline_s=deadline_s, ca_file=ca_file)


def sent(route: Route, settings: Notifications = PATIENT, message: Message = MESSAGE) -> Delivered:
    """The outcome of one message in one channel. No part of a secret is in it, in any form."""
    redactor = Redactor([route.secret] if route.secret else [])
    (result,) = deliver(message, [route], settings, redactor.text)
    assert CANARY not in repr(result)
    assert ROUTING_KEY not in repr(result)
    return result
