"""Runs every test that is data, and holds that each check has a case in which it does not pass."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from runbook_lib.authoring.layers import families
from runbook_lib.core.findings import Verdict
from tests.unit.data_cases import CheckCase, FactCase, check_cases, checks_of, fact_cases, gives_findings, resolved
from tests.unit.data_values import build, differences, environment_with, put

FACTS, CHECKS = list(fact_cases()), list(check_cases())


@pytest.mark.parametrize("case", FACTS, ids=[case.name for case in FACTS])
def test_a_reply_becomes_the_fact_or_the_error_that_its_file_expects(case: FactCase) -> None:
    assert case.check() == []


@pytest.mark.parametrize("case", CHECKS, ids=[case.name for case in CHECKS])
def test_facts_become_the_findings_that_their_file_expects(case: CheckCase) -> None:
    assert case.check() == []


@pytest.mark.parametrize("family", families())
def test_every_check_has_a_case_in_which_it_does_not_pass(family: str) -> None:
    checks = {name for name, check in checks_of(family).items() if gives_findings(check)}
    red = {case.check_name for case in CHECKS if case.is_red and case.family == family}
    assert checks - red == set()


def test_every_case_says_what_it_is_about() -> None:
    assert [case.name for cases in (FACTS, CHECKS) for case in cases if not case.case.get("about")] == []


@dataclass(frozen=True)
class Night:
    """A value to build."""

    at: datetime
    verdict: Verdict
    sizes: tuple[int, ...] = ()
    limit: float | None = None

    @property
    def total(self) -> int:
        return sum(self.sizes)


AS_JSON = {"at": "2026-11-22T16:00:00+00:00", "verdict": "failed", "sizes": [1, 2], "limit": 3}


def test_values_are_built_by_their_own_types() -> None:
    night = build(Night, AS_JSON)
    assert night == Night(datetime(2026, 11, 22, 16, tzinfo=UTC), Verdict.FAILED, (1, 2), 3.0)
    assert environment_with({"backup.keep_days": 3}).backup.keep_days == 3


@pytest.mark.parametrize("wrong", [{"sizes": ["1"]}, {"sizes": [True]}, {"size": []}, {"verdict": "fine"}, {"limit": "3"}, {"at": 3}])
def test_a_value_of_another_type_or_name_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        build(Night, AS_JSON | wrong)


def test_a_fact_is_compared_in_the_fields_and_properties_that_are_named() -> None:
    night = build(Night, AS_JSON)
    assert differences(night, {"total": 3, "verdict": "failed", "at": "2026-11-22T16:00:00+00:00"}) == []
    assert differences(night, {"sizes": [1], "totals": 3}) == [
        ".sizes: 2 values, expected 1: [1, 2]", ".totals: Night has no such name"]
    assert differences({"a": 1}, {}) == [": {'a': 1}, expected {}"]
    assert differences(1, True) == [": 1, expected True"]


def test_examples_are_changed_by_what_stands_next_to_their_name() -> None:
    examples = {"redis": {"state": "running", "health": "healthy"}, "all": [{"like": "redis"}]}
    assert resolved([{"like": "redis", "health": None}], examples) == [{"state": "running", "health": None}]
    facts = resolved({"containers": {"like": "all"}}, examples)
    put(facts, "containers.0.state", "exited")
    assert facts["containers"][0]["state"] == "exited"
    assert examples["redis"] == {"state": "running", "health": "healthy"}
    with pytest.raises(KeyError, match=r"there is no containers\.1\.state"):
        put(facts, "containers.1.state", "exited")


def test_a_wrong_expectation_is_noticed() -> None:
    case = next(case for case in FACTS if "expect" in case.case)
    broken = FactCase(case.name, case.module, {**case.case, "expect": json.dumps("something else")})
    assert broken.check() != []
    red = next(case for case in CHECKS if case.is_red)
    assert CheckCase(red.name, red.family, red.check_name, red.function, {**red.case, "findings": []}, red.examples).check() != []
