"""Does the session of a user live on, with all that the user had? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.platform.facts.sessions import ListedRows, SessionView
from runbook_lib.platform.facts.synthetic_user import UserAction

OPENED = "a session is open on the live release"
CLOSED = "the synthetic account is deleted"
LOGGED_OUT = ("Users are logged out, or lose what they had. Compare the keys and cookies of both releases; where users "
              'are to be logged out on purpose, deploy with sessions = "end".')
FEWEST_LEFT = 0.5  # users may delete rows while a release is switched; that half of all go is a fault of the release


def session_opened(view: SessionView) -> tuple[Finding, ...]:
    """For a Gate before the switch. A release that cannot be used keeps no session: inconclusive, it stops nothing."""
    failed = next((one for one in view.actions if not one.works), None)
    measured = f"{failed.action}: {failed.detail}" if failed else f"{view.account} is logged in"
    return (finding(OPENED, None if failed else True, measured=measured, expected="a user can log in before the switch",
                    next_step="The live release has a fault of its own: run 21 Verify."),)


def session_lives_on(view: SessionView) -> tuple[Finding, ...]:
    """For a Gate after the switch, and after a rollback. No finding fails where no session had been opened."""
    if not view.actions:
        return (Finding("a session from before the switch", Verdict.WARNING, "none was opened", "one",
                        "See the step before the switch."),)
    actions = (finding(f"a user can {one.action}", one.works, measured=one.detail, expected=one.expected,
                       next_step=LOGGED_OUT, request_id=one.request_id) for one in view.actions)
    return (*actions, *(_still_full(old, new) for old, new in zip(view.before, view.now, strict=True)))


def session_closed(done: UserAction) -> tuple[Finding, ...]:
    """For a Gate at the end: an account that is left behind is a warning, with its name."""
    return (finding(CLOSED, done.works is True, measured=done.detail, expected="deleted with all it owns",
                    otherwise=Verdict.WARNING, next_step="Delete the account named here."),)


def _still_full(old: ListedRows, new: ListedRows) -> Finding:
    name = f"{old.path.partition('?')[0]} still lists what it listed"
    expected = f"most of {old.total} rows" if old.total is not None else "rows"
    measured = new.problem or f"{_count(new.total)} rows, {_count(new.shown)} on the page"
    good: bool | None
    if not old.shown:
        # there was nothing to lose, or it was not read
        good = True if old.shown == 0 and not old.problem else None
    elif new.shown is None:
        good = None if new.problem else False
    else:
        enough = old.total is None or (new.total or 0) >= FEWEST_LEFT * old.total
        good = new.shown > 0 and enough
    return finding(name, good, measured=measured, expected=expected, next_step=LOGGED_OUT)


def _count(number: int | None) -> str:
    return "an unknown number of" if number is None else str(number)
