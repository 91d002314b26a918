"""Alerts that a step is expected to cause are silenced while it lasts. What cannot be silenced is only reported.

A silence ends on its own a little after its step's time limit, also when this process is killed. The next execution,
of whatever notebook, ends what a dead run left; until then 40 Health names it. It looks for that while its own steps
are taken: an Alertmanager that hangs is waited for only by a step that needs it, and once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from runbook_lib.core.alerts import ExpectedAlert
from runbook_lib.core.errors import RunbookError
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.plan import Plan, Step
from runbook_lib.core.silence_marks import mark_of, run_of

STAGE = "Silences"
CHECK = "expected alerts are silenced"
LEFT = "no silence of a run that has ended is left"
MARGIN_S = 120.0  # beyond the time limit of the step and of its undo
WAIT_S = 6.0  # for what is looked for meanwhile: a little more than a reply of Alertmanager may take
HUNG_S = 1.0  # a refusal comes at once; whoever took longer to fail hangs
STILL_HUNG_S = 60.0  # so long it is not tried again


class Alertmanager(Protocol):
    """What is needed of it; `connections.alertmanager` has the real one."""

    def silences(self) -> tuple[list[dict[str, Any]], datetime]:
        """All silences, and the server's time."""

    def silence(self, matchers: Sequence[dict[str, Any]], ends: datetime, *, created_by: str, comment: str,
                starts: datetime, known: str = "") -> str:
        """Make one, or put it in the place of a known one; returns its id."""

    def expire(self, silence_id: str) -> None:
        """End one now."""


class Silences:
    """The silences of one execution, which holds the environment's lock. Asks nothing before a step needs one."""

    def __init__(self, reach: Callable[[], Alertmanager], environment_name: str, run_id: str,
                 operator: str = "", wait_s: float = WAIT_S) -> None:
        self._reach, self._run_id, self._operator, self._wait_s = reach, run_id, operator, wait_s
        self._created_by = mark_of(environment_name)
        self._mine: dict[ExpectedAlert, str] = {}
        self._given_up = False
        self._looking: threading.Thread | None = None
        self._over = threading.Event()
        self._hung: tuple[float, Exception] | None = None
        self.left: tuple[Finding, ...] = ()
        self.findings: tuple[Finding, ...] = ()

    def begin(self) -> None:
        """Begin to end what a dead run left; `left` says what that was, once `end` was called. Where Alertmanager
        does not answer, the first step that silences something reports it."""
        self._looking = threading.Thread(target=self._end_left, name="left silences", daemon=True)
        self._looking.start()

    def _end_left(self) -> None:
        began = time.monotonic()
        try:
            manager = self._reach()
            ended = self._end_orphans(manager, manager.silences()[0])
        except Exception as error:
            if time.monotonic() - began >= HUNG_S:
                self._hung = (time.monotonic(), error)
            return
        if ended:
            self.left = (Finding(LEFT, Verdict.PASSED, f"ended now: {'; '.join(ended)}", "ended with its run"),)

    def before(self, plan: Plan, step: Step) -> None:
        """Silence what this step is expected to cause, and nothing of an earlier one."""
        for alert in [one for one in self._mine if one not in step.expected_alerts]:
            self._attempt(lambda alert=alert: self._end(alert))  # type: ignore[misc]
        if step.expected_alerts:
            self._attempt(lambda: self._silence(plan, step))

    def end(self) -> None:
        """End all that this execution silenced, however it ended."""
        self._over.set()  # without the lock, what another run makes is not left
        self.wait(self._wait_s)
        given_up, self._given_up = self._given_up, False  # what was made is to be ended, whatever failed since
        for alert in list(self._mine):
            self._attempt(lambda alert=alert: self._end(alert))  # type: ignore[misc]
        self._mine.clear()
        self._given_up = given_up

    def _end(self, alert: ExpectedAlert) -> None:
        self._reach().expire(self._mine[alert])
        del self._mine[alert]  # only now: one whose end failed is tried again at the end of the execution

    def wait(self, most_s: float) -> None:
        """Wait until what a dead run left is ended, or it is known that it cannot be."""
        if self._looking is not None:
            self._looking.join(most_s)

    def _silence(self, plan: Plan, step: Step) -> None:
        self.wait(self._wait_s)
        if self._hung is not None and time.monotonic() - self._hung[0] < STILL_HUNG_S:
            raise self._hung[1]
        manager = self._reach()
        found, now = manager.silences()
        self._end_orphans(manager, found)
        ends = now + timedelta(seconds=limit_s(plan, step) + MARGIN_S)
        by = f", by {self._operator}" if self._operator else ""
        for alert in step.expected_alerts:
            self._mine[alert] = manager.silence(
                alert.matchers(), ends, starts=now, created_by=self._created_by,
                comment=f"{step.title}{by}, run {self._run_id}", known=self._mine.get(alert, ""),
            )

    def _end_orphans(self, manager: Alertmanager, found: Sequence[dict[str, Any]]) -> tuple[str, ...]:
        """Under the lock no other run is in progress: what another one made and did not end, it left. Their comments.
        """
        ended = []
        for one in found:
            active = (one.get("status") or {}).get("state") in ("active", "pending")
            comment = str(one.get("comment", ""))
            left = one.get("createdBy") == self._created_by and run_of(comment) != self._run_id
            if active and left and not self._over.is_set():
                manager.expire(str(one.get("id")))
                ended.append(comment)
        return tuple(dict.fromkeys(ended))

    def _attempt(self, work: Callable[[], None]) -> None:
        """Whatever goes wrong is a finding; after it no step waits for this Alertmanager again."""
        if self._given_up:
            return
        try:
            work()
        except Exception as error:
            self._given_up = True
            reason = error.what if isinstance(error, RunbookError) else f"internal error: {type(error).__name__}"
            self.findings = (Finding(
                CHECK, Verdict.WARNING, reason, "silenced while a step causes them, and not after it",
                "Alerts of this run's steps may have been sent; a silence that is left ends on its own.",
            ),)


def limit_s(plan: Plan, step: Step) -> float:
    """How long a step and its undo may take at most, in seconds."""
    return sum(action.timeout_s for action in (*step.actions, *plan.undone_by(step)))
