"""One synthetic account of the application: made by a run, and deleted by it whatever happens in between."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from runbook_lib.core.errors import EndpointUnavailable, RunbookError
from runbook_lib.core.questions import HttpReply

PREFIX = "synthetic-"
API = "/api/v1"
# a restarting backend or the rate limit are gone within moments; an account left behind stays
PAUSES_S = (0.0, 0.5, 2.0)
RATE_LIMITED = 429


class Requests(Protocol):
    """Requests to the application: from outside, or from within a container."""

    def request(self, method: str, path: str, *, json: Any = None, headers: dict[str, str] | None = None,
                timeout_s: float = 10.0) -> HttpReply: ...


@dataclass(frozen=True)
class UserAction:
    """One thing a user can do. `works` is None when it could not be tried."""

    action: str
    works: bool | None
    detail: str
    expected: str
    seconds: float | None = None
    request_id: str = ""


@dataclass
class SyntheticAccount:
    """Name, password and tokens. `registered` None: it was asked for, and the answer never came."""

    http: Requests
    name: str = field(default_factory=lambda: PREFIX + secrets.token_hex(6))
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    registered: bool | None = False

    @property
    def credentials(self) -> dict[str, str]:
        """What a user types to log in."""
        return {"username": self.name, "password": self.password}

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> HttpReply:
        """One request with the account's token, or another one. Raises EndpointUnavailable."""
        bearer = self.access_token if token is None else token
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        reply = self.http.request(method, path if path.startswith(API) else API + path, json=body, headers=headers)
        if path in ("/auth/login", "/auth/refresh") and reply.status == 200:
            tokens = document_of(reply)
            self.access_token = str(tokens.get("access_token", self.access_token))
            self.refresh_token = str(tokens.get("refresh_token", self.refresh_token))
        return reply

    def register(self) -> HttpReply:
        """Ask for the account. Raises EndpointUnavailable: then it may exist all the same."""
        self.registered = None
        reply = self.ask("POST", "/auth/register", self.credentials)
        # whatever a server error says, the row may be there
        self.registered = True if reply.status == 201 else None if reply.status >= 500 else False
        return reply

    def delete(self) -> UserAction:
        """Delete the account with all it owns, in three attempts; not tried where there is none. Never raises."""
        title = "delete the account"
        if self.registered is False:
            return UserAction(title, None, "not tried: there is no account", "204")
        detail, status, seconds = "", 0, None
        for pause_s in PAUSES_S:
            time.sleep(pause_s)
            try:
                reply = self._delete_once()
            except RunbookError as error:
                detail = error.what
                continue
            status, seconds = reply.status, reply.seconds
            detail = f"{status} in {seconds * 1000:.0f} ms"
            if status == 204:
                self.registered = False
                return UserAction(title, True, detail, "204", seconds)
            if self.registered is None and status == 401:  # it never came to be: there is no such name to log in with
                self.registered = False
                return UserAction(title, None, "not tried: there is no account", "204")
        works = None if status == RATE_LIMITED else False
        return UserAction(title, works, f"{detail}; the account {self.name} is left behind", "204", seconds)

    def _delete_once(self) -> HttpReply:
        reply = self.ask("DELETE", "/auth/me") if self.access_token else None
        if reply is not None and reply.status != 401:
            return reply
        # without a token that counts, the password opens a way to delete
        login = self.ask("POST", "/auth/login", self.credentials)
        return self.ask("DELETE", "/auth/me") if login.status == 200 else login


def document_of(reply: HttpReply) -> dict[str, Any]:
    """The reply's JSON object; empty for anything else."""
    try:
        document = reply.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def act(account: SyntheticAccount, action: str, method: str, path: str, body: Any, status: int,
        shows: dict[str, Any] | None = None) -> tuple[UserAction, dict[str, Any]]:
    """One action of the user and the reply's document, which is empty when it was not the expected one."""
    try:
        reply = account.register() if path == "/auth/register" else account.ask(method, path, body)
    except EndpointUnavailable as unavailable:
        return UserAction(action, False, unavailable.what, str(status)), {}
    document = document_of(reply)
    expected = shows or {} if reply.status == status else {}
    wrong = [name for name, value in expected.items() if document.get(name) != value]
    detail = f"{reply.status} in {reply.seconds * 1000:.0f} ms" + (f", wrong {', '.join(wrong)}" if wrong else "")
    # 429 is nginx's rate limit and shows nothing of the application: not a fault, and not a pass
    works = None if reply.status == RATE_LIMITED else reply.status == status and not wrong
    done = UserAction(action, works, detail, str(status), reply.seconds, reply.request_id)
    return done, document if works else {}
