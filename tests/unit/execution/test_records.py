"""An execution in words: one line a step, one sentence for the whole."""

from __future__ import annotations

from runbook_lib.core.plan import Plan, StepState
from runbook_lib.execution.records import Execution, StepRecord, steps_html
from tests.unit.execution_doubles import plan

PASSED, WAITING = StepRecord("one", "Build", StepState.PASSED, 1.5), StepRecord("two", "Switch <it>")


def test_a_record_shows_its_mark_its_state_and_how_long_it_took() -> None:
    assert str(PASSED) == "✔ Build: passed (1.5 s)"
    assert str(WAITING) == "· Switch <it>: not run"


def test_every_state_of_a_step_can_be_shown() -> None:
    assert all(str(StepRecord("a", "A", state)).endswith("(0.0 s)") for state in StepState if state is not StepState.NOT_RUN)


def test_an_execution_says_what_was_done_what_was_not_applied_and_why_nothing_was_needed() -> None:
    done = Execution(plan(), (PASSED, WAITING), applied=True)
    assert str(done).splitlines() == [str(PASSED), str(WAITING)]
    assert done.html() == "<p>1 of 2 steps passed, in 1.5 s.</p>"
    assert "nothing was changed" in Execution(plan(), (WAITING,), applied=False).html()
    assert str(Execution(Plan("try", "lab", reason="already <there>"), (), applied=True)) == "Nothing to do: already <there>"
    assert "already &lt;there&gt;" in Execution(Plan("try", "lab", reason="already <there>"), (), applied=True).html()


def test_the_table_marks_the_step_in_progress() -> None:
    html = steps_html((PASSED, WAITING), "two", "pulling")
    assert "Running" in html and "pulling" in html and "Switch &lt;it&gt;" in html
