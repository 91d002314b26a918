"""Does what users do work? Of a release that is older than the environment file, what it cannot know is a warning."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.platform.facts.earlier_answers import NO_SUCH_PATH
from runbook_lib.platform.facts.smoke_test import UserAction, UserFlow

# what an earlier release makes of a request with fields that only a later one has
NOT_UNDERSTOOD = (400, 415, 422)
LATER_ACTION = "the earlier release does not know an action before it"
LATER_ACTION_NEXT = ("The environment file is written for a later release, and this one does not know the action. "
                     "Should it stay live, take the step out of `smoke`.")
READ_REQUEST = "Read what was logged for this very request: a gate keeps its lines as evidence."


def smoke_test_passed(flow: UserFlow, *, earlier: bool = False) -> tuple[Finding, ...]:
    """Each action of the smoke test succeeded. Inconclusive when it was not tried or was rate-limited.

    Where the environment has no smoke test: not applicable, with the reason. The environment file is written for the
    newest release: of an `earlier` one, an action that it does not know is a warning, and what follows not applicable.
    """
    if flow.absent:
        return (not_applicable("smoke test", flow.absent),)
    unknown = next((place for place, one in enumerate(flow.actions) if one.works is False), None) if earlier else None
    if unknown is not None and not _is_of_a_later_release(flow.actions[unknown]):
        unknown = None
    return tuple(_action(one, warned=place == unknown, skipped=unknown is not None and place > unknown)
                 for place, one in enumerate(flow.actions))


def _is_of_a_later_release(action: UserAction) -> bool:
    """No such path, or what was sent or shown is another release's; refused or an error is a fault all the same."""
    return action.differs or action.status in (*NO_SUCH_PATH, *NOT_UNDERSTOOD)


def _action(one: UserAction, *, warned: bool, skipped: bool) -> Finding:
    check = f"a user can {one.action}"
    if skipped and one.works is None:
        return not_applicable(check, LATER_ACTION)
    next_step = READ_REQUEST if one.request_id else "Read the application's log at the time of this run."
    return finding(check, one.works, measured=one.detail, expected=one.expected, request_id=one.request_id,
                   otherwise=Verdict.WARNING if warned else Verdict.FAILED,
                   next_step=LATER_ACTION_NEXT if warned else next_step)
