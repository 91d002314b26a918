"""Another run that holds the lock: shown with the first questions, or refused before them where it could not be waited
for: at the end it would refuse this one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html import escape

from runbook_lib import kernel
from runbook_lib.core.errors import LockHeld
from runbook_lib.core.questions import Connections
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.operations import Operation, current_operation
from runbook_lib.run.display import show_html
from runbook_lib.run.record import RunRecord

EVENT = "lock_held"
WAIT_S = 2.0  # for an answer that comes later than those to the first questions


def in_words(one: Operation) -> str:
    """Who holds the lock, since when, for what, and what that means for this run."""
    return (f"The lock is held: {one.owner}, for {one.purpose} since {one.started} (run {one.run_id}). As long as it "
            "is, no plan can be applied here: wait for the end of that run, or contact its owner.")


def refusal(one: Operation, where: str) -> LockHeld:
    """The error of a run that was to change something, and found the lock held before its first question."""
    return LockHeld(
        f"{one.owner} has held the lock since {one.started} for {one.purpose} (run {one.run_id}, last heartbeat "
        f"{one.heartbeat}). Nothing else was asked, and nothing was changed.",
        where=where,
        next_step="Wait until that run has finished, or contact its owner; then run again. Without --apply the plan "
                  "is shown all the same.",
    )


class LockNotice:
    """Asks once, when the run asks its first questions. It only reads: plan mode takes no lock.

    A notebook that never takes one, and has no `mode`, does not ask. Where the run is to change something and no
    operator watches it, a lock that is held ends it before its first question.
    """

    def __init__(self, environment: Environment, run_id: str, record: RunRecord, mode: str | None) -> None:
        self._environment, self._run_id, self._record = environment, run_id, record
        self._asked, self._refuses = mode is None, mode == "apply" and kernel.is_unattended()
        self._found: Operation | None = None

    @contextmanager
    def with_questions(self, connections: Connections) -> Iterator[None]:
        """Ask at the same time as what is asked inside; shown in the notebook when that is answered.

        Raises LockHeld, before anything inside is asked, where the run is one that it refuses.
        """
        if self._asked:
            yield
            return
        self._asked = True
        if self._refuses:
            self._ask(connections)
            if self._found is not None:
                raise refusal(self._found, self._environment.name)
            yield
            return
        asking = threading.Thread(target=self._ask, args=(connections,), name="lock-notice", daemon=True)
        asking.start()
        try:
            yield
        finally:
            asking.join(WAIT_S)
        if self._found is not None:
            show_html(f"<p><b>{escape(in_words(self._found))}</b></p>", in_words(self._found))

    def _ask(self, connections: Connections) -> None:
        # whatever keeps the answer back is met by the run's own questions, and reported by them
        with suppress(Exception):
            found = current_operation(self._environment).fetch(connections)
            if found is not None and found.run_id != self._run_id:
                self._record.journal.write(EVENT, **vars(found), text=in_words(found))
                self._found = found
