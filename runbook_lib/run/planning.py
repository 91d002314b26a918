"""Plans of a run: approved by their hash, confirmed by the environment's name, executed or only shown."""

from __future__ import annotations

from runbook_lib import kernel
from runbook_lib.archive.runs import RunFolder
from runbook_lib.core.errors import ConfirmationMissing, PlanChanged, RunbookError
from runbook_lib.core.plan import Plan
from runbook_lib.environment import Environment
from runbook_lib.execution import Execution, ExecutionBackend, PlanExecutor
from runbook_lib.execution.silences import Silences
from runbook_lib.execution.time_limits import stop_limit_s
from runbook_lib.kernel.assignment import tell_runner
from runbook_lib.platform.facts.request_logs import NO_REQUEST_LOGS, RequestLogs
from runbook_lib.run.display import LiveSteps
from runbook_lib.run.parameters import Parameters
from runbook_lib.run.record import RunRecord
from runbook_lib.run.showing import show_exhibit

RESTORE = "restore"


def check_approved(plan: Plan, approved_hash: str, where: str) -> None:
    """Raises PlanChanged when another plan than this one was approved. An empty hash approves any."""
    if approved_hash and approved_hash != plan.hash:
        raise PlanChanged(
            "The facts have changed, or another run's plan was approved: "
            f"the approved plan is {approved_hash}, the plan now is {plan.hash}.",
            where=f"{where}, {plan.name}",
            next_step="Read the new plan, and approve it by its hash; or run without plan_hash.",
        )


def check_confirmation(given: str, environment_name: str, *, unattended: bool = False, acted: bool = False) -> None:
    """Raises ConfirmationMissing unless what was given is the name of the environment.

    What to do comes first for the way in which this run was started; `acted`: whether it has changed something already.
    """
    if given == environment_name:
        return
    got = f"got {given!r}" if given else "nothing was given"
    headless = f"run again with --confirm {environment_name} (papermill: -r confirm {environment_name})."
    in_jupyter = f'run.confirm("{environment_name}"), then go on.'
    raise ConfirmationMissing(
        f"A change must be confirmed by the name of the environment; {got}."
        + ("" if acted else " Nothing was changed."),
        where=environment_name,
        next_step=f"{headless[:1].upper()}{headless[1:]} In JupyterLab: {in_jupyter}" if unattended
        else f"Confirm: {in_jupyter} Headless: {headless}",
    )


def confirm(given: str, environment_name: str, operator: str, record: RunRecord) -> None:
    """Record that the operator confirmed a change. Raises ConfirmationMissing, which stays the run's end until then."""
    try:
        check_confirmation(given, environment_name, unattended=kernel.is_unattended(), acted=record.acted)
    except ConfirmationMissing as error:
        record.add_unconfirmed(error)
        raise
    record.add_confirmation(operator, environment_name)


def check_at_start(confirmation: str, parameters: Parameters, environment: Environment) -> None:
    """Raises ConfirmationMissing where nothing given later could confirm: a change, or that the database's contents are
    replaced. What is to be read before, the plan and what would be lost, is read in a run that does not apply it.
    """
    check_confirmation(confirmation, environment.name, unattended=True)
    given, name = getattr(parameters, "confirm_database", None), environment.database_words[1]
    if given in (None, name) or getattr(parameters, "database", RESTORE) != RESTORE:
        return
    got = f"got {given[:60]!r}" if given else "nothing was given"
    raise ConfirmationMissing(
        f"Replacing the contents of the database must be confirmed by its name; {got}. Nothing was changed.",
        where=environment.name,
        next_step="Read the plan and what would be lost, in a run without --apply; then add "
        f"-p confirm_database={name} (papermill: -r confirm_database {name}).")


def execute(plan: Plan, backend: ExecutionBackend, record: RunRecord, folder: RunFolder,
            contact: str = "", silences: Silences | None = None,
            request_logs: RequestLogs = NO_REQUEST_LOGS) -> Execution:
    """Take the lock and do the plan's steps, shown as they go. Raises how the execution ended unless it passed.

    `contact` is whom to call when undoing fails; `request_logs` are searched for requests that keep a gate shut.
    """
    executor = PlanExecutor(plan, backend, record.journal, folder, LiveSteps(), contact, silences, request_logs)
    # whoever stops this run must leave it as long as its undo may take
    tell_runner(grace_s=stop_limit_s(plan))
    try:
        execution = executor.run()
        # before anything else: a Ctrl-C while a picture is shown must not find that nothing was changed
        record.add_execution(execution)
    except RunbookError as error:
        record.add_failed_execution(error)
        raise
    except Exception:  # an internal error, in the middle of what was done
        record.acted = True
        raise
    finally:
        tell_runner(grace_s=0.0)
        for exhibit in executor.exhibits:
            show_exhibit(exhibit)
    return execution
