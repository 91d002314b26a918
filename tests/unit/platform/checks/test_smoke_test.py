"""The smoke test of the environment file on a release that is older than it: what it cannot know is not its fault."""

from __future__ import annotations

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.environment import load_environment
from runbook_lib.platform.checks.live_release import judge_restored
from runbook_lib.platform.checks.replaced_release import judge_replaced
from runbook_lib.platform.checks.smoke_test import smoke_test_passed
from runbook_lib.platform.facts.smoke_test import UserAction, UserFlow
from runbook_lib.platform.facts.synthetic_user import NOT_TRIED, NOTHING_MADE

FAILED, WARNING, INCONCLUSIVE = Verdict.FAILED, Verdict.WARNING, Verdict.INCONCLUSIVE
NOT_APPLICABLE = Verdict.NOT_APPLICABLE


def flow(status: int | None, *, differs: bool = False) -> UserFlow:
    """The page is read, a note cannot be stored, and so the rest is not tried."""
    return UserFlow((
        UserAction("read the page", True, "200", "200", status=200),
        UserAction("store a note", False, str(status), "201", status=status, differs=differs),
        UserAction("read the note", None, NOT_TRIED, "200"),
        UserAction("delete the note", None, NOTHING_MADE, "204"),
    ))


def verdicts(seen: UserFlow, *, earlier: bool) -> list[Verdict]:
    return [one.verdict for one in smoke_test_passed(seen, earlier=earlier)][1:]


@pytest.mark.parametrize("status", [404, 405, 410, 400, 415, 422])
def test_what_an_earlier_release_does_not_have_is_a_warning_and_the_rest_is_not_applicable(status: int) -> None:
    assert verdicts(flow(status), earlier=True) == [WARNING, NOT_APPLICABLE, NOT_APPLICABLE]


def test_a_field_that_only_a_later_release_shows_is_a_warning() -> None:
    assert verdicts(flow(201, differs=True), earlier=True) == [WARNING, NOT_APPLICABLE, NOT_APPLICABLE]


@pytest.mark.parametrize("status", [None, 401, 403, 500, 502, 503])
def test_an_error_of_an_earlier_release_stays_a_failure(status: int | None) -> None:
    assert verdicts(flow(status), earlier=True) == [FAILED, INCONCLUSIVE, INCONCLUSIVE]


@pytest.mark.parametrize("status", [404, 422])
def test_of_the_newest_release_it_stays_a_failure(status: int) -> None:
    assert verdicts(flow(status), earlier=False) == [FAILED, INCONCLUSIVE, INCONCLUSIVE]


def test_what_is_left_behind_after_it_is_still_a_failure() -> None:
    behind = UserAction("delete the note", False, "404 in 2 ms; x is left behind", "204", status=404)
    left = UserFlow((*flow(404).actions[:-1], behind))
    assert verdicts(left, earlier=True) == [WARNING, NOT_APPLICABLE, FAILED]


def test_every_return_to_an_earlier_release_reads_it_so() -> None:
    staging = load_environment("staging")
    shop = staging.model_copy(update={"release": staging.release.model_copy(update={"strategy": "recreate"})})
    restored = judge_restored(staging, "a" * 40, "green", (), {})((), (), flow(404))
    replaced = judge_replaced(shop, {}, "a" * 40, "", {}, texts_of=frozenset())((), (), flow(404))
    newest = judge_replaced(shop, {}, "a" * 40, "", {})((), (), flow(404))
    for findings, expected in ((restored, WARNING), (replaced, WARNING), (newest, FAILED)):
        assert [one.verdict for one in findings if one.check == "a user can store a note"] == [expected]
