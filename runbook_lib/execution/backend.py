"""What an execution works with: jobs on the server, questions to it, and the lock. Tests hand in doubles."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from runbook_lib.core.commands import Command, Pipeline, WriteFile
from runbook_lib.core.plan import StepState
from runbook_lib.core.questions import Question

Work = Command | Pipeline | WriteFile
OnOutput = Callable[[str, str], None]


@dataclass(frozen=True)
class ActionResult:
    """How one action ended, with the bounded whole of its output."""

    state: StepState
    exit_code: int | None = None
    stdout: str = ""
    stderr: str = ""
    message: str = ""


class ExecutionBackend(Protocol):
    """The only way an execution reaches the server."""

    def perform(self, work: Work, name: str, on_output: OnOutput) -> ActionResult:
        """Do one action to its end. On KeyboardInterrupt the action is stopped before it is raised again."""

    def ask(self, question: Question[Any]) -> Any: ...

    def lock(self, purpose: str) -> AbstractContextManager[Any]: ...


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while an action was at work; `done` is what became of the action."""

    def __init__(self, done: ActionResult) -> None:
        super().__init__("stopped from outside")
        self.done = done


class ServerBackend:
    """Hands that work on the real server: detached jobs named after the run."""

    def __init__(self, connections: Any, environment: Any, run_id: str, owner: str) -> None:
        self._connections, self._environment = connections, environment
        self._run_id, self._owner = run_id, owner
        self._held: Any = None

    def perform(self, work: Work, name: str, on_output: OnOutput) -> ActionResult:
        from runbook_lib.connections import jobs

        def begin() -> Any:
            if self._held is not None:
                self._held.reacquire()
            return jobs.start(self._connections.server, work, f"{self._run_id}/{name}")

        try:
            job = jobs.retry_while_unreachable(begin, lambda text: on_output("link", text))
        except jobs.StartInterrupted as early:
            raise Interrupted(self._done(early.job, jobs.stop(early.job))) from None
        try:
            outcome = jobs.wait(job, None, on_output)
        except KeyboardInterrupt:
            raise Interrupted(self._done(job, jobs.stop(job))) from None
        return self._done(job, outcome)

    def ask(self, question: Question[Any]) -> Any:
        return question.fetch(self._connections)

    def lock(self, purpose: str) -> AbstractContextManager[Any]:
        from runbook_lib.connections.lock import EnvironmentLock

        self._held = EnvironmentLock(
            self._connections.server, self._environment, self._owner, self._run_id, purpose
        )
        held: AbstractContextManager[Any] = self._held
        return held

    def _done(self, job: Any, outcome: Any) -> ActionResult:
        from runbook_lib.connections import jobs
        from runbook_lib.core.errors import RunbookError

        stdout, stderr = outcome.stdout_tail, outcome.stderr_tail
        with suppress(RunbookError):  # otherwise the tails that came over the link are what there is
            stdout, stderr = jobs.output(job)
        return ActionResult(outcome.state, outcome.exit_code, stdout, stderr, outcome.message)
