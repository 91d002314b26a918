"""A user's session across a switch: opened on the live release, used on the next one and after a rollback.

One `KeptSession` is shared by the questions of a plan; between them it holds the account, its tokens, and what it had.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from runbook_lib.core.errors import EndpointUnavailable, RunbookError
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.synthetic_account import (
    RATE_LIMITED,
    SyntheticAccount,
    UserAction,
    act,
    document_of,
)

OWNED = ("/squads", "/builds")  # what the user makes, and reads back later
AGAIN_S = (1.0, 2.0, 4.0)


@dataclass(frozen=True)
class ListedRows:
    """One list of the application: rows in all, and on the page that was read. None: not read."""

    path: str
    total: int | None
    shown: int | None
    problem: str = ""


@dataclass(frozen=True)
class SessionView:
    """What a user with an earlier session meets. `actions` is empty where no session had been opened.

    `before` and `now` are the lists then and now, in the same order.
    """

    actions: tuple[UserAction, ...]
    before: tuple[ListedRows, ...] = ()
    now: tuple[ListedRows, ...] = ()
    account: str = ""


@dataclass(frozen=True)
class SessionEnd:
    """The session as it was used last, and how its account was deleted."""

    view: SessionView
    deleted: UserAction


@dataclass
class KeptSession:
    """The session of one plan. Nothing is made before `open_session` is asked."""

    environment: Environment
    account: SyntheticAccount | None = None
    first_token: str = field(default="", repr=False)
    owned: dict[str, dict[str, Any]] = field(default_factory=dict)
    before: tuple[ListedRows, ...] = ()

    def open(self, connections: Connections) -> SessionView:
        """Register, log in, make a squad and a build, and count the lists: on the release that is live."""
        self._forget()
        account = self.account = SyntheticAccount(connections.http)
        squad = {"name": f"{account.name} squad", "description": "made by a runbook, deleted by it"}
        build = {"name": f"{account.name} build", "profession": "guardian", "role": "support"}
        actions: list[UserAction] = []
        for title, path, body, status in (("register", "/auth/register", account.credentials, 201),
                                          ("log in", "/auth/login", account.credentials, 200),
                                          ("create a squad", "/squads", squad, 201),
                                          ("create a build", "/builds", build, 201)):
            done, document = act(account, title, "POST", path, body, status)
            actions.append(done)
            if not done.works:
                account.delete()
                self._forget()
                return SessionView(tuple(actions))
            if path in OWNED and "id" in document:
                self.owned[f"{path}/{document['id']}"] = body
        self.first_token = account.access_token
        self.before = self._lists(account)
        return SessionView(tuple(actions), self.before, self.before, account.name)

    def use(self, connections: Connections) -> SessionView:
        """Go on with the session: as its first token, and as a renewed one; read back what it owns, and the lists."""
        account = self.account
        if account is None:
            return SessionView(())
        account.http = connections.http
        account.access_token, renewed = self.first_token, account.access_token
        actions = [self._do("go on with a session from before the switch", "GET", "/auth/me", None,
                            {"username": account.name})]
        for path, shown in self.owned.items():
            actions.append(self._do(f"read back {path.split('/')[1]} from before the switch", "GET", path, None, shown))
        now = self._lists(account)
        actions.append(self._do("renew a session from before the switch", "POST", "/auth/refresh",
                                {"refresh_token": account.refresh_token}, None))
        account.access_token = account.access_token or renewed
        return SessionView(tuple(actions), self.before, now, account.name)

    def finish(self, connections: Connections) -> SessionEnd:
        """Use it once more, again for a few seconds while the traffic is just moving back; then delete the account."""
        view = self.use(connections)
        for pause_s in AGAIN_S:
            if all(one.works is not False for one in view.actions):
                break
            time.sleep(pause_s)
            view = self.use(connections)
        return SessionEnd(view, self.close(connections))

    def close(self, connections: Connections) -> UserAction:
        """Delete the account with all it owns. Never raises."""
        if self.account is None:
            return UserAction("delete the account", True, "no session is open", "204")
        self.account.http = connections.http
        done = self.account.delete()
        self._forget()
        return done

    def _do(self, title: str, method: str, path: str, body: Any, shows: dict[str, Any] | None) -> UserAction:
        assert self.account is not None
        return act(self.account, title, method, path, body, 200, shows)[0]

    def _lists(self, account: SyntheticAccount) -> tuple[ListedRows, ...]:
        paths = [path for path, table in self.environment.restore_drill.reads.items() if table]
        return tuple(_listed(account, path) for path in paths)

    def _forget(self) -> None:
        self.account, self.first_token, self.owned, self.before = None, "", {}, ()


def open_session(kept: KeptSession) -> Question[SessionView]:
    """Open it on the release that is live. An action that fails is a value, and leaves no account."""
    return Question("a session on the live release", kept.open)


def use_session(kept: KeptSession) -> Question[SessionView]:
    """Use it on what is live now; without a session the view is empty."""
    return Question("a session from before the switch", kept.use)


def finish_session(kept: KeptSession) -> Question[SessionEnd]:
    """Use it on what is live after a rollback, and delete its account."""
    return Question("the session after the rollback", kept.finish)


def close_session(kept: KeptSession) -> Question[UserAction]:
    """End it and delete its account; safe where there is none."""
    return Question("the end of the session", kept.close)


def _listed(account: SyntheticAccount, path: str) -> ListedRows:
    try:
        reply = account.ask("GET", path)
    except (EndpointUnavailable, RunbookError) as error:
        return ListedRows(path, None, None, error.what)
    if reply.status != 200:
        # the rate limit shows nothing of the application
        return ListedRows(path, None, None if reply.status == RATE_LIMITED else 0, f"status {reply.status}")
    document = document_of(reply)
    total, items = document.get("total"), document.get("items")
    return ListedRows(path, total if isinstance(total, int) else None, len(items) if isinstance(items, list) else None)
