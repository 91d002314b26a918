"""A good deployment counts only when the release stayed live, its watch passed, and the load was really sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from lab.resilience import false_rollbacks
from lab.resilience.suite import Case
from lab.resilience.traffic import NEW, OLD

INSTANCE: Any = SimpleNamespace()


class Deployments:
    """In place of real deployments: the exit codes and the states of the watch that they end with, in order."""

    def __init__(self, *endings: tuple[int, str]) -> None:
        self.endings, self.refs = [(0, "passed"), *endings], list[str]()

    def __call__(self, instance: Any, notebook: str, parameters: dict[str, str]) -> Any:
        self.refs.append(parameters["ref"])
        code, watch = self.endings[len(self.refs) - 1]
        return SimpleNamespace(code=code, states={"watch": watch}, output="automatic rollback: p95")


def cases(monkeypatch: pytest.MonkeyPatch, deployments: Deployments, rate: float = 0.0, reached: float = 0.0) -> list[Case]:
    @contextmanager
    def load(instance: Any, wanted: float) -> Iterator[Any]:
        yield SimpleNamespace(result=SimpleNamespace(seconds=10, rate=reached))

    monkeypatch.setattr(false_rollbacks, "change", deployments)
    monkeypatch.setattr(false_rollbacks, "background_load", load)
    times = len(deployments.endings) - 1
    return list(false_rollbacks.good_deployments(INSTANCE, times=times, rate=rate))


def test_the_two_releases_are_deployed_alternately(monkeypatch: pytest.MonkeyPatch) -> None:
    deployments = Deployments((0, "passed"), (0, "passed"), (0, "passed"))
    assert all(case.passed for case in cases(monkeypatch, deployments))
    first, *rest = deployments.refs
    assert first == OLD
    assert rest == [NEW, OLD, NEW]


@pytest.mark.parametrize(("ending", "shown"), [((5, "failed"), "automatic rollback"), ((0, ""), "the watch did not pass")])
def test_a_rollback_or_a_missing_watch_is_a_failure(monkeypatch: pytest.MonkeyPatch, ending: tuple[int, str], shown: str) -> None:
    (case,) = cases(monkeypatch, Deployments(ending))
    assert not case.passed
    assert shown in case.measured


@pytest.mark.parametrize(("reached", "passed"), [(99.5, True), (80.0, False)])
def test_a_load_that_was_not_sent_proves_nothing(monkeypatch: pytest.MonkeyPatch, reached: float, passed: bool) -> None:
    *_, load = cases(monkeypatch, Deployments((0, "passed")), rate=100.0, reached=reached)
    assert load.passed is passed
