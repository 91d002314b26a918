"""How a run ends: verdict, state and exit code from what was found and what was raised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runbook_lib.core import errors
from runbook_lib.core.findings import Finding, Verdict, advice_of, in_brackets, lines_of
from runbook_lib.core.signals import as_sentence
from runbook_lib.core.text import head_of, pluralize
from runbook_lib.kernel.stopping import stop_reason

MOST_NAMED = 6  # checks in one summary; the report lists them all
MEASURED_CHARACTERS = 600  # of what they measured, together: an archived summary has a bound of its own
_STATES = {
    errors.FAILED: "failed",
    errors.USAGE: "refused",
    errors.REFUSED: "refused",
    errors.INCONCLUSIVE: "inconclusive",
    errors.ROLLED_BACK: "rolled back",
    errors.ROLLBACK_FAILED: "rollback failed",
    errors.DEFECT: "failed",
}
_VERDICT_CODES = {Verdict.FAILED: errors.FAILED, Verdict.INCONCLUSIVE: errors.INCONCLUSIVE}


@dataclass(frozen=True)
class Outcome:
    """The last line of a journal, in values."""

    verdict: Verdict
    state: str
    exit_code: int
    summary: str
    where: str = ""
    next_step: str = ""


def outcome_of_error(error: BaseException) -> Outcome:
    """How a run ends that an exception ended."""
    if isinstance(error, KeyboardInterrupt):
        return Outcome(Verdict.FAILED, "aborted", errors.FAILED, as_sentence(stop_reason()))
    if isinstance(error, errors.Aborted):
        return Outcome(Verdict.FAILED, "aborted", errors.FAILED, error.what, error.where, error.next_step)
    if isinstance(error, SystemExit):
        what = "A cell exited the kernel. Finish runs with run.close()."
        return Outcome(Verdict.FAILED, "aborted", errors.FAILED, what)
    if not isinstance(error, errors.RunbookError):
        return Outcome(Verdict.FAILED, "failed", errors.DEFECT,
                       f"Internal error (a bug in the runbooks): {type(error).__name__}: {error}")
    verdict = Verdict.INCONCLUSIVE if error.exit_code == errors.INCONCLUSIVE else Verdict.FAILED
    return Outcome(verdict, _STATES[error.exit_code], error.exit_code, error.what, error.where, error.next_step)


def as_stop(error: BaseException | None) -> BaseException:
    """What ends a run that was asked to stop, when its cell caught the interrupt and ended otherwise, or not at all.

    A program of the cell that the same Ctrl-C ended is not a bug in the runbooks. What an execution made of the stop
    (undone, or not) stays as it is.
    """
    if isinstance(error, errors.RunbookError | KeyboardInterrupt):
        return error
    how = f" The cell ended with {type(error).__name__}: {error}" if error is not None else ""
    return errors.Aborted(f"{as_sentence(stop_reason())}{how}", next_step="Run the notebook again, to its last cell.")


def outcome_of_findings(findings: Sequence[Finding], *, not_applied: bool, observed: bool) -> Outcome:
    """How a run ends that reached its last cell. `observed`: whether a fact was asked or a plan executed at all."""
    if not_applied:
        return Outcome(Verdict.NOT_APPLIED, "finished", errors.PASSED, "Plan mode: nothing was changed.")
    # a run that checked nothing has proven nothing
    verdicts = [one.verdict for one in findings] or ([Verdict.PASSED] if observed else [])
    verdict = Verdict.worst(verdicts)
    count = sum(one.verdict is verdict for one in findings)
    checked = [one for one in findings if one.verdict.was_checked]
    apart = f", {len(findings) - len(checked)} not applicable" if len(findings) > len(checked) else ""
    if verdict is Verdict.NOT_APPLICABLE:
        summary = f"Not applicable here: {in_brackets(findings)}."
    elif not findings:
        summary = "Nothing failed." if observed else "Nothing was checked."
    elif verdict in _VERDICT_CODES:
        worst = [one for one in findings if one.verdict is verdict]
        lines = _brief(lines_of(worst[:MOST_NAMED], "expected"))
        summary = "\n".join(_in_words(f"{count} of {len(checked)} checks {verdict}", _named(findings, verdict), lines))
    else:
        passed = sum(one.verdict is Verdict.PASSED for one in findings)
        # a check's name says what should be: alone after "1 warning" it would read as what is
        unmet = f", {pluralize(count, str(verdict))} (not met: {_named(findings, verdict)})"
        others = unmet if passed < len(checked) else ""
        summary = f"{passed} of {len(checked)} checks passed{others}{apart}."
    state = {Verdict.FAILED: "failed", Verdict.INCONCLUSIVE: "inconclusive"}.get(verdict, "finished")
    return Outcome(verdict, state, _VERDICT_CODES.get(verdict, errors.PASSED), summary)


def _in_words(how_many: str, names: str, lines: Sequence[str]) -> list[str]:
    """`2 of 9 checks failed: disk, memory.` and a line each; of one alone its line has the name already."""
    return [f"{how_many}: {lines[0]}"] if len(lines) == 1 else [f"{how_many}: {names}.", *lines]


def _brief(lines: Sequence[str]) -> list[str]:
    """The lines within the bounds of a summary: one alone may be longer than each of several."""
    return [head_of(" ".join(line.split()), MEASURED_CHARACTERS // len(lines)) for line in lines]


def _named(findings: Sequence[Finding], verdict: Verdict) -> str:
    """The first checks with this verdict, and how many more there are."""
    names = [one.check for one in findings if one.verdict is verdict]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{', '.join(names[:MOST_NAMED])}{more}"


def error_for(findings: Sequence[Finding], outcome: Outcome, where: str) -> errors.RunbookError | None:
    """What `close` raises, so that plain papermill sees a failed run as one; None when there is nothing to raise."""
    if outcome.exit_code == errors.PASSED:
        return None
    # several checks often give the same advice
    worst = [one for one in findings if one.verdict is outcome.verdict]
    how_many = outcome.summary.partition(":")[0]
    lines = _in_words(how_many, _named(findings, outcome.verdict), lines_of(worst, "expected"))
    kind = errors.Inconclusive if outcome.verdict is Verdict.INCONCLUSIVE else errors.ChecksFailed
    return kind("\n".join(lines), where=where,
                next_step=advice_of(worst) or "Read the findings in the report.")
