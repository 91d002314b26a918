"""Slack's incoming webhook and PagerDuty's Events API: a POST over verified TLS, and a reply that says *taken*."""

from __future__ import annotations

import io
import json
import math
import re
import time
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from runbook_lib.connections.notifying.attempt import Attempt, reason_of_network
from runbook_lib.connections.notifying.payloads import pagerduty_payload, slack_payload
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.messages import Delivered, Delivery, Message, Route
from runbook_lib.environment.notifications import Notifications

REPLY_LIMIT = 10_000  # bytes: both reply with a line
NOT_TAKEN = (429, 503)  # may be sent again: these say that nothing was done with it
_LOOPBACK = re.compile(r"127\.[0-9.]+|localhost|::1")


def send_to_webhook(message: Message, route: Route, settings: Notifications, attempt: Attempt) -> Delivered:
    """The outcome of the message. A channel that says *later* is asked once more, where the deadline allows it."""
    assert route.secret is not None
    secret = route.secret.reveal().strip()
    if route.channel == "slack":
        url, body = secret, slack_payload(message)
    else:
        path, body = pagerduty_payload(message, secret)
        url = settings.pagerduty_url.rstrip("/") + path
    fault = _fault_of(url)
    if fault:
        return Delivered(route, Delivery.NOT_SENT, f"the address {fault}", f"Correct it: {route.through}.")
    with _session(url, settings) as session:
        result, later_s = _post(session, url, body, route, attempt)
        if later_s is None or later_s >= attempt.left_s - 1:
            return result
        time.sleep(later_s)
        return _post(session, url, body, route, attempt)[0]


def _fault_of(url: str) -> str:
    """What is wrong with an address, without showing any of it; empty where it can be used."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "cannot be read"
    if not url.isascii() or not url.isprintable() or " " in url or not host:
        return "cannot be read"
    # the address is the secret: in clear it may go to this machine alone
    if parts.scheme != "https" and not (parts.scheme == "http" and _LOOPBACK.fullmatch(host)):
        return "does not begin with https://"
    return ""


def _session(url: str, settings: Notifications) -> requests.Session:
    session = requests.Session()
    # no .netrc and no other certificate than the environment's; a proxy is what many a network needs to reach them
    session.trust_env = False
    session.proxies.update(get_environ_proxies(url, no_proxy=None))
    session.verify = settings.ca_file or True
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=0))
    return session


def _post(session: requests.Session, url: str, body: dict[str, Any], route: Route,
          attempt: Attempt) -> tuple[Delivered, float | None]:
    """The result, and in how many seconds it may be tried again; None where it must not."""
    data = _Body(json.dumps(body).encode(), attempt)
    attempt.handed_over = False
    try:
        # another host, or another path, is not where the secret belongs: no redirect is followed
        with session.post(url, data=data, headers={"Content-Type": "application/json"}, stream=True,
                          timeout=attempt.left_s, allow_redirects=False) as reply:
            text = _text(reply, attempt)
    except Exception as error:
        return _unreached(error, route, attempt), None
    if reply.status_code in NOT_TAKEN:
        attempt.handed_over = False
        wait_s = _retry_after(reply.headers.get("Retry-After", ""))
        asks = f"; it asks to wait {wait_s:g} s" if wait_s is not None else ""
        return Delivered(route, Delivery.NOT_SENT, f"answers {reply.status_code}{asks}: {text}",
                         "Wait, then send it again with 44 Notify."), 1.0 if wait_s is None else wait_s
    return _judged(reply.status_code, text, route), None


class _Body(io.BytesIO):
    """A request's body: it is read when the connection stands, and the channel may have it from then on."""

    def __init__(self, data: bytes, attempt: Attempt) -> None:
        super().__init__(data)
        self._attempt = attempt

    def read(self, size: int | None = -1, /) -> bytes:
        """The next piece. Raises TimeoutError where the attempt was given up."""
        self._attempt.hand_over()
        return super().read(size)


def _text(reply: requests.Response, attempt: Attempt) -> str:
    read = bytearray()
    # what has come, however little: to wait for a whole piece would let each byte begin the wait anew
    while len(read) < REPLY_LIMIT and not attempt.over and (piece := reply.raw.read1(REPLY_LIMIT)):
        read += piece
    return read[:REPLY_LIMIT].decode("utf-8", "replace")


def _unreached(error: Exception, route: Route, attempt: Attempt) -> Delivered:
    reason, next_step = reason_of_network(error)
    if not attempt.handed_over:
        return Delivered(route, Delivery.NOT_SENT, reason, next_step)
    return Delivered(route, Delivery.UNKNOWN, f"the reply did not come: {reason}",
                     "See in the channel whether it arrived, before it is sent again.")


def _judged(status: int, text: str, route: Route) -> Delivered:
    """A reply is believed only in the form that the channel documents: a captive portal answers 200 as well."""
    if 300 <= status < 400:
        return Delivered(route, Delivery.NOT_SENT, f"answers {status} and points elsewhere; redirects are not followed",
                         "Correct the address.")
    if status >= 500:
        return Delivered(route, Delivery.UNKNOWN, f"answers {status}: {text}",
                         "See in the channel whether it arrived, before it is sent again.")
    if status >= 400:
        return Delivered(route, Delivery.NOT_SENT, f"answers {status}: {text}",
                         "Check whether webhook or routing key still exist; correct the secret.")
    if _taken(status, text, route.channel):
        return Delivered(route, Delivery.SENT)
    return Delivered(route, Delivery.NOT_SENT, f"answers {status}, and not as {route.channel} does: {text}",
                     "Check the address, and what lies in between (a proxy, a sign-in page).")


def _taken(status: int, text: str, channel: str) -> bool:
    if channel == "slack":
        return status == 200 and text.strip() == "ok"
    try:
        reply = read_json(text)
    except ValueError:
        return False
    return status == 202 and isinstance(reply, dict) and reply.get("status") == "success"


def _retry_after(text: str) -> float | None:
    """Seconds of a Retry-After header; None where it is a date or absent. Source: RFC 9110, Retry-After."""
    return float(text) if re.fullmatch(r"[0-9]{1,6}", text.strip()) and math.isfinite(float(text)) else None
