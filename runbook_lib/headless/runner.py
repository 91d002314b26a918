"""The runner: starts the worker, keeps the time, passes signals on, seals what could not seal itself."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runbook_lib.archive.runs import seal_abandoned, seal_if_abandoned
from runbook_lib.contract import read_contract
from runbook_lib.contract.catalogue import Runbook, find_runbook
from runbook_lib.contract.of_environment import faults_of
from runbook_lib.contract.saved_confirmation import reject_saved_confirmation
from runbook_lib.core.errors import RunbookError
from runbook_lib.core.signals import stopped_by
from runbook_lib.environment import project
from runbook_lib.headless.job import described, from_anywhere, job_for
from runbook_lib.headless.outcome import (
    HeadlessOutcome,
    outcome_of_journal,
    outcome_stopped_early,
    outcome_without_run,
)
from runbook_lib.headless.progress import Progress
from runbook_lib.headless.signals import GRACE_S, Signals
from runbook_lib.headless.stops import Stops
from runbook_lib.headless.surroundings import scratch_folder
from runbook_lib.headless.worker_process import WorkerProcess

if TYPE_CHECKING:
    from runbook_lib.environment import Environment

TIMEOUT_S = 7200.0  # the longest runbook watches for an hour
LOOK_EVERY_S = 0.1


def run_notebook(notebook: str | Runbook, parameters: Mapping[str, Any], *, timeout_s: float = TIMEOUT_S,
                 grace_s: float = GRACE_S, progress: Progress | None = None) -> HeadlessOutcome:
    """Run a notebook to its end and return how it came out. `parameters` are typed values.

    Raises NotebookUnknown, BadParameter and EnvironmentInvalid before any process starts. SIGINT, SIGTERM, SIGHUP and
    SIGQUIT to this process stop the run; after `timeout_s` seconds it is stopped as by Ctrl-C. It is ended `grace_s`
    later, or as long after that as the undo of its plan may take.
    """
    shown = progress or Progress()
    # from here on: what is raised in the middle of reading an environment file may come out as a fault of the file
    with Signals() as signals:
        runbook, environment, values = _read(notebook, parameters)
        if signals.received():
            outcome = outcome_stopped_early(stopped_by(signals.received()), 0.0)
        else:
            seal_abandoned(project.outputs())
            where, mode = environment.name if environment else "", str(values.get("mode", "read-only"))
            shown.started(described(runbook), where, mode)
            with scratch_folder() as scratch:
                worker = WorkerProcess(job_for(runbook, values), Path(scratch))
                outcome = _attend(worker, signals, shown, timeout_s, grace_s)
    shown.finished(outcome)
    return outcome


def _read(notebook: str | Runbook, parameters: Mapping[str, Any]) -> tuple[Runbook, Environment | None, dict[str, Any]]:
    """The notebook, the environment that it names, and its typed values, as a run takes them."""
    from runbook_lib.environment import load_environment

    runbook = find_runbook(notebook) if isinstance(notebook, str) else notebook
    contract = read_contract(runbook)
    reject_saved_confirmation(runbook, contract)
    values = contract.check(parameters)
    environment = load_environment(values["environment"]) if "environment" in values else None
    if environment is not None:
        contract.refuse(faults_of(contract.notebook, values, environment))
        values["environment"] = from_anywhere(values["environment"])
    return runbook, environment, values


def _attend(worker: WorkerProcess, signals: Signals, shown: Progress, timeout_s: float,
            grace_s: float) -> HeadlessOutcome:
    """Watch the worker until it is gone, and make sure that it goes. Raises what went wrong here once it is gone."""
    started = time.monotonic()
    stops = Stops(worker, shown, timeout_s, grace_s)
    unexpected: Exception | None = None
    try:
        while worker.running:
            try:
                worker.wait(LOOK_EVERY_S)
                worker.read_messages()
                shown.journal(worker.run)
            except Exception as error:
                # whatever is wrong on this side, the run gets its time to stop and undo
                unexpected = unexpected or error
            if worker.ended:
                time.sleep(0.01)  # its last message comes right before its end
            stops.tick(signals.received(), unexpected=unexpected is not None)
    finally:
        worker.end()
    outcome = _outcome(worker, stops, time.monotonic() - started)
    if unexpected is not None:
        raise unexpected
    shown.journal(worker.run)
    return outcome


def _outcome(worker: WorkerProcess, stops: Stops, seconds: float) -> HeadlessOutcome:
    run = worker.run
    reason = stops.reason or (stopped_by(worker.asked_to_end_by) if worker.asked_to_end_by else "")
    if run is None and reason:
        return outcome_stopped_early(reason, seconds)
    if run is None:
        return outcome_without_run(worker.ended or {"evalue": worker.how_it_died()}, seconds)
    unsealed = _seal(Path(run["folder"]), reason)
    outcome = outcome_of_journal(Path(run["folder"]), run["run_id"], seconds, worker.outcome)
    return replace(outcome, summary=f"{outcome.summary}\n{unsealed}") if unsealed else outcome


def _seal(folder: Path, reason: str) -> str:
    """Seal what the worker could not; why it is not sealed, or nothing. Other runs are left to the next start.

    A killed process holds its journal until its last thread is gone.
    """
    from runbook_lib.report.index import write_index

    give_up, why = time.monotonic() + 10.0, "its journal is still open in another process"
    while not (folder / "manifest.json").exists():
        try:
            if seal_if_abandoned(folder, gone=True, reason=reason):
                write_index(folder.parent)
                return ""
        except (RunbookError, OSError) as error:
            why = str(error)
        if time.monotonic() > give_up:
            return f"The evidence is not sealed yet; the next start makes up for it: {why}"
        time.sleep(0.1)
    return ""
