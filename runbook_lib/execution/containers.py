"""What the containers of a failed step leave, before its undo removes them with all that they logged; of a failed undo
too."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from runbook_lib.core.errors import HostUnreachable, LinkDropped
from runbook_lib.core.plan import StepState
from runbook_lib.core.text import head_of
from runbook_lib.execution.backend import ActionResult, ExecutionBackend
from runbook_lib.execution.recorder import Recorder
from runbook_lib.platform.facts.failed_containers import FailedContainer, failed_containers

MOST_NAMED = 2  # containers in one message; the evidence has them all
LONGEST_REASON = 300
RULE = "-" * 60


class KeptContainers:
    """Keeps what the containers of one execution leave, which begins now. `project` is empty where there is none."""

    def __init__(self, project: str, backend: ExecutionBackend, recorder: Recorder) -> None:
        self._project, self._backend, self._recorder = project, backend, recorder
        self._began = time.monotonic()

    def with_result(self, result: ActionResult, name: str) -> ActionResult:
        """The result of what failed, with its containers as evidence and their reason; others are as they were.

        `name` names the evidence. Raises nothing: the undo comes first, and a server may not answer.
        """
        if not self._project or result.state not in (StepState.FAILED, StepState.TIMED_OUT):
            return result
        if isinstance(result.error, LinkDropped | HostUnreachable):
            return result  # a server that is out of reach: to wait for it once more tells nothing
        question = failed_containers(self._project, time.monotonic() - self._began)
        found: tuple[FailedContainer, ...] = ()
        with suppress(Exception):
            found = tuple(_redacted(one, self._recorder) for one in self._backend.ask(question))
        if not found:
            return result
        self._recorder.be_lenient()  # a full disk must not hide how the step failed
        path = self._recorder.evidence(f"{name}-containers.txt", "\n".join(map(_section, found)))
        return replace(result, evidence=(*result.evidence, *[path] * bool(path)), cause=_cause(found))


def _cause(found: Iterable[FailedContainer]) -> str:
    """The first containers that name an error, those at fault first, and the error of each."""
    named = sorted((one for one in found if one.recent and one.reason), key=lambda one: not one.at_fault)
    return "; ".join(f"{one.name} ({one.condition}): {head_of(one.reason, LONGEST_REASON)}"
                     for one in named[:MOST_NAMED])


def _section(one: FailedContainer) -> str:
    checks = [f"health check, exit code {code}: {text.strip()}" for code, text in one.checks]
    return "\n".join((f"{one.name}, service {one.service}: {one.condition}", *checks, RULE,
                      *(one.lines or ("(no line that Docker keeps)",)), ""))


def _redacted(one: FailedContainer, recorder: Recorder) -> FailedContainer:
    """Redacted whole, before any of it is cut to a message."""
    clean = recorder.redactor.text
    return replace(one, lines=tuple(clean("\n".join(one.lines)).split("\n")) if one.lines else (),
                   checks=tuple((code, clean(text)) for code, text in one.checks))
