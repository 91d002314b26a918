"""What an environment file can judge is refused before a server is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runbook_lib.contract import read_contract
from runbook_lib.contract.of_environment import faults_of
from runbook_lib.core.errors import BadParameter
from runbook_lib.environment import Environment, load_environment
from runbook_lib.headless import run_notebook
from tests.notebooks.sample_notebooks import ROOT, ProjectDir

STAGING = load_environment("staging")


def faults(notebook: str, environment: Environment = STAGING, **given: Any) -> list[str]:
    contract = read_contract(notebook)
    return faults_of(contract.notebook, contract.check(given), environment)


@pytest.mark.parametrize(("notebook", "given", "fault"), [
    ("10", {"attested": ["All tests passing"], "attested_by": "ann"}, "attested: 'All tests passing' is not an item of the checklist; "),
    ("10", {"attested": ["Code review approved"]}, "attested_by: is required with attested"),
    ("22", {"backup": "a.sql.gz"}, "backup: is for database"),
    ("32", {"drop_retained": "x", "backup": "a.sql.gz"}, "drop_retained: deletes"),
    ("34", {"schedules": "removed", "try_now": "backup_database"}, "try_now: backup_database cannot be tried"),
    ("42", {"conditions": ["DiskFull"]}, "conditions: 'DiskFull' may not be provoked in staging"),
    ("44", {"channels": ["slak"]}, "channels: there is no channel 'slak' in staging; did you mean 'slack'?"),
])
def test_what_the_environment_does_not_know_is_named(notebook: str, given: dict[str, Any], fault: str) -> None:
    assert [line[:len(fault)] for line in faults(notebook, **given)] == [fault]


@pytest.mark.parametrize("choice", ["restore", "downgrade"])
def test_what_is_done_to_a_database_needs_one(choice: str) -> None:
    alone = STAGING.model_copy(update={"database": None, "without": {"database": "notes in files"}})
    assert faults("22", alone, database="keep") == []
    fault, = faults("22", alone, database=choice)
    assert fault.startswith(f"database: '{choice}' needs a database, and this environment has none (notes in files)")


@pytest.mark.parametrize(("notebook", "given"), [
    ("10", {"attested": ["code review approved"], "attested_by": "ann"}), ("10", {}), ("22", {"database": "restore", "backup": "a.sql.gz"}),
    ("22", {"database": "downgrade", "backup_first": False}), ("32", {"drop_retained": "x"}), ("34", {"try_now": "backup_database"}),
    ("42", {}), ("44", {"channels": ["slack"]}), ("60", {}), ("40", {}),
])
def test_what_it_knows_passes(notebook: str, given: dict[str, Any]) -> None:
    assert faults(notebook, **given) == []


@pytest.mark.parametrize(("given", "fault"), [
    ({"load": 1e6}, "load: should be at most 9"), ({"model": "closed", "load": 1.5}, "load: should be a whole number"),
    ({"limit": 1e6}, "limit: should be from 3"), ({"load": 2.0, "limit": 1.0}, "limit: should be from 2 to 9"),
])
def test_a_load_stays_within_what_the_environment_allows(given: dict[str, Any], fault: str) -> None:
    bounds = STAGING.load_test
    assert bounds is not None
    target = STAGING.model_copy(update={"load_test": bounds.model_copy(update={
        "rate_per_s": 3.0, "limit_per_s": 9.0, "users": 2, "limit_users": 9})})
    assert [line[:len(fault)] for line in faults("60", target, **given)] == [fault]
    # where none is ever sent, the run says so itself
    assert faults("60", STAGING.model_copy(update={"load_test": None}), **given) == []


def test_the_runner_refuses_it_before_a_process_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ProjectDir(tmp_path / "home").path
    (made / "notebooks").rmdir()
    (made / "notebooks").symlink_to(ROOT / "notebooks")
    monkeypatch.setenv("RUNBOOK_HOME", str(made))
    monkeypatch.setattr("runbook_lib.headless.runner.WorkerProcess", None)
    with pytest.raises(BadParameter, match=r"there is no channel 'a'.*\n.*there is no channel 'b'"):
        run_notebook("44_notify", {"environment": "nowhere", "channels": ["a", "b"]})
