"""Before a failed step is undone: what its containers leave, for the undo removes them with all that they logged."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from runbook_lib.core.plan import StepState
from runbook_lib.core.text import head_of
from runbook_lib.execution.backend import ActionResult, ExecutionBackend
from runbook_lib.execution.recorder import Recorder
from runbook_lib.platform.facts.failed_containers import FailedContainer, failed_containers

MOST_NAMED = 2  # containers in one message; the evidence has them all
LONGEST_REASON = 300
RULE = "-" * 60


def with_containers(result: ActionResult, key: str, project: str, elapsed_s: float, backend: ExecutionBackend,
                    recorder: Recorder) -> ActionResult:
    """The result of a step that failed, with its containers as evidence and their reason; others are as they were.

    `elapsed_s`: since the execution began. Raises nothing: the undo comes first, and a server may not answer.
    """
    if not project or result.state not in (StepState.FAILED, StepState.TIMED_OUT):
        return result
    found: tuple[FailedContainer, ...] = ()
    with suppress(Exception):
        found = tuple(_redacted(one, recorder) for one in backend.ask(failed_containers(project, elapsed_s)))
    if not found:
        return result
    recorder.be_lenient()  # a full disk must not hide how the step failed
    path = recorder.evidence(f"{key}-containers.txt", "\n".join(map(_section, found)))
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
