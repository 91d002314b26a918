"""The team is informed when a run ends: who, through what, and the outcome, as findings of the run."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from html import escape

from runbook_lib import kernel
from runbook_lib.archive.runs import RunFolder
from runbook_lib.contract.catalogue import find_runbook
from runbook_lib.core import errors
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.messages import NOTIFIED, Delivered, Delivery, Message, Route, SendStep
from runbook_lib.core.plan import Plan, StepState
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment, project
from runbook_lib.execution import Execution, StepRecord
from runbook_lib.execution.interrupts import defer_signals
from runbook_lib.platform.notifications import INFORMED, RunEnd, compose_message, findings_of, notification_routes
from runbook_lib.run.display import show_html
from runbook_lib.run.outcomes import Outcome
from runbook_lib.run.record import RunRecord

SENT = "messages"  # the stage of those that a plan sends: they decide the verdict
EVENT = "notified"  # in the journal, a line a channel: what is sent once is not sent again without being asked for
NOT_ALL = "Not all channels took the message."
WHEN_STOPPED_S = 5.0  # the runner leaves a stopped run half a minute to seal; JupyterLab leaves a kernel less
_STATES = {Delivery.SENT: StepState.PASSED, Delivery.UNKNOWN: StepState.UNKNOWN}


def is_due(environment: Environment, notebook: str, mode: str, outcome: Outcome, *, acted: bool,
           unattended: bool) -> bool:
    """Whether the end of this run concerns the team.

    What changed something always does; where it changed nothing, only what went wrong with no operator watching. A
    request that was wrong itself, and a plan, never do.
    """
    when = environment.notifications.runs.get(notebook)
    problem = outcome.exit_code != errors.PASSED
    if when is None or mode == "plan" or outcome.exit_code == errors.USAGE or (when == "problems" and not problem):
        return False
    return acted or (unattended and (problem or mode == "read-only"))


def announce(outcome: Outcome, record: RunRecord, environment: Environment, secrets: Mapping[str, Secret],
             folder: RunFolder, *, notebook: str, operator: str, reason: str, ending: bool = False) -> Outcome:
    """The outcome, when the team has been informed; a passed run becomes a warning where a channel did not take it.

    Never raises and takes no longer than the deadline. `ending`: the process is about to go.
    """
    try:
        message = compose_message(environment, _end(outcome, record, notebook, operator, reason,
                                              folder.run_id, link_to(environment, folder)))
        with defer_signals():  # nothing is left to stop, and the evidence is still to be sealed
            # a run that is closed again, after a full disk, informs only once
            left = [one for one in notification_routes(environment, secrets) if one.channel not in record.informed]
            results = _deliver(_redacted(message, folder), left, environment, folder, record,
                               hurry=ending or kernel.was_stopped())
        found = findings_of(results)
        _record(results, found, message.key, record)
    except Exception as error:  # whatever it is: the run's own end counts for more
        found = (Finding(INFORMED, Verdict.WARNING, f"internal error: {type(error).__name__}"),)
        with suppress(errors.RunbookError):
            record.add_findings(NOTIFIED, found)
    missed = [one for one in found if one.verdict is Verdict.WARNING]
    if missed:
        lines = "\n".join(f"{one.check}: {one.measured}" for one in missed)
        show_html(f"<pre>{escape(lines)}</pre>", lines)
    if missed and outcome.verdict is Verdict.PASSED:
        return replace(outcome, verdict=Verdict.WARNING, summary=f"{outcome.summary} {NOT_ALL}")
    return outcome


def _end(outcome: Outcome, record: RunRecord, notebook: str, operator: str, reason: str, run_id: str,
         link: str) -> RunEnd:
    title = notebook
    with suppress(errors.RunbookError):
        title = find_runbook(notebook).title
    return RunEnd(run_id, title, outcome.verdict, outcome.state, outcome.summary, outcome.next_step,
                  record.target, record.commit, operator, reason, link)


def link_to(environment: Environment, folder: RunFolder) -> str:
    """Where the report can be read: where reports are served, else the workflow's page, else its path."""
    served = environment.notifications.report_url
    if served:
        return served.replace("{run_id}", folder.run_id)
    server, repository, number = (os.environ.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if server and repository and number:
        return f"{server}/{repository}/actions/runs/{number}"
    path = folder.path / "report.html"
    return str(path.relative_to(project.root()) if path.is_relative_to(project.root()) else path)


def _redacted(message: Message, folder: RunFolder) -> Message:
    clean = folder.redactor.text
    details = {name: clean(value) for name, value in message.details.items()}
    return replace(message, subject=clean(message.subject), text=clean(message.text), details=details)


def _deliver(message: Message, through: Sequence[Route], environment: Environment, folder: RunFolder,
             record: RunRecord, *, hurry: bool = False) -> tuple[Delivered, ...]:
    """Before anything is written, which a full disk may refuse: who has it is known, and gets it once."""
    from runbook_lib.connections.notifying import deliver

    settings = environment.notifications
    if hurry:
        settings = settings.model_copy(update={"deadline_s": min(settings.deadline_s, WHEN_STOPPED_S)})
    results = deliver(message, through, settings, folder.redactor.text)
    record.informed |= {one.route.channel for one in results if one.state in (Delivery.SENT, Delivery.PARTLY_SENT)}
    return results


def _record(results: Sequence[Delivered], found: Sequence[Finding], key: str, record: RunRecord,
            stage: str = NOTIFIED) -> None:
    for one in results:
        if one.state is not Delivery.OFF:
            record.journal.write(EVENT, key=key, channel=one.route.channel, state=str(one.state))
    record.add_findings(stage, found)


def is_sending(plan: Plan) -> bool:
    """Whether a plan only sends messages from this machine, and needs neither the server nor its lock."""
    return bool(plan.steps) and all(isinstance(step, SendStep) for step in plan.steps)


def execute(plan: Plan, record: RunRecord, environment: Environment, folder: RunFolder) -> Execution:
    """Send every message of the plan, all at once and however the others end. What is not sent is a failed finding."""
    # executed again in the same run: only what has not been sent yet
    steps = [step for step in plan.steps if isinstance(step, SendStep) and step.key not in record.informed]
    for step in steps:
        record.journal.write("step_started", key=step.key, title=step.title, host=step.host)
    # side by side: channels that hang take as long as one of them, which is what `notifications.deadline_s` is for
    with ThreadPoolExecutor(max(1, len(steps)), thread_name_prefix="send") as pool:
        sent = list(pool.map(lambda step: _send(step, record, environment, folder), steps))
    records = []
    for step, (result, seconds) in zip(steps, sent, strict=True):
        assert step.message is not None
        state = _STATES.get(result.state, StepState.FAILED)
        done = StepRecord(step.key, step.title, state, seconds, message=result.reason)
        record.journal.write("step_finished", key=done.key, title=done.title, state=done.state, seconds=done.seconds,
                             message=done.message)
        records.append(done)
        _record([result], findings_of([result], required=True), step.message.key, record, SENT)
    execution = Execution(plan, tuple(records), applied=True)
    record.add_execution(execution)
    return execution


def _send(step: SendStep, record: RunRecord, environment: Environment, folder: RunFolder) -> tuple[Delivered, float]:
    """The outcome of one step's message, and how long it took."""
    assert step.message is not None
    assert step.route is not None
    began = time.monotonic()
    (result,) = _deliver(_redacted(step.message, folder), [step.route], environment, folder, record)
    return result, round(time.monotonic() - began, 3)
