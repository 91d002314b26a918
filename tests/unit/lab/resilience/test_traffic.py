"""A change of release passes only when its run passed and no request that was due meanwhile failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.instance import Instance
from lab.resilience import false_rollbacks, traffic
from lab.resilience.false_rollbacks import good_deployments
from lab.resilience.runner import FinishedRun
from lab.resilience.traffic import change_under_load, last_lines

INSTANCE = Instance("double")


class Load:
    """A load whose settled seconds are given."""

    seconds = 10

    def __init__(self, sent: int, failed: int, outage_s: int) -> None:
        self.counts = sent, failed, outage_s

    def wait_until_settled(self, seconds: int, timeout_s: float) -> bool:
        return True

    def since(self, second: int) -> tuple[int, int, int]:
        return self.counts


@pytest.mark.parametrize(("load", "code", "passed"), [
    (Load(100, 0, 0), 0, True), (Load(100, 1, 1), 0, False), (Load(100, 0, 0), 5, False), (Load(0, 0, 0), 0, False),
])
def test_a_change_passes_without_a_failed_request(monkeypatch: pytest.MonkeyPatch, load: Load, code: int,
                                                  passed: bool) -> None:
    monkeypatch.setattr(traffic, "change", lambda *_: FinishedRun(code, "one\n\ntwo\nthree\nfour\n", None))
    case = change_under_load(load, "deploy", INSTANCE, "20_deploy", {"ref": "v1"})  # type: ignore[arg-type]
    assert case.passed is passed
    assert ("two / three / four" in case.measured) == (code != 0)


def test_the_last_lines_are_one_line() -> None:
    assert last_lines(FinishedRun(1, "a\nb \n\n c\nd\n", None)) == "b / c / d"


def test_a_good_deployment_that_is_rolled_back_or_not_watched_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    class Run(FinishedRun):
        watch = "passed"

        @property
        def states(self) -> dict[str, str]:
            return {"watch": self.watch}

    unwatched = Run(0, "", None)
    object.__setattr__(unwatched, "watch", "skipped")
    runs = iter([Run(0, "", None), Run(0, "", None), Run(5, "rolled back", None), unwatched])
    deployed: list[Any] = []

    def change(instance: Instance, notebook: str, parameters: dict[str, str]) -> FinishedRun:
        deployed.append(parameters["ref"])
        return next(runs)

    monkeypatch.setattr(false_rollbacks, "change", change)
    cases = list(good_deployments(INSTANCE, times=3, rate=0.0))
    assert [case.passed for case in cases] == [True, False, False]
    assert deployed == ["v3.1.0", "v3.2.0", "v3.1.0", "v3.2.0"]


def test_evidence_is_written_next_to_the_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_OUTPUTS", str(tmp_path / "soak/runs"))
    assert traffic._outputs() == tmp_path / "soak/runs"
    assert (tmp_path / "soak/runs").is_dir()
