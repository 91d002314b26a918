"""The object a notebook holds from `open_run` to `close`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, NoReturn, TypeVar

from runbook_lib import kernel
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import RunFolder, seal
from runbook_lib.contract import Contract
from runbook_lib.core.errors import (
    PASSED,
    ConfirmationMissing,
    PlanChanged,
    PreconditionFailed,
    Refused,
    RunbookError,
)
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, StepState
from runbook_lib.core.questions import Question
from runbook_lib.core.redaction import Secret
from runbook_lib.core.watch_result import Look, WatchResult
from runbook_lib.environment import Environment
from runbook_lib.execution import Execution, PlanExecutor, ServerBackend, StepRecord, ask_concurrently
from runbook_lib.execution.interrupts import defer_signals
from runbook_lib.run import current
from runbook_lib.run.display import LiveLine, LiveSteps, report_address, show_html, show_svg
from runbook_lib.run.outcomes import Ending, ending_of_error, ending_of_findings, error_for
from runbook_lib.run.probing import watch

T = TypeVar("T")


class Run:
    """One execution of a runbook against one environment. Made by `open_run`, ended by `close`."""

    def __init__(self, contract: Contract, values: Mapping[str, Any], environment: Environment,
                 secrets: Mapping[str, Secret], folder: RunFolder, journal: Journal, *, operator: str) -> None:
        self.notebook = contract.notebook
        self.parameters = SimpleNamespace(**values)
        self.environment, self.secrets = environment, secrets
        self.folder, self.run_id, self.operator = folder, folder.run_id, operator
        self.mode: str = values.get("mode", "read-only")
        self.reason: str = values.get("reason", "")
        self._journal = journal
        self._hooks: kernel.Hooks | None = None
        self._connections: Any = None
        self._planned: set[str] = set()
        self._findings: dict[tuple[str, str], Finding] = {}
        self._unanswered: dict[str, RunbookError] = {}
        self._failure: RunbookError | None = None
        self._nothing_to_do = ""
        self._not_applied = self._confirmed = self._looked = self.closed = False

    @property
    def connections(self) -> Any:
        """The connections of this run; in plan mode they can change nothing. Opened on first use."""
        if self._connections is None:
            from runbook_lib.connections import open_connections

            self._connections = open_connections(
                self.environment, self.secrets, changes_allowed=self.mode == "apply"
            )
        return self._connections

    def start(self) -> None:
        """Hook the kernel, record the target and show it in large type. Called by `open_run`."""
        from runbook_lib.report.tables import target_banner

        self._hooks = kernel.install(self.folder, self._cell_done)
        if self._hooks is not None:
            self._hooks.record_earlier_cells()
        server = self.environment.server
        self._journal.write("target", environment=self.environment.name, title=self.environment.title,
                            server=server.address, directory=server.directory, url=self.environment.public.url,
                            mode=self.mode)
        banner = target_banner(self.environment, mode=self.mode, run_id=self.run_id)
        show_html(banner, f"{self.environment.name}: {self.environment.title} ({self.mode}), run {self.run_id}")

    def ask(self, question: Question[T]) -> T:
        """The answer to a read-only question, recorded. Raises the question's own errors."""
        self._must_be_open()
        started = time.monotonic()
        try:
            answer = question.fetch(self.connections)
        except RunbookError as error:
            self._unanswered[question.name] = error
            raise
        return self._record_fact(question, answer, time.monotonic() - started)

    def ask_all(self, *questions: Question[Any]) -> tuple[Any, ...]:
        """The answers to several questions, asked side by side. Raises the first error among them."""
        self._must_be_open()
        connections, started = self.connections, time.monotonic()
        answers = ask_concurrently(questions, lambda question: question.fetch(connections))
        seconds = time.monotonic() - started
        for question, answer in zip(questions, answers, strict=True):
            if isinstance(answer, RunbookError):
                self._unanswered[question.name] = answer
            else:
                self._record_fact(question, answer, seconds)
        for answer in answers:
            if isinstance(answer, RunbookError):
                raise answer
        return tuple(answers)

    def show(self, value: Any = None, *, title: str = "", chart: Any = None, highlight: bool = False) -> None:
        """Show a value as a table, a figure (or several) as charts, or both; both land in the report.

        `highlight` puts it at the report's beginning: the answer that a reader came for.
        """
        self._must_be_open()
        from runbook_lib.report.tables import value_table
        from runbook_lib.report.values import table_record

        fields: dict[str, Any] = {"title": title, **({"highlight": True} if highlight else {})}
        if value is not None:
            fields |= {"text": value} if isinstance(value, str) else {"table": table_record(value)}
            show_html(value_table(value, title=title), str(value) if isinstance(value, str) else title)
        figures = [] if chart is None else list(chart) if isinstance(chart, list | tuple) else [chart]
        fields["chart"] = [self._keep_chart(figure, title) for figure in figures]
        self._journal.write("shown", **fields)

    def require(self, findings: Finding | Iterable[Finding]) -> tuple[Finding, ...]:
        """Go on only when every finding passed (warnings may). Raises PreconditionFailed with what to do next."""
        found = self._record_findings("preconditions", findings)
        bad = [one for one in found if not one.verdict.acceptable]
        if bad or not found:
            lines = [f"{one.check}: {one.measured or 'not known'}{one.expected and f', needed {one.expected}'}"
                     for one in bad]
            raise PreconditionFailed(
                "\n".join(["Not started: this is not the moment, or not the right runbook.", *lines]),
                where=f"{self.environment.name}, {self.notebook}",
                next_step=" ".join(dict.fromkeys(one.next_step for one in bad if one.next_step)) or "See the "
                                                                                                    "findings above.",
            )
        return found

    def plan(self, plan: Plan) -> Plan:
        """Store a plan with its hash and return it. Raises PlanChanged when the run is pinned to another hash."""
        self._must_be_open()
        self._planned.add(plan.hash)
        self._journal.write("plan", plan=plan, hash=plan.hash)
        pinned = getattr(self.parameters, "plan_hash", "")
        if self.mode == "apply" and pinned and pinned != plan.hash:
            raise PlanChanged(
                f"The facts have moved: the approved plan is {pinned}, the plan now is {plan.hash}.",
                where=f"{self.environment.name}, {plan.name}",
                next_step="Read the new plan, and approve it by its hash; or run without plan_hash.",
            )
        return plan

    def confirm(self, words: str = "") -> None:
        """In apply mode, `words` must be the environment's name. Raises ConfirmationMissing. No-op in plan mode."""
        self._must_be_open()
        if self.mode != "apply":
            return
        words = words or getattr(self.parameters, "confirm", "")
        if words != self.environment.name:
            said = f"got {words!r}" if words else "nothing was given"
            raise ConfirmationMissing(
                f"A change must be confirmed by the name of the environment; {said}.",
                where=self.environment.name,
                next_step=f'In JupyterLab write run.confirm("{self.environment.name}"), then go on; '
                     f'headless, run again with --confirm {self.environment.name}.',
            )
        self._confirmed = True
        self._journal.write("confirmed", operator=self.operator, environment=words)

    def execute(self, plan: Plan) -> Execution:
        """In apply mode: take the lock and walk the plan's steps. In plan mode: change nothing and say so.

        Raises ConfirmationMissing, LockHeld, StepFailed, Aborted, RolledBack, RollbackFailed, LinkDropped.
        """
        self._must_be_open()
        if plan.hash not in self._planned:
            self.plan(plan)
        if not plan.steps or self.mode != "apply":
            return self._leave_alone(plan)
        if not self._confirmed:
            self.confirm()
        from runbook_lib.report.tables import value_table

        hands = ServerBackend(self.connections, self.environment, self.run_id, self.operator)
        walk = PlanExecutor(plan, hands, self._journal, self.folder, LiveSteps())
        try:
            execution = walk.run()
        except RunbookError as error:
            self._failure = error
            raise
        finally:
            for exhibit in walk.exhibits:
                show_html(value_table(exhibit.text, title=exhibit.title), exhibit.text)
                show_svg(exhibit.svg, exhibit.title)
        self._failure, self._looked = None, True
        self._findings |= {("watch", one.check): one for one in execution.findings}
        return execution

    def verify(self, findings: Finding | Iterable[Finding], title: str = "") -> tuple[Finding, ...]:
        """Record checks; their worst is the run's verdict at `close`. `title` is their heading in the report.

        After a plan that was not applied they do not count, and one that looks for its effect is returned as such.
        """
        if self._not_applied:
            found = self._record_findings("as it is now (not applied)", findings, counts=False)
            return tuple(one if one.verdict is Verdict.PASSED else replace(one, verdict=Verdict.NOT_APPLIED,
                                                                           next_step="")
                         for one in found)
        return self._record_findings(title or "verification", findings)

    def watch(self, gate: Gate) -> WatchResult:
        """Look as `gate` says, for as long as its deadline; in JupyterLab an interrupt ends the watch, not the run."""
        self._must_be_open()
        connections, line = self.connections, LiveLine()

        def seen(look: Look, seconds: float) -> None:
            self._journal.write("probe", watch=gate.name, faults=list(look.faults))
            good = "good" if not look.faults else f"{len(look.faults)} faults, the first: {look.faults[0].check}"
            line(f"{min(seconds, gate.deadline_s):.0f} of {gate.deadline_s:.0f} s: {good}")

        watched = watch(
            gate, lambda question: question.fetch(connections), seen, interruptible=not kernel.is_headless()
        )
        self._journal.write("fact", name=gate.name, value=watched, seconds=round(watched.duration_s, 3))
        self._looked = True
        return watched

    def close(self) -> None:
        """Give the verdict, seal the evidence, write report and index. Raises ChecksFailed or Inconclusive."""
        self._must_be_open()
        if self._failure is not None:
            ending: Ending = ending_of_error(self._failure)
            error: RunbookError | None = self._failure
        else:
            ending, error = self._ending()
        from runbook_lib.report.tables import verdict_box

        report = report_address(self.folder.path)
        show_html(verdict_box(str(ending.verdict), ending.summary, link=(report, "Open the report")),
                  f"{ending.verdict}: {ending.summary}\nReport: {report}")
        if error is not None:
            self._record_error(error)
        if self._hooks is not None:
            self._hooks.finish_cell()
        self._finish(ending)
        if error is not None:
            raise error

    def abort(self, error: BaseException) -> None:
        """End the run as this error ends it. Called when a cell raised headless, or the process goes."""
        if not self.closed:
            self._finish(ending_of_error(error))

    def _ending(self) -> tuple[Ending, RunbookError | None]:
        if self._unanswered:  # in JupyterLab one can go on past an error; what was not seen is no pass
            self._record_findings("questions without an answer", [
                Finding(name, Verdict.INCONCLUSIVE, error.what, "an answer", error.next_step)
                for name, error in self._unanswered.items()])
        findings = list(self._findings.values())
        ending = ending_of_findings(findings, not_applied=self._not_applied, looked=self._looked)
        if ending.exit_code == PASSED:
            ending = replace(ending, summary=self._nothing_to_do + ending.summary)
        return ending, error_for(findings, ending, f"{self.environment.name}, {self.notebook}")

    def _finish(self, ending: Ending) -> None:
        """Write the end and seal. An interrupt waits: half-sealed evidence would be worth little."""
        from runbook_lib.report.index import write_index

        with defer_signals():
            self.closed = True
            current.ended(self)
            if self._connections is not None:
                with suppress(RunbookError):
                    self._connections.__exit__(None, None, None)
            self._journal.write("run_finished", verdict=ending.verdict, state=ending.state, exit_code=ending.exit_code,
                                summary=ending.summary)
            if self._hooks is not None:
                self._hooks.remove()
            seal(self.folder)
            write_index(self.folder.path.parent)

    def _cell_done(self, number: int, source: str, outputs: list[dict[str, Any]], error: BaseException | None) -> None:
        if self.closed:
            return
        self._journal.write("cell", index=number, source=source, outputs=outputs)
        if error is None:
            return
        self._record_error(error)
        if kernel.is_headless():
            self.abort(error)

    def _record_error(self, error: BaseException) -> None:
        self._journal.write("error", type=type(error).__name__, what=getattr(error, "what", str(error)),
                            where=getattr(error, "where", ""), next_step=getattr(error, "next_step", ""))

    def _record_fact(self, question: Question[T], answer: T, seconds: float) -> T:
        self._looked = True
        self._unanswered.pop(question.name, None)
        self._journal.write("fact", name=question.name, value=answer, seconds=round(seconds, 3))
        kernel.show_as_table(answer)
        return answer

    def _record_findings(self, stage: str, findings: Finding | Iterable[Finding], *,
                         counts: bool = True) -> tuple[Finding, ...]:
        self._must_be_open()
        found = (findings,) if isinstance(findings, Finding) else tuple(findings)
        self._journal.write("findings", stage=stage, findings=list(found))
        if counts:  # a check that is made again replaces what it said before
            self._findings |= {(stage, one.check): one for one in found}
        return found

    def _leave_alone(self, plan: Plan) -> Execution:
        applied = not plan.steps
        if applied:
            self._nothing_to_do = f"Nothing was to be done: {plan.reason}. "
        records = tuple(StepRecord(step.key, step.title, StepState.NOT_RUN) for step in plan.steps)
        execution = Execution(plan, records, applied=applied)
        self._not_applied = self._not_applied or not applied
        self._looked = True
        self._journal.write("shown", title="Execution", text=str(execution))
        return execution

    def _keep_chart(self, figure: Any, title: str) -> str:
        from runbook_lib.platform import charts

        svg = charts.to_svg(figure)
        show_svg(svg, title)
        return self.folder.chart(f"{title or 'chart'}.svg", svg)

    def _must_be_open(self) -> None:
        if self.closed:
            self._refuse_closed()

    def _refuse_closed(self) -> NoReturn:
        raise Refused("This run is closed and sealed.", where=self.run_id,
                      next_step="Run the cell with open_run again to begin a new one.")
