"""One synthetic user of the application: does the steps of the environment file, and removes what they made."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

from runbook_lib.core.errors import EndpointUnavailable, RunbookError
from runbook_lib.core.foreign_json import same_json, value_at
from runbook_lib.core.questions import HttpReply
from runbook_lib.environment.requests import GIVEN, filled, placeholders_in
from runbook_lib.environment.smoke import Smoke, SmokeStep

PREFIX = "synthetic-"
# a restarting service or the rate limit are gone within moments; what is left behind stays
PAUSES_S = (0.0, 0.5, 2.0)
RATE_LIMITED = 429
REFUSED = (401, 403)  # of what needs a log-in: it is too old, or never was
GONE = (*REFUSED, 404, 410)
LONGEST_VALUE = 8_000
NOT_TRIED = "not tried: an earlier action failed"
NOTHING_MADE = "not tried: there is nothing to remove"


class Requests(Protocol):
    """Requests to the application: from outside, or from within a container."""

    def request(self, method: str, path: str, *, json: Any = None, form: dict[str, str] | None = None,
                headers: dict[str, str] | None = None, timeout_s: float = 10.0) -> HttpReply: ...


@dataclass(frozen=True)
class UserAction:
    """One thing a user can do. `works` is None when it could not be tried; `read`: a quick one, as the file says.

    `status` is that of the reply, None without one; `differs`: it is the right one, and what it shows is not.
    """

    action: str
    works: bool | None
    detail: str
    expected: str
    seconds: float | None = None
    request_id: str = ""
    read: bool = False
    status: int | None = None
    differs: bool = False


def _own_values() -> dict[str, str]:
    return {"word": PREFIX + secrets.token_hex(6), "password": secrets.token_urlsafe(24),
            "number": str(secrets.randbelow(1_000_000_000))}


@dataclass
class SyntheticUser:
    """Name, password and what was kept of replies. `made` None: something was asked for, and no answer came."""

    smoke: Smoke
    http: Requests
    values: dict[str, str] = field(default_factory=_own_values, repr=False)
    made: bool | None = False

    @property
    def name(self) -> str:
        """What is made is called so: the only one of its values that may be shown."""
        return self.values["word"]

    def do(self, step: SmokeStep) -> UserAction:
        """One step. It works where the reply has its status, shows what it must and holds what is to be kept."""
        if unknown := self._unknown(step):
            return UserAction(step.name, None, f"not tried: {unknown} is not known", str(step.status), read=step.read)
        try:
            reply = self._send(step)
        except EndpointUnavailable as unavailable:
            return UserAction(step.name, False, unavailable.what, str(step.status), read=step.read)
        wrong = self._wrong(step, reply) if reply.status == step.status else []
        detail = _in_words(reply) + (f", wrong {', '.join(wrong)}" if wrong else "")
        # 429 is a rate limit and shows nothing of the application: not a fault, and not a pass
        works = None if reply.status == RATE_LIMITED else reply.status == step.status and not wrong
        return UserAction(step.name, works, detail, str(step.status), reply.seconds, reply.request_id, step.read,
                          reply.status, bool(wrong))

    def do_all(self, steps: Iterable[SmokeStep]) -> list[UserAction]:
        """The steps in order, without those that tidy up; after one that does not work, no other is tried."""
        done: list[UserAction] = []
        for step in steps:
            if step.always:
                continue
            if all(one.works is True for one in done):
                done.append(self.do(step))
            else:
                done.append(UserAction(step.name, None, NOT_TRIED, str(step.status)))
        return done

    def tidy(self) -> tuple[UserAction, ...]:
        """Remove what was made, each step in three attempts; not tried where nothing was made. Never raises."""
        done = tuple(self._tidy(step) for step in self.smoke.tidying)
        if all(one.works for one in done):
            self.made = False
        return done

    def _tidy(self, step: SmokeStep) -> UserAction:
        if self.made is False:
            return UserAction(step.name, None, NOTHING_MADE, str(step.status))
        detail, status, seconds = "", 0, None
        for pause_s in PAUSES_S:
            time.sleep(pause_s)
            try:
                reply = self._remove(step)
            except RunbookError as error:
                detail = error.what
                continue
            if reply is None:
                detail, status = f"{self._unknown(step)} is not known", 0
                break
            status, seconds, detail = reply.status, reply.seconds, _in_words(reply)
            if status == step.status:
                return UserAction(step.name, True, detail, str(step.status), seconds, status=status)
            if self.made is None and status in GONE:  # it never came to be
                self.made = False
                return UserAction(step.name, None, NOTHING_MADE, str(step.status))
        works = None if status == RATE_LIMITED else False
        return UserAction(step.name, works, f"{detail}; {self.name} is left behind", str(step.status), seconds,
                          status=status or None)

    def _remove(self, step: SmokeStep) -> HttpReply | None:
        """One removal; a log-in that is not known, or does not count any more, is done again by the step that keeps it.

        Only what a header needs is fetched again: any other step would make one more of what is to be removed.
        """
        needed = {name for name in placeholders_in(*step.headers.values()) if name not in GIVEN}
        login = next((one for one in self.smoke.steps if not one.always and needed & set(one.keep)), None)
        logged_in = False
        if login is not None and needed - set(self.values):
            reply, logged_in = self._send(login, makes=False), True
            if reply.status != login.status:
                return reply
            self._wrong(login, reply)
        if self._unknown(step):
            return None
        reply = self._send(step)
        if login is None or logged_in or reply.status not in REFUSED:
            return reply
        again = self._send(login, makes=False)
        if again.status != login.status:
            return again
        self._wrong(login, again)
        return self._send(step)

    def _unknown(self, step: SmokeStep) -> str:
        return ", ".join(name for name in step.placeholders if name not in self.values)

    def _send(self, step: SmokeStep, *, makes: bool = True) -> HttpReply:
        # what a server sent back is one segment of a path, whatever it holds
        path = filled(step.path, {name: text if name in GIVEN else quote(text, safe="")
                                  for name, text in self.values.items()})
        headers = {name: filled(value, self.values) for name, value in step.headers.items()}
        # fakes and protocols of plain JSON need not know forms
        body: dict[str, Any] = {"json": filled(step.json_body, self.values)}
        if step.form is not None:
            body = {"form": filled(step.form, self.values)}
        before = self.made
        makes = makes and not step.always and (step.method != "GET" or self.smoke.only_reads)
        if makes and step.method != "GET":
            self.made = before or None
        reply = self.http.request(step.method, path, headers=headers, **body)
        # whatever a server error says, the row may be there
        if makes and reply.status < 500:
            self.made = True if reply.status == step.status else before
        return reply

    def _wrong(self, step: SmokeStep, reply: HttpReply) -> list[str]:
        """Fields that do not show what they must, or hold nothing that can be kept; the others are kept."""
        document = document_of(reply)
        wrong = [place for place, value in step.shows.items()
                 if not same_json(value_at(document, place), filled(value, self.values))]
        for name, place in step.keep.items():
            found = value_at(document, place)
            text = str(found) if isinstance(found, (str, int)) and not isinstance(found, bool) else ""
            # it goes into a path or a header: one line of ASCII, and no more than that
            if text and len(text) <= LONGEST_VALUE and text.isascii() and text.isprintable():
                self.values[name] = text
            elif place not in wrong:
                wrong.append(place)
        return wrong


def document_of(reply: HttpReply) -> dict[str, Any]:
    """The reply's JSON object; empty for anything else."""
    try:
        document = reply.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _in_words(reply: HttpReply) -> str:
    return f"{reply.status} in {reply.seconds * 1000:.0f} ms"
