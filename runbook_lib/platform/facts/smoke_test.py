"""The smoke test: what a user does, done once by a synthetic user who cleans up.

This question writes: it makes an account, a squad and a build, reads them back, and deletes the account with all it
owns, also after a failure or an interrupt; a few anonymous rows stay in the application's append-only event table. It
is asked only after a deployment, never in plan mode.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from runbook_lib.core.questions import Question
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.synthetic_account import Requests, SyntheticAccount, UserAction, act

WRITES = "a synthetic account with a squad and a build, made and deleted again"

__all__ = ["Requests", "UserAction", "UserFlow", "run_smoke_test", "smoke_test_over"]


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
    return Question("smoke test", lambda connections: smoke_test_over(connections.http), writes=WRITES)


def smoke_test_over(http: Requests) -> UserFlow:
    """The user flow over any kind of requests to the application."""
    return _SyntheticUser(SyntheticAccount(http)).run()


@dataclass
class _SyntheticUser:
    account: SyntheticAccount
    actions: list[UserAction] = field(default_factory=list)

    def run(self) -> UserFlow:
        try:
            self._use()
        finally:  # after an interrupt as well: no other run knows the account
            self.actions.append(self.account.delete())
        return UserFlow(tuple(self.actions))

    def _use(self) -> None:
        name, credentials = self.account.name, self.account.credentials
        squad = {"name": f"{name} squad", "description": "made by a runbook, deleted by it"}
        build = {"name": f"{name} build", "profession": "guardian", "role": "support"}
        self.do("register", "POST", "/auth/register", credentials, 201, {"username": name})
        self.do("log in", "POST", "/auth/login", credentials, 200)
        made = self.do("create a squad", "POST", "/squads", squad, 201, squad)
        built = self.do("create a build", "POST", "/builds", build, 201, build)
        where = f"/squads/{made.get('id', 0)}"
        self.do("read the squad back", "GET", where, None, 200, squad)
        renamed = squad | {"name": f"{name} renamed"}
        self.do("rename the squad", "PUT", where, renamed, 200, renamed)
        self.do("read the build back", "GET", f"/builds/{built.get('id', 0)}", None, 200, build)
        self.do("stay logged in", "POST", "/auth/refresh", {"refresh_token": self.account.refresh_token}, 200)

    def do(
        self, action: str, method: str, path: str, body: Any, status: int, shows: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """One request; the reply's document, or nothing when it was not the expected one."""
        if any(one.works is not True for one in self.actions):
            self.actions.append(UserAction(action, None, "not tried: an earlier action failed", str(status)))
            return {}
        done, document = act(self.account, action, method, path, body, status, shows)
        self.actions.append(done)
        return document
