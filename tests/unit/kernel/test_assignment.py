"""What the runner gave is fixed; without a runner nothing was given, and a report to it goes nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runbook_lib.kernel import assignment
from runbook_lib.kernel.assignment import Assignment, assign, assigned, tell_runner


@pytest.fixture(autouse=True)
def _none_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assignment, "_assigned", None)


def test_without_a_runner_nothing_was_given() -> None:
    assert assigned() is None
    tell_runner(grace_s=1.0)


def test_the_values_cannot_be_changed_afterwards() -> None:
    values: dict[str, Any] = {"mode": "plan"}
    heard: list[dict[str, Any]] = []
    assign(Assignment(Path("x.ipynb"), "0" * 64, "", values, None, lambda **message: heard.append(message)))
    values["mode"] = "apply"
    given = assigned()
    assert given is not None
    assert given.values["mode"] == "plan"
    with pytest.raises(TypeError):
        given.values["mode"] = "apply"  # type: ignore[index]
    tell_runner(grace_s=2.0)
    assert heard == [{"grace_s": 2.0}]
