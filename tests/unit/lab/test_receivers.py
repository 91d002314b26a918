"""The lab's Slack and PagerDuty hold each message against the documented schema, and Alertmanager is put back."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from lab.receivers import KEY, PAGERDUTY, SLACK, Received, Receivers, of_pagerduty, of_slack, shown, with_channels

EVENT = {"routing_key": KEY, "event_action": "trigger", "dedup_key": "d", "payload": {"summary": "s", "source": "x", "severity": "error"}}


@pytest.mark.parametrize(("body", "fault"), [
    ({"text": "hello"}, ""), ({"attachments": [{"title": "[FIRING:1] Disk", "text": "full"}]}, ""), ({"blocks": [{}]}, ""),
    ({}, "no_text"), ({"attachments": "x"}, "attachments is not a list"), ([], "not an object"), (None, "not an object"),
])
def test_a_message_to_slack_is_held_against_its_schema(body: Any, fault: str) -> None:
    assert bool(of_slack(body).faults) == bool(fault)
    assert fault in "; ".join(of_slack(body).faults)


@pytest.mark.parametrize(("changes", "fault"), [
    ({}, ""), ({"event_action": "resolve", "payload": None}, ""), ({"routing_key": "short"}, "routing_key"), ({"event_action": "open"}, "event_action"),
    ({"event_action": "resolve", "dedup_key": ""}, "dedup_key is missing"), ({"dedup_key": "x" * 256}, "too long"), ({"payload": {}}, "payload.summary"),
    ({"payload": {"summary": "s", "source": "x", "severity": "bad"}}, "payload.severity is none of"), ({"payload": []}, "payload.source"),
])
def test_an_event_for_pagerduty_is_held_against_its_schema(changes: dict[str, Any], fault: str) -> None:
    found = of_pagerduty(EVENT | changes)
    assert bool(found.faults) == bool(fault)
    assert fault in "; ".join(found.faults)
    assert of_pagerduty([]).faults


def post(url: str, body: bytes) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=120) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_they_answer_as_the_real_ones_do_and_show_what_came() -> None:
    seen: list[Received] = []
    receivers = Receivers("127.0.0.1", seen.append)
    try:
        assert post(receivers.url + SLACK, b'{"text": "hello"}') == (200, "ok")
        assert post(receivers.url + SLACK, b"no json") == (400, "invalid_payload")
        status, reply = post(receivers.url + PAGERDUTY, json.dumps(EVENT).encode())
        assert (status, json.loads(reply)["status"], json.loads(reply)["dedup_key"]) == (202, "success", "d")
        assert post(receivers.url + PAGERDUTY, b"{}")[0] == 400
        assert post(receivers.url + "/elsewhere", b"{}") == (404, "no_service")
    finally:
        receivers.close()
    assert [shown(one).split(" REFUSED")[0] for one in seen][:3] == ["slack: hello", "slack: ", "pagerduty: trigger d s"]


def test_the_last_receiver_gets_both_channels_and_loses_those_it_had() -> None:
    made = with_channels("receivers:\n  - name: team\n    email_configs:\n      - to: a@example.com\n    slack_configs: [{api_url_file: /x}]\n", "http://h:1")
    assert made.count("slack_configs") == 1
    assert made.endswith(f"    pagerduty_configs: [{{routing_key: {KEY}, url: 'http://h:1{PAGERDUTY}'}}]\n")
