"""A user's session across a switch: opened on the live release, used on the next one and after a rollback.

One `KeptSession` is shared by the questions of a plan; between them it holds the user, and what its replies gave it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from runbook_lib.core.errors import EndpointUnavailable, RunbookError
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.synthetic_user import (
    NOT_TRIED,
    RATE_LIMITED,
    SyntheticUser,
    UserAction,
    document_of,
)

TIDY = "tidy up"
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
    """The session as it was used last, and how what it made was removed."""

    view: SessionView
    deleted: UserAction


@dataclass
class KeptSession:
    """The session of one plan. Nothing is made before `open_session` is asked."""

    environment: Environment
    user: SyntheticUser | None = None
    before: tuple[ListedRows, ...] = ()

    def open(self, connections: Connections) -> SessionView:
        """Do the steps that open a session, and count the lists: on the release that is live."""
        self._forget()
        smoke = self.environment.smoke
        if smoke is None or smoke.session is None:
            return SessionView(())
        user = self.user = SyntheticUser(smoke, connections.http)
        actions = [one for one in user.do_all(smoke.opening) if one.detail != NOT_TRIED]
        if not all(one.works for one in actions):
            user.tidy()
            self._forget()
            return SessionView(tuple(actions))
        self.before = self._lists(user)
        return SessionView(tuple(actions), self.before, self.before, user.name)

    def use(self, connections: Connections) -> SessionView:
        """Go on with the session: each step, also after one that did not work, and the lists once more."""
        user, smoke = self.user, self.environment.smoke
        if user is None or smoke is None or smoke.session is None:
            return SessionView(())
        user.http = connections.http
        actions = tuple(user.do(step) for step in smoke.session.use)
        return SessionView(actions, self.before, self._lists(user), user.name)

    def finish(self, connections: Connections) -> SessionEnd:
        """Use it once more, again for a few seconds while the traffic is just moving back; then tidy up."""
        view = self.use(connections)
        for pause_s in AGAIN_S:
            if all(one.works is not False for one in view.actions):
                break
            time.sleep(pause_s)
            view = self.use(connections)
        return SessionEnd(view, self.close(connections))

    def close(self, connections: Connections) -> UserAction:
        """Remove all that the session made. Never raises."""
        if self.user is None:
            return UserAction(TIDY, True, "no session is open", "")
        self.user.http = connections.http
        done = self.user.tidy()
        leaves = self.user.smoke.leaves
        self._forget()
        # the first that did not work, or the last: one of them is what the operator has to know
        return next((one for one in done if not one.works), done[-1] if done else
                    UserAction(TIDY, True, f"nothing tidies up; stays: {leaves}", ""))

    def _lists(self, user: SyntheticUser) -> tuple[ListedRows, ...]:
        paths = [path for path, table in self.environment.restore_drill.reads.items() if table]
        return tuple(_listed(user, path) for path in paths)

    def _forget(self) -> None:
        self.user, self.before = None, ()


def open_session(kept: KeptSession) -> Question[SessionView]:
    """Open it on the release that is live. An action that fails is a value, and leaves nothing."""
    return Question("a session on the live release", kept.open)


def use_session(kept: KeptSession) -> Question[SessionView]:
    """Use it on what is live now; without a session the view is empty."""
    return Question("a session from before the switch", kept.use)


def finish_session(kept: KeptSession) -> Question[SessionEnd]:
    """Use it on what is live after a rollback, and remove what it made."""
    return Question("the session after the rollback", kept.finish)


def close_session(kept: KeptSession) -> Question[UserAction]:
    """End it and remove what it made; safe where there is none."""
    return Question("the end of the session", kept.close)


def _listed(user: SyntheticUser, path: str) -> ListedRows:
    try:
        reply = user.http.request("GET", path)
    except (EndpointUnavailable, RunbookError) as error:
        return ListedRows(path, None, None, error.what)
    if reply.status != 200:
        # the rate limit shows nothing of the application
        return ListedRows(path, None, None if reply.status == RATE_LIMITED else 0, f"status {reply.status}")
    document = document_of(reply)
    total, items = document.get("total"), document.get("items")
    return ListedRows(path, total if isinstance(total, int) else None, len(items) if isinstance(items, list) else None)
