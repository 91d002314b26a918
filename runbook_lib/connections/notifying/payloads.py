"""Messages in the forms that Slack and PagerDuty document. Nothing foreign in them is markup or a mention."""

from __future__ import annotations

from typing import Any

from runbook_lib.core.messages import Message, one_line

LONGEST_SUMMARY = 1024  # characters. Source: PagerDuty developer documentation, Events API v2, `payload.summary`
LONGEST_DEDUP_KEY = 255  # characters. Source: the same, `dedup_key`
TRIGGER, CHANGE = "/v2/enqueue", "/v2/change/enqueue"
# Source: Slack developer documentation, formatting text: these three, and no others, are escaped
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def slack_payload(message: Message) -> dict[str, Any]:
    """The body of an incoming webhook. Escaped, without markup and unparsed: `<!channel>` calls no user.

    Source: Slack developer documentation, incoming webhooks; formatting text.
    """
    return {"text": message.text.translate(_ESCAPED), "mrkdwn": False, "parse": "none", "link_names": False,
            "unfurl_links": False, "unfurl_media": False}


def pagerduty_payload(message: Message, routing_key: str) -> tuple[str, dict[str, Any]]:
    """Path and body of an event: an incident for a problem, one for each run; else a change, which calls no engineer.

    Source: PagerDuty developer documentation, Events API v2: send an alert event; send a change event.
    """
    links = {"links": [{"href": message.link, "text": "Report"}]} if message.link else {}
    payload: dict[str, Any] = {"summary": one_line(message.subject, LONGEST_SUMMARY), "source": message.source,
                               "custom_details": {**message.details, "message": message.text}}
    if not message.problem:
        return CHANGE, {"routing_key": routing_key, "payload": payload, **links}
    # the same key again is the same incident: an event that is sent twice calls once
    return TRIGGER, {"routing_key": routing_key, "event_action": "trigger",
                     "dedup_key": message.key[-LONGEST_DEDUP_KEY:], "client": "runbooks",
                     "payload": payload | {"severity": message.severity}, **links}
