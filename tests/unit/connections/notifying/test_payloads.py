"""Bodies for Slack and PagerDuty: the documented fields, within their limits, and nothing foreign that means something."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runbook_lib.connections.notifying.payloads import pagerduty_payload, slack_payload
from tests.unit.connections.notifying.messages import MESSAGE, PROBLEM, ROUTING_KEY


@pytest.mark.parametrize(("foreign", "shown"), [
    ("<!channel> now", "&lt;!channel&gt; now"),
    ("<@U012> & <https://evil.example.com|click>", "&lt;@U012&gt; &amp; &lt;https://evil.example.com|click&gt;"),
    ("&lt;!here&gt;", "&amp;lt;!here&amp;gt;"),
    ("*bold* _and_ `code` @here #all", "*bold* _and_ `code` @here #all"),
])
def test_slack_reads_nothing_foreign_as_mention_link_or_markup(foreign: str, shown: str) -> None:
    body = slack_payload(replace(MESSAGE, text=foreign))
    assert body == {"text": shown, "mrkdwn": False, "parse": "none", "link_names": False, "unfurl_links": False,
                    "unfurl_media": False}


def test_a_problem_is_an_alert_event_with_every_required_field_and_a_key_for_each_run() -> None:
    path, body = pagerduty_payload(PROBLEM, ROUTING_KEY)
    assert path == "/v2/enqueue"
    assert {"routing_key", "event_action", "payload"} <= set(body)
    assert {"summary", "source", "severity"} <= set(body["payload"])
    assert body["event_action"] == "trigger"
    assert body["payload"]["severity"] in ("critical", "error", "warning", "info")
    assert body["dedup_key"] == PROBLEM.key
    other = pagerduty_payload(replace(PROBLEM, key="staging/other"), ROUTING_KEY)[1]
    assert other["dedup_key"] != body["dedup_key"]


def test_what_went_well_is_a_change_event_that_opens_no_incident() -> None:
    path, body = pagerduty_payload(MESSAGE, ROUTING_KEY)
    assert path == "/v2/change/enqueue"
    assert {"routing_key", "payload", "links"} == set(body)
    assert "event_action" not in body
    assert body["links"] == [{"href": MESSAGE.link, "text": "Report"}]


def test_the_limits_of_the_documentation_are_kept() -> None:
    long = replace(PROBLEM, subject="word " * 10_000, key="x" * 400 + "-the-run")
    _, body = pagerduty_payload(long, ROUTING_KEY)
    assert len(body["payload"]["summary"]) <= 1024 + len(" …")
    assert len(body["dedup_key"]) == 255
    assert body["dedup_key"].endswith("-the-run")
