"""How an execution ends that did not pass: the error of each case, made from values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runbook_lib.core.errors import (
    CALL_FOR_HELP,
    Aborted,
    LinkDropped,
    LockHeld,
    RollbackFailed,
    RolledBack,
    RunbookError,
    StepFailed,
)
from runbook_lib.core.plan import Plan, StepState
from runbook_lib.core.text import pluralize
from runbook_lib.execution.actions import failure_message
from runbook_lib.execution.backend import ActionResult
from runbook_lib.execution.kept import KeptResult, kept_sentence
from runbook_lib.execution.undo import UndoneStep

RUN_AGAIN = "Run the notebook again: it compares the facts with the target and does only what is missing."
READ_EVIDENCE = "Read the step's evidence in the report."
AFTER_FAILED_ROLLBACK = (
    "The report lists what was undone and what was not, and the notebook's cell “Rollback failed” what to do first. "
    "Do not deploy over it: 22 Rollback, for the last good release, works from any partial state.")
AFTER_ABORT = "No fault was found in what this run did. When the reason of the stop is gone, run the notebook again."
# a step's state as the verb of a sentence
_ENDED = {StepState.ABORTED: "was aborted", StepState.UNKNOWN: "has an unknown outcome"}


@dataclass(frozen=True)
class Failure:
    """The step that stopped an execution, in words. `hint` is what the failing check itself advises."""

    position: int
    state: StepState
    what: str
    where: str
    hint: str
    next_step: str

    def ended(self, outcome: str, next_step: str = "") -> RunbookError:
        """The plain end: Aborted when the step was stopped, StepFailed otherwise."""
        kind = Aborted if self.state is StepState.ABORTED else StepFailed
        return kind("\n".join(line for line in (self.what, outcome) if line), where=self.where,
                    next_step=next_step or self.next_step)


def failure_at(plan: Plan, position: int, result: ActionResult) -> Failure:
    """The failure of the step at `position`, whose actions ended with `result`."""
    step, message = plan.steps[position], failure_message(result)
    what = f"Step {position + 1} of {len(plan.steps)}, {step.title!r}, {_ENDED.get(result.state, result.state)}"
    # an error of a kind of its own says how the step ended, not what to do next
    advice = result.error.next_step if result.error is not None and result.state is StepState.FAILED else ""
    return Failure(
        position=position,
        state=result.state,
        what=f"{what}: {message}" if message else f"{what}.",
        where=f"{plan.target}, step {step.key}",
        hint=result.hint,
        next_step=result.hint or f"{advice or READ_EVIDENCE} {RUN_AGAIN}",
    )


def refusal_to_undo(plan: Plan, failure: Failure, *, lock_lost: LockHeld | None,
                    irreversible: bool) -> RunbookError | None:
    """The end of an execution of which nothing is to be undone; None when it is to be undone."""
    if failure.state is StepState.UNKNOWN:
        # undoing what may still be in progress would make two truths
        return LinkDropped(f"{failure.what}\nNothing was undone.", where=failure.where, next_step=RUN_AGAIN)
    if lock_lost is not None:
        # whatever we undid now would be behind the back of who holds the lock
        return Aborted(f"{failure.what}\nNothing was undone: this run no longer holds the lock.", where=failure.where,
                       next_step=lock_lost.next_step)
    if not plan.undo_on_failure:
        return failure.ended("")
    if irreversible:
        return failure.ended(f"Nothing was undone: {plan.irreversible_reason}", plan.irreversible_hint or RUN_AGAIN)
    return None


def fault_of_rollback(undone: Sequence[UndoneStep], left: Sequence[str], verification: ActionResult | None,
                      kept: tuple[KeptResult, ...] = ()) -> str:
    """What went wrong while undoing, in one sentence; empty when nothing did. `left` are titles of steps as they were.

    `verification` is None where it was not reached.
    """
    failed = [f"{one.title!r} failed too: {one.message}" for one in undone if not one.succeeded]
    if failed:
        stays = kept_sentence(kept)
        return f"Undoing {'; '.join(failed)}" + (f"\nNot undone: {', '.join(left)}." if left else "") \
            + (f"\n{stays[:1].upper()}{stays[1:]}." if stays else "")
    if verification is not None and not verification.passed:
        return f"{_undone(undone, kept)}, but the external verification did not pass: {verification.message}"
    return ""


def _undone(undone: Sequence[UndoneStep], kept: tuple[KeptResult, ...], so_far: str = "") -> str:
    """What was undone, without a full stop; "everything" only where nothing stays."""
    count = pluralize(len(undone), "step")
    if not kept:
        return f"Everything {so_far}was undone ({count})"
    return f"{count} undone; {kept_sentence(kept)}"


def rolled_back(plan: Plan, failure: Failure, undone: Sequence[UndoneStep],
                kept: tuple[KeptResult, ...] = ()) -> RunbookError:
    """The end of an execution whose undo succeeded: RolledBack, or the plain failure when there was nothing to undo."""
    if not undone:
        stays = kept_sentence(kept)
        return failure.ended(f"No step so far had anything to undo{f'; {stays}' if stays else ''}.")
    verified = " External verification passed: what ran before answers again." if plan.rollback_check else ""
    begun = (step.undone_note for step in plan.steps[:failure.position + 1])
    hint = " ".join(text for text in (failure.hint, plan.after_rollback_hint, *begun) if text) or failure.next_step
    return RolledBack(
        f"{failure.what}\n{_undone(undone, kept, 'done so far ')}.{verified}",
        where=failure.where,
        next_step=AFTER_ABORT if failure.state is StepState.ABORTED else hint,
    )


def with_loss(error: RunbookError, loss: str) -> RunbookError:
    """The same error; says what of the execution could not be recorded, where something was lost."""
    if loss:
        error.what = f"{error.what}\n{loss}"
    return error


def rollback_failed(failure: Failure, undone: Sequence[UndoneStep], fault: str, server_state: str,
                    contact: str = "", hint: str = "") -> RunbookError:
    """The end of an execution whose undo failed, with the state to go on from manually, and whom to call first.

    `hint` is what the plan knows that may help.
    """
    call = CALL_FOR_HELP + (f": {contact}" if contact else "")
    titles = [one.title for one in undone if one.succeeded]
    lines = (
        f"ROLLBACK FAILED: manual intervention required. {failure.what}",
        fault,
        f"Undone: {', '.join(titles)}." if titles else "Nothing was undone.",
    )
    now = f"\nNow: {server_state}." if server_state else ""
    return RollbackFailed("\n".join(lines) + now, where=f"{failure.where}, during the rollback",
                          next_step=f"{call[:1].upper()}{call[1:]}. {AFTER_FAILED_ROLLBACK} {hint}".rstrip())
