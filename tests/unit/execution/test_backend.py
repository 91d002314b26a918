"""The backend of the real server, with its jobs replaced: named after the run, stopped on Ctrl-C, output kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.connections import jobs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import LinkDropped, Refused
from runbook_lib.core.plan import StepState
from runbook_lib.core.questions import Question
from runbook_lib.environment.limits import Limits
from runbook_lib.execution.backend import Interrupted, ServerBackend

SERVER = SimpleNamespace(limits=Limits())
DONE = SimpleNamespace(state=StepState.PASSED, exit_code=0, stdout_tail="tail", stderr_tail="", message="")
STOPPED = SimpleNamespace(state=StepState.ABORTED, exit_code=None, stdout_tail="", stderr_tail="", message="stopped")


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> ServerBackend:
    monkeypatch.setattr(jobs, "start", lambda server, action, name, fence: f"job {name} under {fence}")
    monkeypatch.setattr(jobs, "wait", lambda job, limit, on_output: DONE)
    monkeypatch.setattr(jobs, "stop", lambda job: STOPPED)
    monkeypatch.setattr(jobs, "output", lambda job: ("whole output", ""))
    made = ServerBackend(SimpleNamespace(server=SERVER), None, "run-1", "ana")
    made._held = SimpleNamespace(reacquire=lambda: None, fence="7 run-1")
    return made


def perform(backend: ServerBackend) -> Any:
    return backend.perform(Command(("true",)), "step-1", lambda stream, text: None)


def raising(error: BaseException) -> Any:
    def do(*_: Any, **__: Any) -> Any:
        raise error

    return do


def test_an_action_is_a_job_of_the_run_and_its_whole_output_is_kept(backend: ServerBackend) -> None:
    result = perform(backend)
    assert (result.state, result.exit_code, result.stdout) == (StepState.PASSED, 0, "whole output")


def test_a_job_carries_the_number_of_its_lock(backend: ServerBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    monkeypatch.setattr(jobs, "wait", lambda job, limit, on_output: started.append(job) or DONE)
    perform(backend)
    assert started == ["job run-1/step-1 under 7 run-1"]


def test_without_the_lock_no_step_is_done() -> None:
    with pytest.raises(Refused, match="without the environment's lock"):
        perform(ServerBackend(SimpleNamespace(server=SERVER), SimpleNamespace(name="lab"), "run-1", "ana"))


def test_output_that_cannot_be_read_any_more_leaves_its_tail(backend: ServerBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "output", raising(LinkDropped("gone")))
    assert perform(backend).stdout == "tail"


def test_ctrl_c_stops_the_job_and_carries_how_it_ended(backend: ServerBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "wait", raising(KeyboardInterrupt()))
    with pytest.raises(Interrupted) as caught:
        perform(backend)
    assert caught.value.result.state is StepState.ABORTED


def test_ctrl_c_before_the_job_is_known_to_run_stops_it_too(backend: ServerBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "start", raising(jobs.StartInterrupted("job")))  # type: ignore[arg-type]
    with pytest.raises(Interrupted):
        perform(backend)


def test_a_question_is_asked_over_the_runs_connections(backend: ServerBackend) -> None:
    assert backend.ask(Question("server", lambda connections: connections.server)) is SERVER


def test_the_lock_is_made_sure_of_before_each_job(backend: ServerBackend) -> None:
    asked: list[str] = []
    backend._held = SimpleNamespace(reacquire=lambda: asked.append("lock"), fence="1 run-1")
    perform(backend)
    assert asked == ["lock"]
