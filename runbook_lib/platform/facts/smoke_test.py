"""The smoke test: what a user does, done once by a synthetic user who cleans up.

This is the one question that writes: it makes an account, a squad and a build, reads them back, and deletes the
account with all it owns; a few anonymous rows stay in the application's append-only event table. It is asked only
after a deployment, never in plan mode.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, Protocol

from runbook_lib.core.errors import EndpointUnavailable
from runbook_lib.core.questions import HttpReply, Question
from runbook_lib.environment import Environment


@dataclass(frozen=True)
class UserAction:
    """One thing a user can do. `works` is None when it could not be tried."""

    action: str
    works: bool | None
    detail: str
    expected: str
    seconds: float | None = None


@dataclass(frozen=True)
class UserFlow:
    """The actions of one synthetic user, in order."""

    actions: tuple[UserAction, ...]

    @property
    def works(self) -> bool:
        """Whether every action was tried and did what it should."""
        return all(one.works for one in self.actions)


def run_smoke_test(environment: Environment) -> Question[UserFlow]:
    """Register, log in, create, read, update, refresh, delete: the critical flows of the application.

    An action that fails is a value, never an error. Source: the API at the public address.
    """
    return Question("smoke test", lambda connections: smoke_test_over(connections.http))


class Requests(Protocol):
    """Requests to the application: from outside, or from within a container."""

    def request(self, method: str, path: str, *, json: Any = None, headers: dict[str, str] | None = None,
                timeout_s: float = 10.0) -> HttpReply: ...


def smoke_test_over(http: Requests) -> UserFlow:
    """The user flow over any kind of requests to the application."""
    return _SyntheticUser(http).run()


@dataclass
class _SyntheticUser:
    http: Requests
    actions: list[UserAction] = field(default_factory=list)
    token: str = ""

    def run(self) -> UserFlow:
        name, password = f"synthetic-{secrets.token_hex(6)}", secrets.token_urlsafe(24)
        credentials = {"username": name, "password": password}
        squad = {"name": f"{name} squad", "description": "made by a runbook, deleted by it"}
        build = {"name": f"{name} build", "profession": "guardian", "role": "support"}
        self.do("register", "POST", "/auth/register", credentials, 201, {"username": name})
        tokens = self.do("log in", "POST", "/auth/login", credentials, 200)
        self.token = str(tokens.get("access_token", ""))
        made = self.do("create a squad", "POST", "/squads", squad, 201, squad)
        built = self.do("create a build", "POST", "/builds", build, 201, build)
        where = f"/squads/{made.get('id', 0)}"
        self.do("read the squad back", "GET", where, None, 200, squad)
        renamed = squad | {"name": f"{name} renamed"}
        self.do("rename the squad", "PUT", where, renamed, 200, renamed)
        self.do("read the build back", "GET", f"/builds/{built.get('id', 0)}", None, 200, build)
        self.do("stay logged in", "POST", "/auth/refresh", {"refresh_token": tokens.get("refresh_token", "")}, 200)
        self.do("delete the account", "DELETE", "/auth/me", None, 204)
        return UserFlow(tuple(self.actions))

    def do(
        self, action: str, method: str, path: str, body: Any, status: int, shows: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """One request; the reply's document, or nothing when it was not the expected one."""
        if any(one.works is not True for one in self.actions):
            self.actions.append(UserAction(action, None, "not tried: an earlier action failed", str(status)))
            return {}
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            reply = self.http.request(method, f"/api/v1{path}", json=body, headers=headers)
        except EndpointUnavailable as unavailable:
            self.actions.append(UserAction(action, False, unavailable.what, str(status)))
            return {}
        document = _document(reply)
        expected = shows or {} if reply.status == status else {}
        wrong = [name for name, value in expected.items() if document.get(name) != value]
        detail = f"{reply.status} in {reply.seconds * 1000:.0f} ms" + (f", wrong {', '.join(wrong)}" if wrong else "")
        # 429 is nginx's rate limit and shows nothing of the application: not a fault, and not a pass
        works = None if reply.status == 429 else reply.status == status and not wrong
        self.actions.append(UserAction(action, works, detail, str(status), reply.seconds))
        return document if works else {}


def _document(reply: HttpReply) -> dict[str, Any]:
    try:
        document = reply.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
