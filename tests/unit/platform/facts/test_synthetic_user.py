"""A user of one's own: whatever happened to it, what it made is removed, or named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runbook_lib.core.errors import EndpointUnavailable
from runbook_lib.core.questions import HttpReply
from runbook_lib.environment import load_environment
from runbook_lib.environment.smoke import Smoke, SmokeStep
from runbook_lib.platform.facts import synthetic_user
from runbook_lib.platform.facts.synthetic_user import NOTHING_MADE, SyntheticUser

TOKENS = {"access_token": "a", "refresh_token": "r"}
STAGING = load_environment("staging").smoke
assert STAGING is not None
REGISTER = STAGING.steps[0]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic_user, "PAUSES_S", (0.0, 0.0, 0.0))


class Scripted:
    """Answers by method and path: a list of statuses or errors, the last of which stays."""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.sent: list[dict[str, Any]] = []

    def request(self, method: str, path: str, **options: Any) -> HttpReply:
        name = {"POST /api/v1/auth/register": "register", "POST /api/v1/auth/login": "login",
                "DELETE /api/v1/auth/me": "delete"}.get(f"{method} {path}", path)
        self.asked.append(name)
        self.sent.append(options)
        answers = self.answers.get(name, [200])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, document = answer if isinstance(answer, tuple) else (answer, TOKENS if name == "login" else {})
        return HttpReply(path, status, {}, json.dumps(document).encode(), 0.01)


def ended(made: bool | None, *, token: str = "a", **answers: list[Any]) -> tuple[bool | None, str, list[str]]:
    http = Scripted(**answers)
    assert STAGING is not None
    user = SyntheticUser(STAGING, http, made=made)
    user.values |= {"access": token} if token else {}
    [done] = user.tidy()
    return done.works, done.detail, http.asked


def test_what_was_never_made_is_not_removed() -> None:
    assert ended(False) == (None, NOTHING_MADE, [])


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
    assert ended(None, token="", login=[401])[:2] == (None, NOTHING_MADE)


def test_what_is_left_behind_is_named() -> None:
    works, detail, asked = ended(True, delete=[500])
    assert works is False
    assert "500 in 10 ms; synthetic-" in detail
    assert detail.endswith("is left behind")
    assert len(asked) == 3


def test_the_rate_limit_at_the_end_is_not_a_fault_of_the_application() -> None:
    assert ended(True, delete=[429])[0] is None


@pytest.mark.parametrize(("answer", "made"), [(201, True), (409, False), (429, False), (500, None)])
def test_what_a_registration_leaves(answer: int, made: bool | None) -> None:
    assert STAGING is not None
    user = SyntheticUser(STAGING, Scripted(register=[answer]))
    user.do(REGISTER)
    assert user.made is made


def test_a_registration_that_timed_out_may_have_left_an_account() -> None:
    assert STAGING is not None
    user = SyntheticUser(STAGING, Scripted(register=[EndpointUnavailable("timed out")]))
    assert user.do(REGISTER).works is False
    assert user.made is None


def test_neither_password_nor_tokens_are_in_its_text() -> None:
    assert STAGING is not None
    user = SyntheticUser(STAGING, Scripted(), {"word": "w", "password": "pass-p", "access": "token-a"})
    assert not any(one in repr(user) for one in ("pass-p", "token-a"))


def smoke(*steps: dict[str, Any], leaves: str = "rows") -> Smoke:
    return Smoke.model_validate({"service": "web", "steps": [{"name": f"step {place}", **one} for place, one in enumerate(steps)],
                                 "leaves": leaves}, strict=False)


def done(*steps: dict[str, Any], **answers: list[Any]) -> tuple[list[bool | None], list[str], Scripted]:
    http, one = Scripted(**answers), smoke(*steps)
    user = SyntheticUser(one, http)
    actions = [*user.do_all(one.steps), *user.tidy()]
    return [action.works for action in actions], [action.detail for action in actions], http


THING = {"method": "POST", "path": "/things", "status": 201, "keep": {"thing": "id"}}
REMOVE = {"method": "DELETE", "path": "/things/${thing}", "status": 204, "always": True}


@pytest.mark.parametrize(("reply", "works"), [({"error": None}, True), ({}, False), ({"error": "x"}, False)])
def test_a_field_that_must_be_null_must_be_there(reply: dict[str, Any], works: bool) -> None:
    assert done({"path": "/me", "shows": {"error": None}}, **{"/me": [(200, reply)]})[0] == [works]


def test_what_a_reply_gave_is_one_segment_of_a_path() -> None:
    _, _, http = done(THING, {"path": "/things/${thing}/parts"}, **{"/things": [(201, {"id": "../admin?x=//evil#"})]})
    assert http.asked[1] == "/things/..%2Fadmin%3Fx%3D%2F%2Fevil%23/parts"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "ä", "x" * 8_001, "", None, True, [1], {"a": 1}])
def test_what_cannot_go_into_a_header_is_not_kept(value: Any) -> None:
    works, details, http = done(THING, {"path": "/me", "headers": {"Authorization": "Bearer ${thing}"}},
                                **{"/things": [(201, {"id": value})]})
    assert works == [False, None]
    assert details[0].endswith("wrong id")
    assert http.asked == ["/things"]


def test_values_of_a_body_are_sent_as_they_are_and_are_never_filled_twice() -> None:
    step = {"method": "POST", "path": "/things", "json_body": {"a": "Full Stack #1 $HOME \"'${word}"}}
    one, http = smoke(step), Scripted()
    user = SyntheticUser(one, http, {"word": "${password}", "password": "p"})
    user.do_all(one.steps)
    assert http.sent[0]["json"] == {"a": "Full Stack #1 $HOME \"'${password}"}


def test_a_form_is_sent_as_a_form() -> None:
    _, _, http = done({"method": "POST", "path": "/login", "form": {"user": "${word}", "next": "/?a=b&c"}})
    assert http.sent[0]["form"]["next"] == "/?a=b&c"
    assert "json" not in http.sent[0]


def test_what_was_never_kept_is_not_removed_and_not_made_once_more() -> None:
    """The step that keeps `thing` makes it: done again, there would be two."""
    works, details, http = done(THING, REMOVE, **{"/things": [500]})
    assert (works, http.asked) == ([False, False], ["/things"])
    assert details[1].startswith("thing is not known; synthetic-")


def test_each_step_that_tidies_up_is_done_whatever_became_of_the_others() -> None:
    works, _, http = done(THING, {"method": "DELETE", "path": "/one", "status": 204, "always": True}, REMOVE,
                          {"path": "/broken"}, **dict[str, list[Any]]({"/things": [(201, {"id": 7})], "/broken": [500], "/one": [500], "/things/7": [204]}))
    assert works == [True, False, False, True]
    assert http.asked[-1] == "/things/7"


def log_in_and_out(**answers: list[Any]) -> list[tuple[bool | None, int | None]]:
    """A smoke test of GETs alone, the first of which opens a session that a DELETE ends."""
    smoke = Smoke(service="web", steps=(
        SmokeStep(name="log in", path="/session", keep={"session": "id"}), SmokeStep(name="read", path="/read"),
        SmokeStep(name="log out", method="DELETE", path="/session/${session}", status=204, always=True)))
    usual: dict[str, list[Any]] = {"/session": [(200, {"id": 7})], "/session/7": [204]}
    user = SyntheticUser(smoke, Scripted(**(usual | answers)))
    return [(one.works, one.status) for one in (*user.do_all(smoke.steps), *user.tidy())]


def test_what_only_gets_have_opened_is_closed_by_the_step_that_tidies_up() -> None:
    assert log_in_and_out() == [(True, 200), (True, 200), (True, 204)]
    assert log_in_and_out(**{"/session/7": [500]})[-1] == (False, 500)


def test_where_the_first_get_failed_nothing_is_there_to_close() -> None:
    assert log_in_and_out(**{"/session": [503]}) == [(False, 503), (None, None), (None, None)]


def test_a_reply_with_the_right_status_and_other_fields_says_so() -> None:
    smoke = Smoke(service="web", steps=(SmokeStep(name="read", path="/read", shows={"a": 1}),))
    [other], [good] = (SyntheticUser(smoke, Scripted(**{"/read": [(200, reply)]})).do_all(smoke.steps)
                       for reply in ({"a": 2}, {"a": 1}))
    assert (other.works, other.differs) == (False, True)
    assert (good.works, good.differs) == (True, False)
