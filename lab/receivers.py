"""Slack and PagerDuty for a lab: HTTP receivers on this machine that compare what arrives with the documented schemas.

Alertmanager of the lab's server sends to them while they run. Only its generated configuration is changed, in memory:
neither the checkout nor a secret; whatever ends them, a restart of the container puts it back.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from lab.errors import REFUSED, LabError
from lab.instance import Instance
from lab.processes import output

SLACK, PAGERDUTY = "/services/T0LAB/B0LAB/receiver", "/v2/enqueue"
KEY = "0123456789abcdef0123456789abcdef"  # of the form of a routing key, and of no account
ACTIONS, SEVERITIES = ("trigger", "acknowledge", "resolve"), ("critical", "error", "warning", "info")
LONGEST_KEY = 255
CONFIG = "/tmp/alertmanager/alertmanager.yml"
CONTAINER = """docker ps --quiet --filter label=com.docker.compose.service=alertmanager"""
READ = f'id=$({CONTAINER}); [ -n "$id" ] && docker exec "$id" cat {CONFIG}'
# the process reads it anew by a signal; the answer of its API shows when it has
WRITE = f'id=$({CONTAINER}); docker exec -i "$id" sh -c "cat >{CONFIG}" && docker kill --signal HUP "$id" >/dev/null'
STATUS = "curl --silent --fail --max-time 5 http://127.0.0.1:9093/api/v2/status"
GATEWAY = "ip -4 route show default | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p'"
LOADED_S = 60.0


@dataclass(frozen=True)
class Received:
    """A message: from `slack` or `pagerduty`, what is wrong with it by the documented schema, and in a line."""

    channel: str
    faults: tuple[str, ...]
    words: str
    body: Any = None


def of_slack(body: Any) -> Received:
    """A message to an incoming webhook. Source: Slack API, incoming webhooks and attachments."""
    message = body if isinstance(body, dict) else {}
    attachments = message.get("attachments") or []
    faults = [] if isinstance(body, dict) else ["it is not an object"]
    if not (message.get("text") or message.get("blocks") or attachments):
        faults.append("no_text: neither text nor blocks nor attachments")
    if not isinstance(attachments, list) or not all(isinstance(one, dict) for one in attachments):
        faults, attachments = [*faults, "attachments is not a list of objects"], []
    titles = [str(one.get("title") or one.get("fallback") or "") for one in attachments]
    return Received("slack", tuple(faults), " · ".join(filter(None, [str(message.get("text") or ""), *titles])), body)


def of_pagerduty(body: Any) -> Received:
    """An event of the Events API v2. Source: PagerDuty developer documentation, Send an alert event."""
    event = body if isinstance(body, dict) else {}
    payload = event.get("payload") if isinstance(event.get("payload"), dict) else {}
    assert isinstance(payload, dict)
    action, key = event.get("event_action"), event.get("dedup_key")
    faults = [
        *([] if isinstance(body, dict) else ["it is not an object"]),
        *([] if len(str(event.get("routing_key") or "")) == len(KEY) else ["routing_key has not 32 characters"]),
        *([] if action in ACTIONS else [f"event_action is none of {', '.join(ACTIONS)}"]),
        *([] if action == "trigger" or key else ["dedup_key is missing"]),
        *([] if len(str(key or "")) <= LONGEST_KEY else ["dedup_key is too long"]),
    ]
    if action == "trigger":
        faults += [f"payload.{name} is missing" for name in ("summary", "source", "severity") if not payload.get(name)]
        if payload.get("severity") not in SEVERITIES:
            faults.append(f"payload.severity is none of {', '.join(SEVERITIES)}")
    return Received("pagerduty", tuple(faults), f"{action} {str(key or '')[:12]} {payload.get('summary', '')}", body)


class Receivers:
    """Both receivers behind one port of `host`; each message is given to `seen` as it comes."""

    def __init__(self, host: str, seen: Callable[[Received], None]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *words: object) -> None:
                """Nothing: `seen` shows what came."""

            def do_POST(self) -> None:
                status, reply = take(self.path, self.rfile.read(int(self.headers.get("Content-Length") or 0)), seen)
                self.send_response(status)
                self.send_header("Content-Length", str(len(reply.encode())))
                self.end_headers()
                self.wfile.write(reply.encode())

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://{host}:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


def take(path: str, text: bytes, seen: Callable[[Received], None]) -> tuple[int, str]:
    """What each of the two answers: status and body, as documented. Another path is 404."""
    judges: Mapping[str, Callable[[Any], Received]] = {SLACK: of_slack, PAGERDUTY: of_pagerduty}
    if path not in judges:
        return 404, "no_service"
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    found = judges[path](body)
    seen(found)
    if path == SLACK:
        return (400, "invalid_payload") if found.faults else (200, "ok")
    if found.faults:
        return 400, json.dumps({"status": "invalid event", "message": "Event object is invalid",
                                "errors": found.faults})
    return 202, json.dumps({"status": "success", "message": "Event processed", "dedup_key": body.get("dedup_key", "")})


@contextmanager
def receiving(instance: Instance, seen: Callable[[Received], None]) -> Iterator[Receivers]:
    """Both receivers, and the server's Alertmanager sends to them as well, until this ends. Raises LabError."""
    before = _on_server(instance, READ)
    if "receivers:" not in before:
        raise LabError(f"Alertmanager of {instance.name} does not run.", exit_code=REFUSED,
                       next_step=f"python -m lab up --name {instance.name} --from v3.2.0")
    receivers = Receivers(_on_server(instance, GATEWAY).strip(), seen)
    try:
        _load(instance, with_channels(before, receivers.url))
        yield receivers
    finally:
        _load(instance, before)
        receivers.close()


def with_channels(configuration: str, url: str) -> str:
    """The configuration, whose last receiver has both channels too. Those that it has already are left out."""
    lines = [line for line in configuration.splitlines()
             if "slack_configs:" not in line and "pagerduty_configs:" not in line]
    return "\n".join([*lines, f"    slack_configs: [{{api_url: '{url}{SLACK}', send_resolved: true}}]",
                      f"    pagerduty_configs: [{{routing_key: {KEY}, url: '{url}{PAGERDUTY}'}}]", ""])


def shown(one: Received) -> str:
    """A message in a line: what it is about, or what is wrong with it."""
    return f"{one.channel}: {one.words}" + (f" REFUSED: {'; '.join(one.faults)}" if one.faults else "")


def _load(instance: Instance, configuration: str) -> None:
    output(instance.inside("sh", "-c", WRITE), input=configuration)
    wanted, ends = "pagerduty_configs" in configuration, time.monotonic() + LOADED_S
    while ("pagerduty_configs" in json.loads(_on_server(instance, STATUS))["config"]["original"]) != wanted:
        if time.monotonic() > ends:
            raise LabError(f"Alertmanager of {instance.name} did not load its configuration again.", exit_code=REFUSED,
                           next_step="docker restart gw2-staging-alertmanager-1, on the server")
        time.sleep(0.2)


def _on_server(instance: Instance, program: str) -> str:
    return output(instance.inside("sh", "-c", program))
