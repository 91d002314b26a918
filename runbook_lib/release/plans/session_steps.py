"""A user's session across the switch: opened on the live release, used on the next one, and after an undo."""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Step
from runbook_lib.platform.checks.sessions import CLOSED, OPENED, session_closed, session_lives_on, session_opened
from runbook_lib.platform.facts.sessions import (
    KeptSession,
    SessionEnd,
    SessionView,
    close_session,
    finish_session,
    open_session,
    use_session,
)
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.checks.triggers import HEALTH

OPEN_DEADLINE_S = 30.0


def skip_reason(rollout: Rollout) -> str:
    """Why no session is kept across the switch; empty when one is."""
    if rollout.live_colour is None:
        return "no release is live yet"
    smoke = rollout.environment.smoke
    if smoke is None:
        return f"there is no smoke test: {rollout.environment.without.get('smoke', 'none is named')}"
    if smoke.session is None:
        return "the environment file names no session (smoke.session)"
    if rollout.choices.sessions == "end":
        return 'sessions = "end": users may be logged out by this release'
    backend = rollout.environment.api_of(rollout.live_colour or "")
    if not any(one.service == backend and one.is_healthy for one in rollout.containers):
        return "the live release is not healthy: users have no session to lose"
    return ""


def open_before_switch(kept: KeptSession) -> Step:
    """Log a synthetic user in. Undone, after the traffic is back: the session still works, and its account goes."""
    opened = Gate("a session on the live release", (open_session(kept),), session_opened, success_threshold=1,
                  interval_s=5.0, deadline_s=OPEN_DEADLINE_S, failure_threshold=1, may_be_inconclusive=(OPENED,))
    ended = Gate("the session after the rollback", (finish_session(kept),), _after_rollback, success_threshold=1,
                 interval_s=1.0, deadline_s=60.0, failure_threshold=1)
    return Step(
        StepKey.OPEN_SESSION,
        "Log a synthetic user in",
        (opened,),
        undo=(ended,),
        why="a session from before the switch must live on after it; the account is deleted at the end",
        undo_best_effort=True,
    )


def session_gate(rollout: Rollout, kept: KeptSession) -> Gate:
    """What a user meets who was logged in before the switch; shut, it fires the trigger of failed health checks."""
    environment = rollout.environment
    return Gate("a session from before the switch", (use_session(kept),), session_lives_on, success_threshold=1,
                interval_s=environment.gate.interval_s, deadline_s=environment.gate.deadline_s,
                failure_threshold=environment.rollback.failure_threshold, trigger=HEALTH, since=StepKey.SWITCH)


def close_after_watch(kept: KeptSession) -> Step:
    """Delete the synthetic account. The release is recorded by then: nothing is undone for it."""
    closed = Gate("the end of the session", (close_session(kept),), session_closed, success_threshold=1,
                  deadline_s=30.0, failure_threshold=1, may_be_inconclusive=(CLOSED,))
    return Step(StepKey.CLOSE_SESSION, "Delete the synthetic user", (closed,), why="it was made for this deployment")


def _after_rollback(end: SessionEnd) -> tuple[Finding, ...]:
    seen: SessionView = end.view
    lived_on = session_lives_on(seen) if seen.actions else ()
    # what could not be tried again does not make a rollback that worked a failed one
    return (*map(_settled, lived_on), *session_closed(end.deleted))


def _settled(one: Finding) -> Finding:
    return replace(one, verdict=Verdict.WARNING) if one.verdict is Verdict.INCONCLUSIVE else one
