"""`python -m lab.resilience`: the exit code and the results agree, and Ctrl-C leaves a report."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from lab.instance import Instance
from lab.resilience import __main__ as command
from lab.resilience.suite import Case, Suite

INSTANCE = Instance("double")
GOOD = Case("a good one", True, "3 of 3", 1.0)


def passing(instance: Instance) -> Iterator[Case]:
    yield GOOD


def failing(instance: Instance) -> Iterator[Case]:
    yield GOOD
    yield Case("a bad one", False, "2 of 3", 2.0)


def stopped(instance: Instance) -> Iterator[Case]:
    yield GOOD
    raise KeyboardInterrupt


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUNBOOK_OUTPUTS", str(tmp_path))
    for run in (passing, failing, stopped):
        module = ModuleType(run.__name__)
        module.SUITE = Suite(run.__name__, run.__name__, run)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, f"lab.resilience.{run.__name__}", module)
    return tmp_path


def results(outputs: Path) -> dict[str, object]:
    (found,) = (outputs / "soak").glob("*/results.json")
    read: dict[str, object] = json.loads(found.read_text())
    return read


def test_a_failed_case_is_exit_1_and_in_the_results(outputs: Path) -> None:
    assert command.run_and_report(["passing", "failing"], INSTANCE) == 1
    written = results(outputs)
    assert (written["passed"], written["completed"]) == (False, True)
    assert "2 of 3 cases passed in 2 suites" in str(written["summary"])


def test_when_all_cases_passed_the_exit_code_is_0(outputs: Path) -> None:
    assert command.run_and_report(["passing"], INSTANCE) == 0
    assert results(outputs)["passed"] is True


def test_after_ctrl_c_the_report_covers_what_was_tested(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run_and_report(["stopped", "passing"], INSTANCE) == 130
    written = results(outputs)
    assert (written["passed"], written["completed"]) == (False, False)
    assert "not completed: stopped" in str(written["summary"])
    (page,) = (outputs / "soak").glob("*/report.html")
    assert "stopped before the end" in page.read_text()
    assert "✔ stopped: a good one" in capsys.readouterr().out


def test_the_report_is_there_after_each_case(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A soak takes hours; one that was killed left no report at all."""
    seen = []

    def run(instance: Instance) -> Iterator[Case]:
        yield GOOD
        seen.extend((outputs / "soak").glob("*/report.html"))

    monkeypatch.setattr(sys.modules["lab.resilience.passing"], "SUITE", Suite("passing", "passing", run))
    command.run_and_report(["passing"], INSTANCE)
    assert seen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_in_the_background_is_stopped_as_by_ctrl_c(outputs: Path, number: int) -> None:
    """A shell starts it with SIGINT ignored, and SIGTERM ended it without a report."""
    program = f"""
import signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
from lab.instance import Instance
from lab.resilience import __main__ as command, suite
command._bring_up = lambda instance: False
def run(instance):
    yield suite.Case("a good one", True, "", 0.0)
    signal.raise_signal({number:d})
    yield suite.Case("after the signal", True, "", 0.0)
suite.find_suite = lambda name: suite.Suite(name, name, run)
sys.exit(command.main(["races"]))
"""
    done = subprocess.run((sys.executable, "-c", program), cwd=Path(command.__file__).parents[2], timeout=120)
    assert done.returncode == 130
    assert len(results(outputs)["suites"][0]["cases"]) == 1  # type: ignore[index]


def test_an_unknown_suite_is_refused_before_anything_starts(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        command.main(["racez"])
    assert refused.value.code == 2
    assert "unknown suite racez" in capsys.readouterr().err
