"""The synthetic user: what they try, what they make of a wrong answer, and that they tidy up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runbook_lib.core.errors import EndpointUnavailable
from runbook_lib.core.questions import HttpReply
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts import synthetic_user
from runbook_lib.platform.facts.smoke_test import smoke_test_over


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic_user, "PAUSES_S", (0.0, 0.0, 0.0))


class Application:
    """As much of the application as one user needs; `broken` paths answer 500, `forgetful` ones lose the body."""

    def __init__(self, *, broken: str = "", forgetful: bool = False, dead: bool = False) -> None:
        self.broken, self.forgetful, self.dead = broken, forgetful, dead
        self.stored: dict[str, Any] = {}
        self.asked: list[tuple[str, str]] = []

    def request(self, method: str, path: str, *, json: Any = None, form: Any = None, headers: Any = None,
                timeout_s: float = 10) -> HttpReply:
        self.asked.append((method, path))
        if self.dead:
            raise EndpointUnavailable("connection refused")
        if self.broken and self.broken in path:
            return reply(path, 500, {})
        if path.endswith("/register"):
            return reply(path, 201, json)
        if path.endswith(("/login", "/refresh")):
            return reply(path, 200, {"access_token": "t", "refresh_token": "r"})
        if method == "DELETE":
            return reply(path, 204, None)
        if method in ("POST", "PUT"):
            key = path if method == "PUT" else f"{path}/7"
            self.stored[key] = {} if self.forgetful else {"id": 7} | json
            return reply(path, 201 if method == "POST" else 200, self.stored[key] or {"id": 7})
        return reply(path, 200, self.stored[path])


STAGING = load_environment("staging")


def reply(path: str, status: int, document: Any) -> HttpReply:
    return HttpReply(path, status, {}, b"" if document is None else json.dumps(document).encode(), 0.01)


def test_a_good_application_lets_the_user_do_everything_and_the_account_is_deleted() -> None:
    application = Application()
    flow = smoke_test_over(STAGING, application)
    assert flow.works
    assert flow.actions[-1].action == "delete the account"
    assert application.asked[-1] == ("DELETE", "/api/v1/auth/me")


def test_after_a_failure_nothing_more_is_called_working() -> None:
    flow = smoke_test_over(STAGING, Application(broken="/squads"))
    assert [one.works for one in flow.actions] == [True, True, False, *[None] * 5, True]


def test_the_account_is_deleted_after_a_failure_of_any_action() -> None:
    for broken in ("/squads", "/builds", "/squads/7", "/refresh"):
        application = Application(broken=broken)
        assert not smoke_test_over(STAGING, application).works
        assert application.asked[-1] == ("DELETE", "/api/v1/auth/me"), broken


def test_the_account_is_deleted_when_the_run_is_interrupted() -> None:
    class Stopped(Application):
        def request(self, method: str, path: str, **more: Any) -> HttpReply:
            if path.endswith("/squads"):
                raise KeyboardInterrupt
            return super().request(method, path, **more)

    application = Stopped()
    with pytest.raises(KeyboardInterrupt):
        smoke_test_over(STAGING, application)
    assert application.asked[-1] == ("DELETE", "/api/v1/auth/me")


def test_an_application_that_forgets_what_was_written_fails() -> None:
    flow = smoke_test_over(STAGING, Application(forgetful=True))
    assert not flow.works
    assert "wrong" in next(one for one in flow.actions if one.works is False).detail


def test_no_reply_is_a_failure_with_its_reason() -> None:
    flow = smoke_test_over(STAGING, Application(dead=True))
    assert (flow.actions[0].works, flow.actions[0].detail) == (False, "connection refused")
    assert "is left behind" in flow.actions[-1].detail


def test_the_rate_limit_says_nothing_of_the_application() -> None:
    class Limited(Application):
        def request(self, method: str, path: str, **more: Any) -> HttpReply:
            return reply(path, 429, {}) if path.endswith("/squads") else super().request(method, path, **more)

    flow = smoke_test_over(STAGING, Limited())
    assert [one.works for one in flow.actions[:3]] == [True, True, None]
    assert "429" in flow.actions[2].detail
    assert not flow.works
