"""Every way a runbook can end badly: an exit code each, and words an operator can act on."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from runbook_lib.core import errors
from runbook_lib.core.errors import RunbookError

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, RunbookError)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_stands_in_the_tree_with_its_exit_code(kind: type[RunbookError]) -> None:
    assert kind.__name__ in (errors.__doc__ or "")
    assert kind.exit_code in {errors.FAILED, errors.USAGE, errors.REFUSED, errors.INCONCLUSIVE, errors.ROLLED_BACK,
                              errors.ROLLBACK_FAILED}


def test_an_error_says_what_where_and_what_next() -> None:
    error = errors.LockHeld("Ben has it.", where="staging", next_step="Speak with Ben.")
    assert str(error) == "Ben has it.\nWhere: staging\nNext: Speak with Ben."
    assert (error.what, error.where, error.next_step) == ("Ben has it.", "staging", "Speak with Ben.")


def test_what_is_not_known_leaves_no_line() -> None:
    assert str(RunbookError("It failed.")) == "It failed."


def test_ipython_shows_the_error_and_no_traceback() -> None:
    error = errors.StepFailed("Step 1 failed.\nNothing was undone.", next_step="Read it.")
    assert error._render_traceback_() == ["StepFailed: Step 1 failed.", "Nothing was undone.", "Next: Read it."]


@pytest.mark.parametrize(("kind", "code"), [
    (errors.ChecksFailed, 1), (errors.BadParameter, 2), (errors.PlanChanged, 3), (errors.FactUnreadable, 4),
    (errors.RolledBack, 5), (errors.RollbackFailed, 6),
])
def test_exit_codes_are_what_ci_relies_on(kind: type[RunbookError], code: int) -> None:
    assert kind("x").exit_code == code


ROOT = Path(__file__).parents[3]
CALLS = re.compile(r"\b(?:call|ask|phone|page) (?:the )?((?!an? )[\w-]+ (?:lead|engineer|team))\b", re.IGNORECASE)


def test_whoever_has_to_be_called_is_the_same_everywhere() -> None:
    """The message of a failed rollback, the notebook's cell below it and 00 Start here must name one person."""
    texts = [*(ROOT / "runbook_lib").rglob("*.py"), *(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "docs").rglob("*.md")]
    found = {(path.name, found.lower()) for path in texts for found in CALLS.findall(path.read_text())}
    assert {whom for _, whom in found} == {"on-call engineer"}
    assert {"errors.py", "20_deploy.ipynb", "32_restore_database.ipynb", "34_install_schedules.ipynb"} <= {name for name, _ in found}
    assert "The on-call engineer is the first contact" in (ROOT / "notebooks/00_start_here.ipynb").read_text()
