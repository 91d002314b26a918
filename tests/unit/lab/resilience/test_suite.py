"""The frame of the proofs tells everything: what did not hold, what broke, what is missing, what was stopped."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from lab.instance import Instance
from lab.resilience import __main__ as command
from lab.resilience.report import line_of, summary, write_report, write_results
from lab.resilience.suite import NAMES, Case, Suite, SuiteResult, find_suite, run_suites

HERE = Instance("double")
GOOD = Case("a good one", True, "3 of 3", 1.0)
BAD = Case("<script>alert(1)</script>", False, "2 of 3 \x1b[31m& more", 2.0)


def holds(instance: Instance) -> Iterator[Case]:
    yield GOOD


def fails(instance: Instance) -> Iterator[Case]:
    yield GOOD
    yield BAD


def breaks(instance: Instance) -> Iterator[Case]:
    yield GOOD
    raise RuntimeError("the server went away")


def is_stopped(instance: Instance) -> Iterator[Case]:
    yield GOOD
    raise KeyboardInterrupt


def nothing(instance: Instance) -> Iterator[Case]:
    yield from ()


@pytest.fixture(autouse=True)
def proofs(monkeypatch: pytest.MonkeyPatch) -> None:
    for prove in (holds, fails, breaks, is_stopped, nothing):
        module = ModuleType(prove.__name__)
        module.SUITE = Suite(prove.__name__, f"It {prove.__name__}", prove)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, f"lab.resilience.{prove.__name__}", module)


def proven(*names: str) -> list[SuiteResult]:
    found: list[SuiteResult] = []
    run_suites(names, HERE, found, lambda one: None)
    return found


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUNBOOK_OUTPUTS", str(tmp_path))
    return tmp_path


def results(outputs: Path) -> dict[str, object]:
    (found,) = (outputs / "soak").glob("*/results.json")
    read: dict[str, object] = json.loads(found.read_text())
    return read


def test_a_proof_holds_when_all_its_cases_do_and_it_came_to_its_end() -> None:
    assert [one.passed for one in proven("holds", "fails")] == [True, False]


def test_a_proof_without_cases_proves_nothing() -> None:
    assert proven("nothing")[0].passed is False


def test_a_proof_that_breaks_is_a_case_that_did_not_hold_and_the_next_one_runs() -> None:
    broken, after = proven("breaks", "holds")
    assert [case.passed for case in broken.cases] == [True, False]
    assert "the server went away" in broken.cases[-1].measured
    assert (broken.whole, broken.passed, after.passed) == (False, False, True)


def test_a_proof_that_is_not_there_is_not_skipped_silently() -> None:
    (missing,) = proven("never_written")
    assert not missing.passed
    assert "never_written" in missing.cases[0].measured


def test_the_exit_code_and_the_results_say_what_did_not_hold(outputs: Path) -> None:
    assert command.prove(["holds", "fails"], HERE) == 1
    written = results(outputs)
    assert (written["held"], written["over"]) == (False, True)
    assert "2 of 3 cases held in 2 proofs" in str(written["summary"])


def test_everything_that_held_ends_with_zero(outputs: Path) -> None:
    assert command.prove(["holds"], HERE) == 0
    assert results(outputs)["held"] is True


def test_after_ctrl_c_the_report_says_what_was_proven_so_far(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.prove(["is_stopped", "holds"], HERE) == 130
    written = results(outputs)
    assert (written["held"], written["over"]) == (False, False)
    assert "not finished: is_stopped" in str(written["summary"])
    (page,) = (outputs / "soak").glob("*/report.html")
    assert "Stopped before the end" in page.read_text()
    assert "✔ is_stopped: a good one" in capsys.readouterr().out


def test_the_report_escapes_what_was_measured(tmp_path: Path) -> None:
    began = datetime(2026, 11, 22, tzinfo=UTC)
    page = write_report(tmp_path, proven("fails"), instance="lab", began=began, over=True).read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in page
    assert page.index("&lt;script&gt;") < page.index("a good one")  # what did not hold leads
    assert "http" not in page.split("</head>")[1]


def test_results_are_whole_at_any_moment(tmp_path: Path) -> None:
    began = datetime(2026, 11, 22, tzinfo=UTC)
    for cases in ("holds", "fails"):
        path = write_results(tmp_path, proven(cases), instance="lab", began=began, over=False)
        assert json.loads(path.read_text())["proofs"][0]["cases"]
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_a_line_of_the_terminal_holds_no_terminal_codes() -> None:
    assert line_of("fails", BAD) == "✘ fails: <script>alert(1)</script> (2.0 s): 2 of 3 & more"
    assert summary([]) == "0 of 0 cases held in 0 proofs, 0.0 minutes"


def test_an_unknown_name_is_refused_before_anything_starts(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        command.main(["stopz"])
    assert refused.value.code == 2
    assert "there is no proof stopz" in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_every_registered_proof_is_written_and_carries_its_own_name(name: str) -> None:
    proof = find_suite(name)
    assert isinstance(proof, Suite)
    assert proof.name == name
