"""An account of one's own: whatever happened to it, it is deleted, or named."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from runbook_lib.core.errors import EndpointUnavailable
from runbook_lib.core.questions import HttpReply
from runbook_lib.platform.facts import synthetic_account
from runbook_lib.platform.facts.synthetic_account import SyntheticAccount, act

Answer = Callable[[], tuple[int, Any]]
TOKENS = {"access_token": "a", "refresh_token": "r"}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic_account, "PAUSES_S", (0.0, 0.0, 0.0))


class Scripted:
    """Answers by method and path: a list of (status, document) or errors, the last of which stays."""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def request(self, method: str, path: str, *, json: Any = None, headers: Any = None, timeout_s: float = 10) -> HttpReply:
        name = {"POST /api/v1/auth/register": "register", "POST /api/v1/auth/login": "login",
                "DELETE /api/v1/auth/me": "delete"}[f"{method} {path}"]
        self.asked.append(name)
        answers = self.answers[name]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return HttpReply(path, answer, {}, dumped(TOKENS) if name == "login" else b"{}", 0.01)


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


def ended(registered: bool | None, *, token: str = "a", **answers: list[Any]) -> tuple[bool | None, str, list[str]]:
    http = Scripted(**answers)
    account = SyntheticAccount(http, access_token=token, registered=registered)
    done = account.delete()
    return done.works, done.detail, http.asked


def test_an_account_that_was_never_made_is_not_deleted() -> None:
    assert ended(False) == (None, "not tried: there is no account", [])


def test_a_server_that_just_restarts_is_asked_again() -> None:
    works, _, asked = ended(True, delete=[EndpointUnavailable("refused"), 502, 204])
    assert (works, asked) == (True, ["delete"] * 3)


def test_a_token_that_does_not_count_any_more_is_replaced_by_the_password() -> None:
    works, _, asked = ended(True, delete=[401, 204], login=[200])
    assert (works, asked) == (True, ["delete", "login", "delete"])


def test_an_account_without_a_token_is_logged_in_to_be_deleted() -> None:
    assert ended(True, token="", login=[200], delete=[204])[2] == ["login", "delete"]


def test_a_registration_whose_answer_never_came_is_cleaned_up_too() -> None:
    assert ended(None, token="", login=[200], delete=[204])[:2] == (True, "204 in 10 ms")
    assert ended(None, token="", login=[401])[:2] == (None, "not tried: there is no account")


def test_what_is_left_behind_is_named() -> None:
    works, detail, asked = ended(True, delete=[500])
    assert works is False
    assert "500 in 10 ms; the account synthetic-" in detail
    assert detail.endswith("is left behind")
    assert len(asked) == 3


def test_the_rate_limit_at_the_end_is_no_fault_of_the_application() -> None:
    assert ended(True, delete=[429])[0] is None


@pytest.mark.parametrize(("answer", "registered"), [(201, True), (409, False), (429, False), (500, None)])
def test_what_a_registration_leaves(answer: int, registered: bool | None) -> None:
    account = SyntheticAccount(Scripted(register=[answer]))
    act(account, "register", "POST", "/auth/register", account.credentials, 201)
    assert account.registered is registered


def test_a_registration_that_timed_out_may_have_left_an_account() -> None:
    account = SyntheticAccount(Scripted(register=[EndpointUnavailable("timed out")]))
    assert act(account, "register", "POST", "/auth/register", {}, 201)[0].works is False
    assert account.registered is None


def test_neither_password_nor_tokens_are_in_its_text() -> None:
    account = SyntheticAccount(Scripted(), access_token="token-a", refresh_token="token-r")
    assert not any(one in repr(account) for one in (account.password, "token-a", "token-r"))
