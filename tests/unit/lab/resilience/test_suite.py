"""Suites report everything: failed cases, a suite that breaks, one that is missing, one that was stopped."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from lab.instance import Instance
from lab.resilience.suite import NAMES, Case, Suite, SuiteResult, find_suite, run_suites

GOOD = Case("a good one", True, "3 of 3", 1.0)
BAD = Case("a bad one", False, "2 of 3", 2.0)


def passing(instance: Instance) -> Iterator[Case]:
    yield GOOD


def failing(instance: Instance) -> Iterator[Case]:
    yield GOOD
    yield BAD


def breaking(instance: Instance) -> Iterator[Case]:
    yield GOOD
    raise RuntimeError("the server went away")


def without_cases(instance: Instance) -> Iterator[Case]:
    yield from ()


@pytest.fixture(autouse=True)
def suites(monkeypatch: pytest.MonkeyPatch) -> None:
    for run in (passing, failing, breaking, without_cases):
        module = ModuleType(run.__name__)
        module.SUITE = Suite(run.__name__, f"It is {run.__name__}", run)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, f"lab.resilience.{run.__name__}", module)


def results_of(*names: str) -> list[SuiteResult]:
    results: list[SuiteResult] = []
    run_suites(names, Instance("double"), results, lambda: None)
    return results


def test_a_suite_passes_when_it_completed_and_all_its_cases_passed() -> None:
    assert [one.passed for one in results_of("passing", "failing")] == [True, False]


def test_a_suite_without_cases_does_not_pass() -> None:
    assert results_of("without_cases")[0].passed is False


def test_a_suite_that_breaks_is_a_failed_case_and_the_next_one_runs() -> None:
    broken, after = results_of("breaking", "passing")
    assert [case.passed for case in broken.cases] == [True, False]
    assert "the server went away" in broken.cases[-1].measured
    assert (broken.completed, broken.passed, after.passed) == (False, False, True)


def test_a_missing_suite_is_not_skipped_silently() -> None:
    (missing,) = results_of("never_written")
    assert not missing.passed
    assert "never_written" in missing.cases[0].measured


@pytest.mark.parametrize("name", NAMES)
def test_every_registered_suite_exists_under_its_own_name(name: str) -> None:
    suite = find_suite(name)
    assert isinstance(suite, Suite)
    assert suite.name == name
