"""A failure of the lab says what happened and what to do next, and has an exit code."""

from __future__ import annotations

from lab.errors import FAILED, REFUSED, CommandFailed, LabError


def test_the_message_is_whole() -> None:
    error = LabError("No Docker Engine answers.", next_step="python -m lab engine", exit_code=REFUSED)
    assert str(error) == "No Docker Engine answers.\nNext: python -m lab engine"
    assert (error.what, error.next_step, error.exit_code) == ("No Docker Engine answers.", "python -m lab engine", REFUSED)


def test_without_a_next_step_there_is_no_empty_line() -> None:
    error = CommandFailed("It ended with 1.")
    assert (str(error), error.exit_code) == ("It ended with 1.", FAILED)
    assert isinstance(error, LabError)
