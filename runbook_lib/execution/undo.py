"""Undoing the steps of a plan in reverse, one attempt, and verifying from outside what is live then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from runbook_lib.core.errors import HostUnreachable, LinkDropped, RunbookError
from runbook_lib.core.plan import Action, Plan, Step, StepState
from runbook_lib.execution.actions import ActionRunner, combined, failure_message
from runbook_lib.execution.backend import ActionResult, ExecutionBackend
from runbook_lib.execution.containers import KeptContainers
from runbook_lib.execution.gate import GateProbe, open_gate
from runbook_lib.execution.kept import is_kept
from runbook_lib.execution.recorder import Recorder

SETTLE_S = 60.0  # after the engine's return its containers start one after the other
SETTLE_PAUSE_S = 2.0
BRIEF_CHECK_S = 10.0


@dataclass(frozen=True)
class UndoneStep:
    """What an attempt to undo one step came to: ROLLED_BACK or ROLLBACK_FAILED, when (UTC), and why it failed."""

    position: int
    key: str
    title: str
    state: StepState
    at: datetime
    message: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the step is undone."""
        return self.state is StepState.ROLLED_BACK


class Rollback:
    """Undoes steps of one plan. Changes the server and writes the journal; results are values that it returns.

    `show` gets the key of the step in progress and the last lines of its output. What the containers of an undo that
    failed leave is evidence too: whoever goes on manually may remove them.
    """

    def __init__(self, plan: Plan, backend: ExecutionBackend, recorder: Recorder, runner: ActionRunner,
                 show: Callable[[str, str], None], containers: KeptContainers) -> None:
        self._plan, self._backend, self._recorder = plan, backend, recorder
        self._runner, self._show, self._containers = runner, show, containers
        self._settled_at = 0.0

    def run(self, position: int) -> Iterator[UndoneStep]:
        """Undo the step at `position` and every one before it, in reverse; each is undone when it is asked for.

        The files of all of them come first: what a release put on disk may be what stopped it, and an undo that read
        it would fail too. Earlier undos rest on later ones: the first that fails is the last, unless its step is
        `undo_best_effort`. A step whose result stays is left as it is.
        """
        self._wait_until_ready()
        failed: set[int] = set()
        for files in (True, False):
            for place in range(position, -1, -1):
                step = self._plan.steps[place]
                undo = () if is_kept(self._plan, place, position) else step.undo
                if place in failed or not (step.undo_files if files else undo):
                    continue
                undone = self._undo(place, step, files=files, more=files and bool(undo))
                if undone.succeeded and files and undo:
                    continue  # it is undone when its services have followed its files
                yield undone
                failed |= set() if undone.succeeded else {place}
                if not undone.succeeded and not step.undo_best_effort:
                    return

    def check_briefly(self) -> tuple[GateProbe, ...]:
        """The probes until the first clean one, within seconds: users are back on what ran before, and since when?

        The verdict comes from `verify`, when all is undone. No probes where the plan has no rollback check.
        """
        if self._plan.rollback_check is None:
            return ()
        gate = replace(self._plan.rollback_check, success_threshold=1, deadline_s=BRIEF_CHECK_S)
        probes: list[GateProbe] = []
        self._show("", "external verification")
        with suppress(Exception):  # a probe that fails must not end the undo
            open_gate(gate, self._backend.ask, probes.append)
        return tuple(probes)

    def verify(self) -> tuple[ActionResult, tuple[GateProbe, ...]]:
        """Whether what is live after undoing passes the plan's rollback check, and the probes of it.

        UNKNOWN without a link to the server; PASSED, without a probe, where the plan has no such check.
        """
        gate = self._plan.rollback_check
        if gate is None:
            return ActionResult(StepState.PASSED), ()
        self._show("", "external verification")
        try:
            result, outcome = self._runner.open_gate(gate, "rollback-check", lambda tail: self._show("", tail))
        except (LinkDropped, HostUnreachable) as error:
            return ActionResult(StepState.UNKNOWN, message=error.what, error=error), ()
        except BaseException as error:
            return self._runner.result_of(error, "rollback-check"), ()
        return self._containers.with_result(result, "rollback-check"), outcome.probes

    def server_state(self) -> str:
        """What is true on the server now, for whoever must go on manually; empty where the plan cannot ask."""
        from runbook_lib.report.values import table_record

        if self._plan.state is None:
            return ""
        with suppress(Exception):
            state = self._backend.ask(self._plan.state)
            self._recorder.write("shown", title="State after the failed rollback", table=table_record(state), chart=[],
                                highlight=True)
            return "; ".join(f"{name}: {value}" for name, value in state.items())
        return "the server could not be asked"

    def _undo(self, position: int, step: Step, *, files: bool, more: bool) -> UndoneStep:
        """One part of undoing a step, its files or the rest; `more` where the other part follows."""
        actions, name = (step.undo_files, "undo-files") if files else (step.undo, "undo")
        self._recorder.write("undo_started", key=step.key, title=step.title, does=[str(action) for action in actions])
        started = time.monotonic()
        results: list[ActionResult] = []
        self._show(step.key, "undoing")
        for number, action in enumerate(actions, start=1):
            results.append(self._attempt(action, step.key, f"{step.key}-{name}-{number}"))
            if not results[-1].passed:
                break
        result = self._containers.with_result(combined(results), f"{step.key}-{name}")
        state = StepState.ROLLED_BACK if result.passed else StepState.ROLLBACK_FAILED
        message = failure_message(result)
        undone = UndoneStep(position, step.key, step.title, state, datetime.now(UTC), message or str(result.state))
        self._recorder.write("undo_finished", key=step.key, title=step.title, state=state, exit_code=result.exit_code,
                            seconds=round(time.monotonic() - started, 3), evidence=list(result.evidence),
                            message=message, **({"more": True} if more else {}))
        return undone

    def _attempt(self, action: Action, key: str, name: str) -> ActionResult:
        """One action; tried again while an engine that had gone away is starting its containers."""
        results: list[ActionResult] = []

        def attempt() -> ActionResult:
            again = f"-again-{len(results)}" if results else ""
            results.append(self._runner.run(action, name + again, lambda tail: self._show(key, f"undoing\n{tail}")))
            return results[-1]

        try:
            while attempt().state in (StepState.FAILED, StepState.TIMED_OUT):
                self._wait_until_ready()
                if time.monotonic() > self._settled_at:
                    break
                time.sleep(SETTLE_PAUSE_S)
        except RunbookError as error:
            results.append(ActionResult(StepState.FAILED, message=error.what, error=error))
        except BaseException as error:  # this undo has failed; the report says so, and of which ones it did not
            results.append(replace(self._runner.result_of(error, name), state=StepState.FAILED))
        return combined(results)

    def _wait_until_ready(self) -> None:
        """An engine that is just coming back must not turn one fault into two. Undoing is tried in any case."""
        gate = self._plan.undo_ready
        if gate is None:
            return
        with suppress(Exception):  # undoing is tried in any case, and reports what it finds
            outcome = open_gate(gate, self._backend.ask)
            if len(outcome.probes) > gate.success_threshold:
                self._settled_at = time.monotonic() + SETTLE_S
            if not outcome.opened:
                self._recorder.write("findings", stage=f"before undoing: {gate.name}", findings=list(outcome.findings))
