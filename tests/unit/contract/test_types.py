"""The types a parameter can have: what each takes, what a text means, and that nothing is guessed."""

from __future__ import annotations

import ast
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook_lib.capacity.facts.load_test import CLOSED, OPEN
from runbook_lib.contract.types import ParameterType, type_of, validator_for
from runbook_lib.platform.plans.rollout import BreakingMigration, Sessions
from runbook_lib.recovery.plans.schedules import INSTALLED, REMOVED


def named(annotation: str) -> ParameterType:
    return type_of(ast.parse(annotation, mode="eval").body)


@pytest.mark.parametrize(("annotation", "words"), [
    ("str", "text"), ("int", "a whole number"), ("float", "a number"), ("bool", "true or false"),
    ("str | None", "text, or nothing"), ("list[int]", "a list of int"), ("Literal['blue', 'green']", "'blue' or 'green'"),
])
def test_a_type_is_named_in_plain_words(annotation: str, words: str) -> None:
    assert str(named(annotation)) == words


@pytest.mark.parametrize("annotation", ["dict", "list", "list[list[int]]", "str | int", "Optional[str]", "x.y"])
def test_another_annotation_is_not_a_type(annotation: str) -> None:
    with pytest.raises(ValueError):
        named(annotation)


@pytest.mark.parametrize(("annotation", "value"), [
    ("int", "3"), ("int", True), ("int", 3.0), ("float", float("nan")), ("float", True), ("bool", 1), ("str", None),
    ("list[int]", [1, "2"]), ("list[str]", "ab"), ("Literal[1, 2]", True), ("Literal['a']", "b"),
])
def test_a_value_of_another_type_is_refused(annotation: str, value: Any) -> None:
    with pytest.raises(ValueError, match="should be"):
        named(annotation).coerce(value)


def test_a_whole_number_widens_and_tuples_become_lists() -> None:
    assert type(named("float").coerce(2)) is float
    assert named("list[int]").coerce((1, 2)) == [1, 2]
    assert named("int | None").coerce(None) is None


@pytest.mark.parametrize(("annotation", "text", "value"), [
    ("int", " 7 ", 7), ("int", "-3", -3), ("float", ".5", 0.5), ("float", "1e3", 1000.0), ("bool", "ON", True), ("bool", "0", False),
    ("list[str]", "[]", []), ("list[str]", " [mail, slack] ", ["mail", "slack"]),
    ("list[str]", '["mail", "slack"]', ["mail", "slack"]), ("list[str]", "'mail', it's, \"", ["mail", "it's", '"']), ("list[str]", "[x] a, b [y]", ["[x] a", "b [y]"]),
    ("str", "", ""), ("list[int]", "1, 2,", [1, 2]), ("list[str]", "", []), ("int | None", "NULL", None), ("Literal[1, 2]", "2", 2),
])
def test_a_text_of_the_command_line_means_a_value(annotation: str, text: str, value: Any) -> None:
    assert named(annotation).parse(text) == value


@pytest.mark.parametrize(("annotation", "text"), [
    ("int", "1_000"), ("int", "0x10"), ("int", ""), ("float", "inf"), ("float", "7e99999"), ("bool", "maybe"), ("Literal[1]", "01"),
])
def test_a_text_that_could_only_be_guessed_is_refused(annotation: str, text: str) -> None:
    with pytest.raises(ValueError):
        named(annotation).parse(text)


@given(st.integers())
def test_every_whole_number_is_read_as_it_is_written(number: int) -> None:
    assert named("int").parse(str(number)) == number


@pytest.mark.parametrize(("name", "good", "bad"), [
    ("mode", "apply", "aply"), ("ref", "feature/x-1", "a..b"), ("to", "v3.2.0", "-x"), ("environment", "lab", " "),
    ("plan_hash", "0123456789abcdef", "0123456789ABCDEF"), ("database", "keep", "drop"), ("backup", "a.sql.gz", "../a"),
])
def test_a_parameter_of_that_name_means_the_same_in_every_notebook(name: str, good: str, bad: str) -> None:
    assert validator_for(name)(good) == good
    with pytest.raises(ValueError, match="should"):
        validator_for(name)(bad)


@pytest.mark.parametrize(("name", "known"), [
    ("breaking_migration", get_args(BreakingMigration)), ("sessions", get_args(Sessions)), ("schedules", (INSTALLED, REMOVED)),
    ("model", (OPEN, CLOSED)),
])
def test_choices_are_those_that_the_families_take(name: str, known: tuple[str, ...]) -> None:
    assert [validator_for(name, known[0])(one) for one in known] == list(known)
    with pytest.raises(ValueError, match=f"should be '{known[0]}' or '{known[1]}', got 'maybe'"):
        validator_for(name, known[0])("maybe")
    assert validator_for(name, "of another notebook")("maybe") == "maybe"


def test_other_names_take_every_value_of_their_type() -> None:
    assert validator_for("note")("../a") == "../a"


def test_a_long_value_is_shown_shortened() -> None:
    with pytest.raises(ValueError) as refused:
        validator_for("ref")("x y" * 500)
    assert len(str(refused.value)) < 200
