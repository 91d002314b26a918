"""Every scenario runs once with the runbook and once with the plan's commands, and the server is restored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.bench import scenarios
from lab.bench.faults import FAULTS, Fault
from lab.bench.measures import MANUAL, RUNBOOK
from lab.bench.scenarios import NEW, OLD, Bench
from lab.errors import LabError
from lab.instance import Instance
from lab.resilience.runner import FinishedRun


class Run:
    """A run that ends at once with the code that its server was given."""

    def __init__(self, code: int) -> None:
        self.code = code

    def until(self, event: str, key: str) -> None:
        assert (event, key) == ("step_started", "watch")

    def wait(self) -> FinishedRun:
        return FinishedRun(self.code, "the last lines", None)


class Stage:
    """What happened to the server, in order."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.code = 0

    def start_run(self, name: str, environment: str, outputs: Path, notebook: str, parameters: dict[str, str],
                  reason: str) -> Run:
        self.done.append(f"{notebook} {next(iter(parameters.values()))}")
        breaks = reason.removeprefix("bench: ") in [fault.what for fault in FAULTS]
        return Run(5 if breaks else self.code)


class Operator:
    """Records the plan's commands."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def deploy(self, tag: str) -> None:
        self.stage.done.append(f"manual deploy {tag}")

    def roll_back(self, tag: str) -> None:
        self.stage.done.append(f"manual rollback {tag}")

    def colour(self) -> str:
        return "blue"

    def shell(self, line: str) -> str:
        return "green"


class Load:
    """A load that is always clean."""

    def wait_until_clean(self, clean_s: int, timeout_s: float) -> bool:
        return True


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage()
    monkeypatch.setattr(scenarios, "start_run", made.start_run)
    monkeypatch.setattr(scenarios, "Operator", lambda instance, note: Operator(made))
    monkeypatch.setattr(Fault, "inject", lambda self, instance, colour: made.done.append(f"{self.trigger} in {colour}"))
    return made


def bench(tmp_path: Path) -> Bench:
    return Bench(Instance("double"), tmp_path, 3, lambda text: None)


def test_every_scenario_is_measured_with_both_methods(stage: Stage, tmp_path: Path) -> None:
    load: Any = Load()
    intervals = list(bench(tmp_path).run(load, FAULTS[:2]))
    assert [(one.task, one.method, one.result) for one in intervals] == [
        (f"deploy {NEW}", RUNBOOK, "exit code 0"), (f"roll back to {OLD}", RUNBOOK, "exit code 0"),
        *((fault.trigger, RUNBOOK, "rolled back") for fault in FAULTS[:2]),
        (f"deploy {NEW}", MANUAL, "done"), *((fault.trigger, MANUAL, "done") for fault in FAULTS[:2])]
    assert stage.done[-1] == f"20_deploy {OLD}", "the server is restored"
    assert stage.done.count(f"manual deploy {NEW}") == 2


def test_only_a_fault_has_a_time_and_only_the_manual_method_a_keystroke(stage: Stage, tmp_path: Path) -> None:
    load: Any = Load()
    for one in bench(tmp_path).run(load, FAULTS[:1]):
        injected = one.task == FAULTS[0].trigger
        assert (one.fault_at is not None) == injected
        assert (one.first_key_at is not None) == (injected and one.method == MANUAL)
        assert bool(one.notes) == injected
        assert one.end >= one.begin


def test_a_preparation_that_fails_stops_the_benchmark(stage: Stage, tmp_path: Path) -> None:
    stage.code = 1
    with pytest.raises(LabError, match=r"ended with 1:\nthe last lines"):
        bench(tmp_path).prepare()
    assert stage.done == [f"20_deploy {NEW}"]
