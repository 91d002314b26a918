"""What a run has found so far: written to the journal as it is found, and judged at the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from runbook_lib.archive.journal import Journal
from runbook_lib.core.errors import PASSED, CellNotReady, Refused, RunbookError
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.plan import Plan
from runbook_lib.core.questions import Question
from runbook_lib.core.text import head_of, pluralize
from runbook_lib.execution import Execution, StepRecord
from runbook_lib.run.outcomes import Outcome, error_for, outcome_of_error, outcome_of_findings

NOTHING_CHANGED = "Nothing was changed."
NOT_CHECKED = "The plan was executed before; what it did was not verified to the end."
RUN_AGAIN = "When the reason is gone, run the notebook again, to its last cell."
CORRECT = "Open a new run: correct the cell, and run it again before the cells after it."


class RunRecord:
    """Facts, findings, plans and executions of one run. `where` names its environment and notebook in errors.

    `target` is the name of the last plan, `commit` what it is about; `acted` is whether a plan with steps was begun;
    `informed` has the channels that have taken this run's message.
    """

    def __init__(self, journal: Journal, where: str) -> None:
        self.journal, self.where = journal, where
        self.confirmed = False
        self.not_applied = False
        self._planned: set[str] = set()
        self._what = ""
        self._findings: dict[tuple[str, str], Finding] = {}
        self._unanswered: dict[str, RunbookError] = {}
        self._failed_cells: dict[str, tuple[str, BaseException]] = {}
        self._unmet: RunbookError | None = None
        self._unconfirmed: RunbookError | None = None
        self._failure: RunbookError | None = None
        self._nothing_to_do = ""
        self._impossible = False
        self.target = self.commit = ""
        self.acted = False
        self.informed: set[str] = set()
        self._observed = False
        self._writes = ""

    def note_asked(self, *questions: Question[Any]) -> None:
        """That these are asked now: what they write is there for a while, also where the answer does not come."""
        self._writes = next((one.writes for one in questions if one.writes), self._writes)

    def add_fact(self, name: str, value: Any, seconds: float, *, begun: datetime | None = None,
                 writes: str = "") -> None:
        """An answer to a question, when it was asked (UTC), how long it took, and what asking it wrote."""
        self._observed = True
        self._unanswered.pop(name, None)
        self.journal.write("fact", name=name, value=value, seconds=round(seconds, 3),
                           **({"begun": begun} if begun else {}),
                           **({"writes": writes} if writes else {}))

    def add_unanswered(self, name: str, error: RunbookError) -> None:
        """A question without an answer: inconclusive at the end, unless it is asked again and answered."""
        self._unanswered[name] = error

    def add_findings(self, stage: str, findings: Finding | Iterable[Finding], *,
                     counts: bool = True) -> tuple[Finding, ...]:
        """Findings of one stage of the run. Those that do not count are recorded, and leave the verdict as it is."""
        found = (findings,) if isinstance(findings, Finding) else tuple(findings)
        self.journal.write("findings", stage=stage, findings=list(found), counts=counts)
        if counts:  # a check that is made again replaces what it reported before
            self._findings |= {(stage, one.check): one for one in found}
        return found

    def add_plan(self, plan: Plan) -> None:
        """A plan with its hash. Recorded again, it begins anew: the steps that follow are another attempt."""
        self._planned.add(plan.hash)
        self._what = plan.achieves or f"Done: {plan.name} on {plan.target}"
        self.target, self.commit = plan.name, str(plan.facts.get("commit") or "")
        self.journal.write("plan", plan=plan, hash=plan.hash)

    def has_plan(self, plan: Plan) -> bool:
        """Whether this very plan is recorded."""
        return plan.hash in self._planned

    def add_confirmation(self, operator: str, environment: str) -> None:
        """That a change of the environment was confirmed, and by whom."""
        self.confirmed, self._unconfirmed = True, None
        self.journal.write("confirmed", operator=operator, environment=environment)

    def add_unconfirmed(self, error: RunbookError) -> None:
        """A confirmation that was missing or wrong. In JupyterLab one can go on after it, or confirm after all."""
        self._unconfirmed = error

    @property
    def without_effect(self) -> bool:
        """Whether a plan was not applied: this run only shows it, or its change was never confirmed."""
        return self.not_applied or (self._unconfirmed is not None and not self.acted)

    def add_not_applied(self, plan: Plan) -> Execution:
        """A plan that changes nothing: because nothing is to be done, or because this run only shows it."""
        nothing_to_do = not plan.steps
        if nothing_to_do:
            self._unconfirmed = None  # nothing to confirm either
            self._nothing_to_do = f"Nothing {'to do' if plan.done else 'was done'}: {plan.reason}. "
            self._impossible = self._impossible or not plan.done
        self.not_applied = self.not_applied or not nothing_to_do or not plan.done
        self._observed = True
        records = tuple(StepRecord(step.key, step.title) for step in plan.steps)
        execution = Execution(plan, records, applied=nothing_to_do)
        self.journal.write("shown", title="Execution", text=str(execution))
        return execution

    def add_execution(self, execution: Execution) -> None:
        """A plan whose steps have all passed, with what its watches left unresolved."""
        self._failure, self._observed, self.acted = None, True, True
        self._findings |= {("watch", one.check): one for one in execution.findings}

    def add_failed_execution(self, error: RunbookError) -> None:
        """How an execution ended that did not pass. In JupyterLab one can go on after it; it stays the run's end."""
        self._failure = error
        # what was refused, by the lock for example, has changed nothing
        self.acted = self.acted or not isinstance(error, Refused)

    @property
    def execution_failed(self) -> bool:
        """Whether the last execution of a plan did not pass."""
        return self._failure is not None

    def add_error(self, error: BaseException) -> None:
        """An error that ended a cell."""
        self.journal.write("error", type=type(error).__name__, what=getattr(error, "what", str(error)),
                           where=getattr(error, "where", ""), next_step=getattr(error, "next_step", ""))

    def add_cell(self, cell_id: str, source: str, error: BaseException | None) -> None:
        """How a cell of a notebook ended. In JupyterLab one can go on past an error: until that very cell passes, the
        run is inconclusive at best. Without ids of cells, the next cell that passes is taken for the corrected one.

        What an operator interrupted was their decision; a precondition, a question and an execution keep their own
        account, and are made good by whichever cell asks again.
        """
        known = (*self._unanswered.values(), self._failure, self._unmet, self._unconfirmed)
        if error is None:
            self._failed_cells.pop(cell_id, None)
        elif not isinstance(error, KeyboardInterrupt) and not any(error is one for one in known):
            self._failed_cells[cell_id] = (source, error)

    def add_unmet(self, error: RunbookError) -> None:
        """The error of a precondition that was not met; its findings are recorded."""
        self._unmet = error

    def _cells_that_did_not_pass(self) -> list[Finding]:
        """Each that failed on its own; those that only lacked what it did not give are one line."""
        waiting = [source for source, error in self._failed_cells.values() if isinstance(error, CellNotReady)]
        found = [Finding(f"the cell that begins with {head_of(source.strip().partition(chr(10))[0], 60)}",
                         Verdict.INCONCLUSIVE, str(getattr(error, "what", f"{type(error).__name__}: {error}")),
                         "a cell that passes", getattr(error, "next_step", "") or CORRECT)
                 for source, error in self._failed_cells.values() if not isinstance(error, CellNotReady)]
        if waiting:
            found.append(Finding("cells below one that did not pass", Verdict.INCONCLUSIVE,
                                 f"{pluralize(len(waiting), 'cell')} could not run", "each passes", CORRECT))
        return found

    def stopped(self, outcome: Outcome) -> Outcome:
        """The outcome of a run that an error ended; one that was stopped says what that left, and what to do."""
        if outcome.state != "aborted" or outcome.where:
            return outcome
        left = NOTHING_CHANGED if not self._writes else f"What may be left of a question: {self._writes}."
        return replace(outcome, summary=f"{outcome.summary} {NOT_CHECKED if self.acted else left}", where=self.where,
                       next_step=outcome.next_step or RUN_AGAIN)

    def _done(self) -> str:
        """What a run that changed something did, in front of its checks: who reads one line of it wants to know."""
        return f"{self._what}. " if self.acted else ""

    def outcome(self) -> tuple[Outcome, RunbookError | None]:
        """How the run ends, and the error that `close` raises for it; None where it raises nothing."""
        if self._failure is not None:
            return outcome_of_error(self._failure), self._failure
        if self._unconfirmed is not None and not self.acted:  # what no one confirmed has neither passed nor failed
            return outcome_of_error(self._unconfirmed), self._unconfirmed
        if self._unanswered:  # in JupyterLab one can go on past an error; what was not observed is not a pass
            self.add_findings("questions without an answer", [
                Finding(name, Verdict.INCONCLUSIVE, error.what, "an answer", error.next_step)
                for name, error in self._unanswered.items()])
        if self._failed_cells:
            self.add_findings("cells that did not pass", self._cells_that_did_not_pass())
        findings = list(self._findings.values())
        outcome = outcome_of_findings(findings, not_applied=self.not_applied, observed=self._observed)
        if outcome.exit_code == PASSED:
            # where nothing could be done, apply mode ends as plan mode does, and is not called that
            rest = "" if self._impossible else outcome.summary
            outcome = replace(outcome, summary=(self._nothing_to_do + self._done() + rest).rstrip())
        error = error_for(findings, outcome, self.where)
        if error is not None:  # a terminal and the team's message show the end alone, not the error
            outcome = replace(outcome, where=error.where, next_step=error.next_step)
        return outcome, error
