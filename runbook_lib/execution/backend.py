"""What an execution works with: jobs on the server, questions to it, and the lock. Tests hand in doubles."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from runbook_lib.core.commands import Command, Pipeline, WriteFile
from runbook_lib.core.errors import Refused, RunbookError
from runbook_lib.core.findings import Finding
from runbook_lib.core.plan import StepState
from runbook_lib.core.questions import Question
from runbook_lib.execution.monitor import WatchOutcome

ServerAction = Command | Pipeline | WriteFile
OnOutput = Callable[[str, str], None]


@dataclass(frozen=True)
class ActionResult:
    """How one action ended, with the bounded whole of its output.

    The backend fills the first five fields, ActionRunner the others: `evidence` are files in the run's folder,
    `watched` what a watch or a shut gate with a trigger saw, `unresolved` findings that stop nothing and are no pass,
    `hint` what a failing check advises, `cause` what its containers show, `error` what was raised where the action was
    cut short, `defect` the same where it is an internal error.
    """

    state: StepState
    exit_code: int | None = None
    stdout: str = ""
    stderr: str = ""
    message: str = ""
    evidence: tuple[str, ...] = ()
    watched: WatchOutcome | None = None
    unresolved: tuple[Finding, ...] = ()
    hint: str = ""
    cause: str = ""
    error: RunbookError | None = None
    defect: BaseException | None = None

    @property
    def passed(self) -> bool:
        """Whether the next action may follow."""
        return self.state is StepState.PASSED


class ExecutionBackend(Protocol):
    """The only way an execution reaches the server."""

    def perform(self, action: ServerAction, name: str, on_output: OnOutput) -> ActionResult:
        """Do one action to its end. On KeyboardInterrupt the action is stopped before it is raised again."""

    def ask(self, question: Question[Any]) -> Any:
        """The answer to a read-only question. Raises the question's own errors."""

    def lock(self, purpose: str) -> AbstractContextManager[Any]:
        """The environment's lock, held inside the context. Entering raises LockHeld."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while an action was in progress; `result` is how the action ended."""

    def __init__(self, result: ActionResult) -> None:
        super().__init__("stopped")
        self.result = result


class ServerBackend:
    """Works on the real server: detached jobs named after the run."""

    def __init__(self, connections: Any, environment: Any, run_id: str, owner: str) -> None:
        self._connections, self._environment = connections, environment
        self._run_id, self._owner = run_id, owner
        self._held: Any = None

    def perform(self, action: ServerAction, name: str, on_output: OnOutput) -> ActionResult:
        """Start the action as a job, again where the link breaks, and wait for its end.

        Raises Interrupted, and LockHeld when the server refused it because the run does not hold the lock any more.
        """
        from runbook_lib.connections import jobs

        held = self._held
        if held is None:
            raise Refused("No step is done without the environment's lock.", where=self._environment.name,
                          next_step="Execute the plan with `run.execute`, which takes the lock.")

        def start() -> Any:
            held.reacquire()
            return jobs.start(self._connections.server, action, f"{self._run_id}/{name}", held.fence)

        try:
            job = jobs.retry_while_unreachable(start, lambda text: on_output("link", text),
                                               self._connections.server.limits.reconnect_s)
        except jobs.StartInterrupted as early:
            raise Interrupted(self._result(early.job, jobs.stop(early.job))) from None
        try:
            outcome = jobs.wait(job, None, on_output)
        except KeyboardInterrupt:
            raise Interrupted(self._result(job, jobs.stop(job))) from None
        return self._result(job, outcome)

    def ask(self, question: Question[Any]) -> Any:
        """The answer over the run's own connections."""
        return question.fetch(self._connections)

    def lock(self, purpose: str) -> AbstractContextManager[Any]:
        """The lock that the server itself holds for this run; every job checks that it still does."""
        from runbook_lib.connections.lock import EnvironmentLock

        self._held = EnvironmentLock(
            self._connections.server, self._environment, self._owner, self._run_id, purpose
        )
        held: AbstractContextManager[Any] = self._held
        return held

    def _result(self, job: Any, outcome: Any) -> ActionResult:
        from runbook_lib.connections import jobs

        stdout, stderr = outcome.stdout_tail, outcome.stderr_tail
        with suppress(RunbookError):  # otherwise the tails that came over the link are what there is
            stdout, stderr = jobs.output(job)
        return ActionResult(outcome.state, outcome.exit_code, stdout, stderr, outcome.message)
