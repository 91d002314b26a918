"""Parameters are strict: what papermill would guess or let pass is refused with words that help."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook_lib.contract import Contract, parse_contract
from runbook_lib.core.errors import BadParameter

CELL = '''
environment: str = "lab"      # a file in parameters/environments
mode: str = "plan"            # "plan" or "apply"
ref: str = "v3.2.0"
version: str
keep_days: int = 30           # days
limit: float = 1.5
fast: bool = False
note: str | None = None
tables: list[str] = ["users"]
colour: Literal["blue", "green"] = "blue"
plan_hash: str = ""
watch_s: float | None = None
'''


@pytest.fixture(scope="module")
def contract() -> Contract:
    return parse_contract("20_deploy", CELL)


def check(contract: Contract, **values: Any) -> dict[str, Any]:
    return contract.check({"version": "1.10", **values})


def test_defaults_and_comments_are_read_from_the_cell(contract: Contract) -> None:
    values = check(contract)
    assert values["keep_days"] == 30
    assert values["tables"] == ["users"]
    assert contract.parameters[0].comment == "a file in parameters/environments"
    assert [one.name for one in contract.parameters if one.required] == ["version"]
    assert contract.changes_things


def test_a_missing_required_parameter_is_named(contract: Contract) -> None:
    with pytest.raises(BadParameter, match="version: is required"):
        contract.check({})


def test_every_fault_is_reported_at_once(contract: Contract) -> None:
    with pytest.raises(BadParameter) as refused:
        check(contract, keepdays=3, fast="yes", limit="much")
    assert "keepdays is not a parameter of 20_deploy; did you mean 'keep_days'" in refused.value.what
    assert "fast: should be true or false, got 'yes'" in refused.value.what
    assert "limit: should be a number, got 'much'" in refused.value.what


@pytest.mark.parametrize(("name", "value"), [
    ("version", 1.10), ("keep_days", 7.0), ("keep_days", True), ("fast", 1), ("tables", "users"), ("tables", [1]),
    ("colour", "red"), ("mode", "aply"), ("limit", float("inf")), ("limit", float("nan")), ("keep_days", None),
    ("plan_hash", "xyz"), ("environment", ""), ("watch_s", -1.0),
])
def test_values_of_another_type_or_meaning_are_refused(contract: Contract, name: str, value: Any) -> None:
    with pytest.raises(BadParameter, match=name):
        check(contract, **{name: value})


def test_a_number_for_a_text_says_how_to_keep_it_text(contract: Contract) -> None:
    with pytest.raises(BadParameter, match="-r instead of -p"):
        check(contract, version=1.1)


def test_whole_numbers_widen_to_numbers_and_none_is_a_value_where_allowed(contract: Contract) -> None:
    assert check(contract, limit=2)["limit"] == 2.0
    assert check(contract, note=None)["note"] is None


@pytest.mark.parametrize("ref", [
    "--upload-pack=x", "a;id", "a$(id)", "a b", "-x", "a..b", "a//b", "a.lock", "a/", "a.", "a\nb", "x" * 201, "a^{}",
    "a~1", "a:b", "é",
])
def test_hostile_refs_are_refused(contract: Contract, ref: str) -> None:
    with pytest.raises(BadParameter, match="ref"):
        check(contract, ref=ref)


@pytest.mark.parametrize("ref", ["v3.2.0", "develop", "feature/x-1", "7e12345", "1.10+build.2"])
def test_usual_refs_pass_unchanged(contract: Contract, ref: str) -> None:
    assert check(contract, ref=ref)["ref"] == ref


@pytest.mark.parametrize(("name", "text", "value"), [
    ("version", "1.10", "1.10"), ("version", "7e12345", "7e12345"), ("version", "True", "True"), ("keep_days", "7", 7),
    ("limit", "2", 2.0), ("fast", "true", True), ("fast", "no", False), ("tables", "a, b", ["a", "b"]),
    ("note", "none", None), ("note", "hello", "hello"), ("colour", "green", "green"),
])
def test_command_line_texts_take_the_parameters_type(contract: Contract, name: str, text: str, value: Any) -> None:
    assert contract.parse({name: text}) == ({name: value}, [])


@pytest.mark.parametrize(("name", "text"), [
    ("keep_days", "1.0"), ("keep_days", "1_000"), ("limit", "7e99999"), ("limit", "nan"), ("fast", "maybe"),
    ("colour", "red"), ("colr", "blue"),
])
def test_command_line_texts_that_do_not_fit_are_refused(contract: Contract, name: str, text: str) -> None:
    values, faults = contract.parse({name: text})
    assert (values, len(faults)) == ({}, 1)
    assert faults[0].startswith(name)


@given(st.text(min_size=0, max_size=50))
def test_a_text_parameter_keeps_every_text(text: str) -> None:
    contract = parse_contract("x", 'version: str = ""')
    assert contract.check(contract.parse({"version": text})[0]) == {"version": text}


@pytest.mark.parametrize("cell", [
    "x = 1", "x: int = 1 + y", "x: int = 'a'", "x: dict = {}", "import os", "x: int = f()", "x: int = (",
    "x.y: int = 1",
])
def test_a_cell_that_is_not_a_list_of_annotated_literals_is_refused(cell: str) -> None:
    with pytest.raises(BadParameter, match="parameters cell"):
        parse_contract("x", cell)
