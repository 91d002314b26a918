"""A silence of the runbooks names its environment and its run."""

from __future__ import annotations

import pytest

from runbook_lib.core.silence_marks import mark_of, run_of


@pytest.mark.parametrize(("comment", "run_id"), [
    ("Stop the backends, by ann, run 20261129T000836Z-4941c3", "20261129T000836Z-4941c3"),
    ("Stop, run and start, run 20261129T000836Z-4941c3", "20261129T000836Z-4941c3"),
    ("disk is being replaced", ""), ("", ""),
])
def test_the_run_is_the_last_word_of_the_comment(comment: str, run_id: str) -> None:
    assert run_of(comment) == run_id


def test_the_mark_names_the_environment() -> None:
    assert mark_of("staging") == "runbooks of staging"
