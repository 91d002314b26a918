"""One visit: a user's flow with the names of its own, step by step, and the removal of what it made.

Names and passwords are made from a seed and the visit's number, so that whoever knows the seed can remove what a
visit has left, also when the process that sent it was killed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from runbook_lib.core.foreign_json import read_json
from runbook_lib.environment.requests import GIVEN, filled

PREFIX = "synthetic-load-"
GONE = (401, 403, 404, 410)  # of a log-in or a removal: there is nothing (any more) to remove
ATTEMPTS, PAUSE_S = 3, 1.0
Step = Mapping[str, Any]  # as in the environment file: name, method, path, status, json_body, headers, keep, …
# method, path, headers, body, the step's name → status (None: no reply) and the reply's body
Send = Callable[[str, str, dict[str, str], bytes | None, str, int], tuple[int | None, bytes]]


@dataclass
class Visit:
    """The visit of one number. `begun`: its first request was sent; `clean`: nothing of it is left.

    `unanswered`: a request of it has no reply (yet), and may still be carried out. `lacking`: the step whose reply had
    the right status, and not what is to be kept of it.
    """

    number: int
    seed: str = field(repr=False)
    values: dict[str, str] = field(default_factory=dict, repr=False)
    begun: bool = False
    clean: bool = False
    unanswered: bool = False
    lacking: str = ""

    def __post_init__(self) -> None:
        self.values = {"word": PREFIX + self._derived("name", 16), "password": self._derived("password", 48),
                       "number": str(self.number)}

    @property
    def name(self) -> str:
        """What its account is called: the only thing of it that may be shown."""
        return self.values["word"]

    def run(self, flow: list[Step], send: Send, stopped: Callable[[], bool] = lambda: False) -> bool:
        """The whole flow; whether every step was answered as it should be. What always is done, is done.

        Once `stopped` holds, no further step is: the request in progress comes to its end first.
        """
        works = True
        for step in flow:
            for _ in range(step["times"]):
                works = works and not stopped()
                if works or step["always"]:
                    works = self._do(step, send) and works
        return works

    def tidy(self, flow: list[Step], send: Send) -> bool:
        """Remove what an interrupted or failed visit has left, in a few attempts; whether nothing is left."""
        last = [step for step in flow if step["always"]]
        for attempt in range(ATTEMPTS):
            if self.clean or not self.begun or not last:
                break
            time.sleep(PAUSE_S * attempt)  # a server at its limit needs a moment, and a lost request may still arrive
            for step in last:
                self._remove(step, flow, send, sure=not self.unanswered or attempt == ATTEMPTS - 1)
        return self.clean or not self.begun or not last

    def _remove(self, step: Step, flow: list[Step], send: Send, *, sure: bool) -> None:
        """One removal; what it needs and this visit does not know is fetched again by the step that keeps it.

        Unless `sure`, that there is nothing yet does not count: a request without a reply may still make it.
        """
        sources = [one for one in flow if not one["always"] and set(one["keep"]) & set(step["placeholders"])]
        # its own token may be too old or not known: the first source is the log-in, later ones only renew
        if sources and self._once(sources[0], send) in GONE:
            self.clean = sure
            return
        if self._once(step, send) in (step["status"], *GONE[2:]):
            self.clean = True

    def _do(self, step: Step, send: Send) -> bool:
        if any(name not in self.values for name in step["placeholders"]):
            return False  # an earlier step failed: there is nothing to send
        done = bool(self._once(step, send) == step["status"])
        self.clean = self.clean or (done and bool(step["always"]))
        return done

    def _once(self, step: Step, send: Send) -> int | None:
        """One request; its status, or None for a reply that lacks what is to be kept of it."""
        if any(name not in self.values for name in step["placeholders"]):
            return None
        self.begun, unanswered, self.unanswered = True, self.unanswered, True
        headers = {name: filled(value, self.values) for name, value in step["headers"].items()}
        body = None if step["json_body"] is None else json.dumps(filled(step["json_body"], self.values)).encode()
        if step.get("form") is not None:
            body = urlencode(filled(step["form"], self.values)).encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        # what a server sent back is one segment of a path, whatever it holds
        path = filled(step["path"], {name: text if name in GIVEN else quote(text, safe="")
                                     for name, text in self.values.items()})
        status, reply = send(step["method"], path, headers, body, step["name"], step["status"])
        self.unanswered = unanswered or status is None
        if status == step["status"] and step["keep"] and not self._keep(step["keep"], reply):
            self.lacking = step["name"]
            return None
        return status

    def _keep(self, wanted: Mapping[str, str], reply: bytes) -> bool:
        try:
            document = read_json(reply)
            found = {name: str(document[key]) for name, key in wanted.items()}
        except (ValueError, KeyError, TypeError):
            return False
        # what a server sends back goes into a path or a header: one line of ASCII, and no more than that
        if any(len(text) > 8_000 or not (text.isascii() and text.isprintable()) for text in found.values()):
            return False
        self.values.update(found)
        return True

    def _derived(self, purpose: str, length: int) -> str:
        words = f"{purpose} {self.number}".encode()
        return hmac.new(self.seed.encode(), words, hashlib.sha256).hexdigest()[:length]
