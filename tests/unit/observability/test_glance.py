"""What 00 and 40 ask before all else, in the notebooks themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runbook_lib.observability import glance

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"


def cells(name: str) -> list[str]:
    document = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text())
    return ["".join(one["source"]) for one in document["cells"] if one["cell_type"] == "code"]


def place(name: str, words: str) -> int:
    return next(number for number, source in enumerate(cells(name)) if words in source)


@pytest.mark.parametrize("name", glance.__all__)
def test_each_of_its_names_is_a_function(name: str) -> None:
    assert callable(getattr(glance, name))


@pytest.mark.parametrize(("name", "judges"), [
    ("00_start_here", "checks.overview("), ("40_health", "checks.services_work("), ("10_preflight", "inspect_release("),
    ("21_verify", "live_release()"),
])
def test_who_changes_the_environment_is_asked_before_it_is_judged(name: str, judges: str) -> None:
    asked = min(number for number, source in enumerate(cells(name)) if "survey_users(" in source or "current_operation(" in source)
    assert asked < place(name, judges)


def test_40_asks_what_users_get_before_what_may_take_long() -> None:
    source = cells("40_health")[place("40_health", "survey_users(")]
    assert source.index("survey_users(") < source.index("run.ask_all(")


def test_what_hangs_costs_00_seconds_and_not_its_answer() -> None:
    """With a PostgreSQL that hung 00 took 78 s, and ended before index, contacts and answer: a command had taken too long."""
    asked = [line for source in cells("00_start_here") for line in source.splitlines() if "if_available(" in line]
    assert len(asked) == 6
    assert [line for line in asked if not line.rstrip(",)").endswith(", 10")] == []
