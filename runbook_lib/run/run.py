"""The object a notebook holds from `open_run` to `close`. Each verb does its work in a module of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal, TypeVar

from runbook_lib import kernel
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import RunFolder
from runbook_lib.contract import Contract
from runbook_lib.core.errors import Refused, RunbookError
from runbook_lib.core.findings import Finding
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan
from runbook_lib.core.questions import Question
from runbook_lib.core.redaction import Secret
from runbook_lib.core.watch_result import WatchResult
from runbook_lib.environment import Environment
from runbook_lib.execution import Execution, ServerBackend
from runbook_lib.execution.interrupts import defer_signals
from runbook_lib.execution.silences import Silences
from runbook_lib.kernel.forks import refuse_in_child
from runbook_lib.platform.facts.request_logs import request_logs
from runbook_lib.run import asking, checking, closing, current, notifying, planning, showing
from runbook_lib.run.lock_notice import LockNotice
from runbook_lib.run.outcomes import Outcome, as_stop, outcome_of_error
from runbook_lib.run.parameters import Parameters, cannot_be_changed
from runbook_lib.run.record import RunRecord

T = TypeVar("T")
_FIXED = ("notebook", "parameters", "environment", "mode", "operator", "run_id")  # for the whole run


class Run:
    """One execution of a runbook against one environment. Made by `open_run`, ended by `close`."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and name in self.__dict__:
            raise cannot_be_changed(f"run.{name}")
        super().__setattr__(name, value)

    def __init__(self, contract: Contract, values: Mapping[str, Any], environment: Environment,
                 secrets: Mapping[str, Secret], folder: RunFolder, journal: Journal, *, operator: str) -> None:
        self.notebook = contract.notebook
        self.parameters = Parameters(values)
        self.environment, self.secrets = environment, secrets
        self.folder, self.run_id, self.operator = folder, folder.run_id, operator
        self.mode: str = values.get("mode", "read-only")
        self.reason: str = values.get("reason", "")
        self.closed = False
        self._journal = journal
        self._record = RunRecord(journal, f"{environment.name}, {contract.notebook}")
        self._notice = LockNotice(environment, self.run_id, self._record, values.get("mode"))
        self._hooks: kernel.Hooks | None = None
        self._connections: Any = None
        self._process = os.getpid()

    @property
    def connections(self) -> Any:
        """The connections of this run; in plan mode they can change nothing. Opened on first use.

        Raises EnvironmentInvalid where a file that they need cannot be read.
        """
        refuse_in_child(self._process, "use the connections of its parent's run")
        if self._connections is None:
            from runbook_lib.connections import open_connections
            from runbook_lib.connections.local_files import check_local_files

            check_local_files(self.environment)
            self._connections = open_connections(
                self.environment, changes_allowed=self.mode == "apply", redactor=self.folder.redactor
            )
        return self._connections

    def start(self) -> None:
        """Hook the kernel, record the target and show it in large type. Called by `open_run`."""
        self._hooks = kernel.install(self.folder, self._cell_done)
        if self._hooks is not None:
            self._hooks.record_earlier_cells()
        server = self.environment.server
        self._journal.write("target", environment=self.environment.name, title=self.environment.title,
                            server=server.address, directory=server.directory, url=self.environment.public.url,
                            mode=self.mode)
        showing.show_target(self.environment, self.mode, self.run_id)
        if self.mode == "apply" and kernel.is_unattended():  # nothing given later could confirm
            planning.check_at_start(self._confirmation(""), self.parameters, self.environment)

    def ask(self, question: Question[T]) -> T:
        """The answer to a read-only question, recorded. Raises the question's own errors, and LockHeld."""
        self._must_be_open()
        with self._notice.with_questions(self.connections):
            return asking.ask(question, self.connections, self._record)

    def ask_all(self, *questions: Question[Any], head_start_s: float = 0.0) -> tuple[Any, ...]:
        """The answers to several questions, asked concurrently. Raises the first error among them, and LockHeld.

        The first is answered, or has had `head_start_s` seconds, when the others begin.
        """
        self._must_be_open()
        with self._notice.with_questions(self.connections):
            return asking.ask_all(questions, self.connections, self._record, head_start_s)

    def show(self, value: Any = None, *, title: str = "", chart: Any = None,
             highlight: bool | Literal["first"] = False) -> None:
        """Show a value as a table, a figure (or several) as charts, or both; the report shows them too.

        `highlight` puts it at the report's beginning: the answer that a reader came for. "first": before what failed.
        """
        self._must_be_open()
        showing.show(value, title, chart, highlight=highlight, journal=self._journal, folder=self.folder)

    def keep(self, name: str, content: str | bytes) -> None:
        """Keep a file as evidence, secrets redacted, sealed with the run, and show where it is in the run's folder."""
        self._must_be_open()
        showing.show_kept(self.folder.evidence(name, content), self._journal)

    def require(self, findings: Finding | Iterable[Finding]) -> tuple[Finding, ...]:
        """Go on only when every finding passed (warnings may). Raises PreconditionFailed with what to do next."""
        self._must_be_open()
        return checking.require(findings, self._record)

    def plan(self, plan: Plan) -> Plan:
        """Record a plan with its hash and return it. Raises PlanChanged when another plan was approved by its hash."""
        self._must_be_open()
        plan = replace(plan, rules=self.environment.rules_fingerprint)
        self._record.add_plan(plan)
        if self.mode == "apply":
            planning.check_approved(plan, getattr(self.parameters, "plan_hash", ""), self.environment.name)
        return plan

    def confirm(self, environment_name: str = "") -> None:
        """Confirm a change: the name must be the environment's own. Raises ConfirmationMissing.

        Without a name the parameter `confirm` counts. Plan mode needs no confirmation.
        """
        self._must_be_open()
        if self.mode == "apply":
            planning.confirm(self._confirmation(environment_name), self.environment.name, self.operator, self._record)

    def _confirmation(self, in_the_cell: str) -> str:
        """The confirmation that counts: headless the parameter alone, because a name in a cell was saved there."""
        given = str(getattr(self.parameters, "confirm", ""))
        return given if kernel.is_unattended() else in_the_cell or given

    def execute(self, plan: Plan) -> Execution:
        """In apply mode: take the lock and do the plan's steps. In plan mode: change nothing and say so.

        Raises ConfirmationMissing, LockHeld, StepFailed, Aborted, RolledBack, RollbackFailed, LinkDropped.
        """
        self._must_be_open()
        if not self._record.has_plan(plan):
            plan = self.plan(plan)
        if not plan.steps or self.mode != "apply":
            return self._record.add_not_applied(plan)
        self._must_not_be_stopped()
        if not self._record.confirmed:
            self.confirm()
        if notifying.is_sending(plan):
            return notifying.execute(plan, self._record, self.environment, self.folder)
        backend = ServerBackend(self.connections, self.environment, self.run_id, self.operator)
        silences = None
        if self.environment.alerts_service:
            silences = Silences(lambda: self.connections.alertmanager, self.environment.name, self.run_id,
                                self.operator)
        return planning.execute(plan, backend, self._record, self.folder, self.environment.on_call, silences,
                                request_logs(self.environment))

    def verify(self, findings: Finding | Iterable[Finding], title: str = "") -> tuple[Finding, ...]:
        """Record checks; their worst is the run's verdict at `close`. `title` is their heading in the report.

        After a plan that was not applied they do not count, and one that checks its effect is returned as such.
        """
        self._must_be_open()
        return checking.verify(findings, title, self._record)

    def watch(self, gate: Gate) -> WatchResult:
        """Probe as `gate` says, for as long as its deadline; in JupyterLab an interrupt ends the watch, not the run."""
        self._must_be_open()
        self._must_not_be_stopped()
        return asking.watch(gate, self.connections, self._record)

    def close(self) -> None:
        """Give the verdict, seal the evidence, write report and index. Raises ChecksFailed, Inconclusive, Aborted."""
        self._must_be_open()
        outcome, error = self._record.outcome()
        if not self._record.execution_failed:  # that a plan was undone counts for more than what asked to stop
            self._must_not_be_stopped()
        outcome = self._announced(outcome)
        closing.show_verdict(outcome, self.folder)
        try:
            if error is not None:
                self._record.add_error(error)
            if self._hooks is not None:
                self._hooks.finish_cell()
            self._finish(outcome)
        except RunbookError as lost:  # a full disk; how the run ended counts for more
            raise error or lost from lost
        if error is not None:
            raise kernel.naming_report(error, self.folder)

    def abort(self, error: BaseException) -> None:
        """End the run as this error ends it. Called when a cell raised headless, or the process goes."""
        if not self.closed and os.getpid() == self._process:
            with suppress(RunbookError):  # a full disk: the error itself is shown, and the runner knows it
                outcome = self._record.stopped(outcome_of_error(error))
                self._finish(self._announced(outcome, ending=not kernel.is_headless()))

    def _announced(self, outcome: Outcome, *, ending: bool = False) -> Outcome:
        """The outcome, when the team has been informed of it, where it concerns the team."""
        if not notifying.is_due(self.environment, self.notebook, self.mode, outcome, acted=self._record.acted,
                                unattended=kernel.is_unattended()):
            return outcome
        return notifying.announce(outcome, self._record, self.environment, self.secrets, self.folder,
                                  notebook=self.notebook, operator=self.operator, reason=self.reason, ending=ending)

    def _finish(self, outcome: Outcome) -> None:
        with defer_signals():  # half-sealed evidence would be worth little
            self.closed = True
            current.forget(self)
            closing.seal_run(outcome, self._journal, self.folder, self._hooks, self._connections)

    def _cell_done(self, number: int, source: str, outputs: list[dict[str, Any]], error: BaseException | None) -> None:
        if self.closed:
            return
        self._record.add_cell(self._hooks.cell_id if self._hooks else "", source, error)
        if error is None:
            self._journal.write("cell", index=number, source=source, outputs=outputs)
            if kernel.was_stopped():  # the cell caught the interrupt; none may follow it
                self.abort(as_stop(None))
            return
        with suppress(RunbookError):  # what ended the cell counts for more than its record
            self._journal.write("cell", index=number, source=source, outputs=outputs)
            self._record.add_error(error)
        if kernel.is_headless():
            self.abort(as_stop(error) if kernel.was_stopped() else error)

    def _must_not_be_stopped(self) -> None:
        """Raises Aborted where the cell has caught the request to stop: nothing long, and no change, begins then."""
        if kernel.was_stopped():
            raise as_stop(None)

    def _must_be_open(self) -> None:
        refuse_in_child(self._process, "go on with the run of its parent")
        if self.closed:
            raise Refused("This run is closed and sealed.", where=self.run_id,
                          next_step="Run the cell with open_run again to start a new one.")
