"""A session across a switch, over an application that a test changes in between."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runbook_lib.core.questions import HttpReply
from runbook_lib.environment import load_environment
from runbook_lib.platform.checks.sessions import session_lives_on
from runbook_lib.platform.facts import sessions, synthetic_user
from runbook_lib.platform.facts.sessions import (
    KeptSession,
    SessionView,
    close_session,
    finish_session,
    open_session,
    use_session,
)

ENVIRONMENT = load_environment("staging")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic_user, "PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr(sessions, "AGAIN_S", (0.0, 0.0))


class Release:
    """An application; `key` signs its tokens, `lists` is what it lists, `lost` what it forgot, `status` of all replies."""

    def __init__(self) -> None:
        self.key, self.lists, self.lost, self.limited = "one", 40, False, False
        self.user, self.made = "", dict[str, dict[str, Any]]()
        self.accounts: set[str] = set()
        self.http = self

    def request(self, method: str, path: str, *, json: Any = None, headers: Any = None, timeout_s: float = 10) -> HttpReply:
        if self.limited:
            return reply(path, 429, {})
        what = path.removeprefix("/api/v1").partition("?")[0]
        tokens = {"access_token": f"{self.key}-access", "refresh_token": f"{self.key}-refresh"}
        if what == "/auth/register":
            self.user = json["username"]
            self.accounts.add(self.user)
            return reply(path, 201, {"id": 1, "username": self.user})
        if what == "/auth/login":
            return reply(path, 200, tokens)
        if what == "/auth/refresh":
            return reply(path, 200 if json["refresh_token"].startswith(self.key) else 401, tokens)
        if what == "/health":
            return reply(path, 200, {})
        if method == "GET" and what in ("/squads", "/builds"):
            return reply(path, 200, {"total": self.lists, "items": [{}] * min(self.lists, 20)})
        return self.signed(method, path, what, json, (headers or {}).get("Authorization", ""))

    def signed(self, method: str, path: str, what: str, body: Any, bearer: str) -> HttpReply:
        if bearer != f"Bearer {self.key}-access":
            return reply(path, 401, {})
        if method == "DELETE":
            self.accounts.discard(self.user)
            return reply(path, 204, {})
        if method == "POST":
            self.made[f"{what}/7"] = {"id": 7} | body
            return reply(path, 201, self.made[f"{what}/7"])
        if what == "/auth/me":
            return reply(path, 200, {"username": self.user})
        return reply(path, 404, {}) if self.lost else reply(path, 200, self.made[what])


def reply(path: str, status: int, document: Any) -> HttpReply:
    return HttpReply(path, status, {}, json.dumps(document).encode(), 0.01)


def opened() -> tuple[Release, KeptSession]:
    release, kept = Release(), KeptSession(ENVIRONMENT)
    connections: Any = release
    view = open_session(kept).fetch(connections)
    assert all(one.works for one in view.actions)
    return release, kept


def used(release: Release, kept: KeptSession) -> SessionView:
    connections: Any = release
    return use_session(kept).fetch(connections)


def faults(view: SessionView) -> list[str]:
    return [one.check for one in session_lives_on(view) if not one.verdict.acceptable]


def test_a_session_lives_on_where_nothing_changed_and_again_after_it_was_renewed() -> None:
    release, kept = opened()
    assert faults(used(release, kept)) == []
    assert faults(used(release, kept)) == []


def test_a_refresh_token_counts_once_and_the_first_access_token_every_time() -> None:
    """An application may take a refresh token back when it is used: the next use must have the one that came for it."""
    release, kept = opened()
    sent: list[tuple[str, str]] = []
    valid = ["one-refresh"]

    class Once(Release):
        def request(self, method: str, path: str, *, json: Any = None, headers: Any = None, timeout_s: float = 10) -> HttpReply:
            if path.endswith("/auth/me") and method == "GET":
                sent.append(("me", headers["Authorization"]))
            if path.endswith("/auth/refresh"):
                sent.append(("refresh", json["refresh_token"]))
                if json["refresh_token"] != valid[0]:
                    return reply(path, 401, {})
                valid[0] = f"one-refresh-{len(sent)}"
                return reply(path, 200, {"access_token": "renewed", "refresh_token": valid[0]})
            return super().request(method, path, json=json, headers=headers, timeout_s=timeout_s)

    once = Once()
    once.user, once.made, once.accounts = release.user, release.made, release.accounts
    assert faults(used(once, kept)) == []
    assert faults(used(once, kept)) == []
    assert [value for name, value in sent if name == "me"] == ["Bearer one-access"] * 2
    assert len({value for name, value in sent if name == "refresh"}) == 2


def test_another_key_of_the_tokens_logs_users_out() -> None:
    release, kept = opened()
    release.key = "two"
    found = faults(used(release, kept))
    assert "a user can go on with a session from before the switch" in found
    assert "a user can renew a session from before the switch" in found


def test_what_a_user_had_is_read_back() -> None:
    release, kept = opened()
    release.lost = True
    assert faults(used(release, kept)) == [
        "a user can read back squads from before the switch", "a user can read back builds from before the switch"]


def test_a_list_that_held_rows_still_holds_them() -> None:
    release, kept = opened()
    release.lists = 0
    assert faults(used(release, kept)) == [
        "/api/v1/builds still lists what it listed", "/api/v1/squads still lists what it listed"]


def test_the_rate_limit_proves_nothing() -> None:
    release, kept = opened()
    release.limited = True
    assert all(one.works is None for one in used(release, kept).actions)


def test_after_a_rollback_the_session_of_before_works_and_its_account_goes() -> None:
    release, kept = opened()
    release.key = "two"
    used(release, kept)
    release.key = "one"
    connections: Any = release
    end = finish_session(kept).fetch(connections)
    assert faults(end.view) == []
    assert (end.deleted.works, release.accounts) == (True, set())


def test_the_account_goes_even_when_its_session_was_cut() -> None:
    release, kept = opened()
    release.key = "two"
    connections: Any = release
    end = finish_session(kept).fetch(connections)
    assert "a user can go on with a session from before the switch" in faults(end.view)
    assert release.accounts == set()


def test_a_session_that_cannot_be_opened_leaves_no_account() -> None:
    release, kept = Release(), KeptSession(ENVIRONMENT)

    class Broken(Release):
        def signed(self, method: str, path: str, what: str, body: Any, bearer: str) -> HttpReply:
            return reply(path, 500, {}) if method == "POST" else super().signed(method, path, what, body, bearer)

    release = Broken()
    connections: Any = release
    view = open_session(kept).fetch(connections)
    assert [one.works for one in view.actions] == [True, True, False]
    assert release.accounts == set()
    assert used(release, kept).actions == ()
    assert close_session(kept).fetch(connections).works is True


def test_closing_twice_deletes_once() -> None:
    release, kept = opened()
    connections: Any = release
    assert close_session(kept).fetch(connections).detail.startswith("204")
    assert close_session(kept).fetch(connections).detail == "no session is open"
