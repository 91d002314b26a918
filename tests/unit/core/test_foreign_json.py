"""Foreign JSON: what is JSON is read as Python reads it, and everything else is refused in one way, at any size."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook_lib.core.foreign_json import (
    DEEPEST,
    LONGEST_NUMBER,
    MISSING,
    NotJson,
    kind_of,
    read_json,
    read_object,
    read_records,
    same_json,
    value_at,
)

PACKAGE = Path(__file__).parents[3] / "runbook_lib"
# the own pipes and job files of runner, worker and load generator, written by the other one; programs that run elsewhere as text
OWN = {"core/foreign_json.py", "connections/load/generator.py", "headless/worker.py", "headless/worker_process.py",
       "platform/facts/container_http.py"}
VALUES = st.recursive(st.none() | st.booleans() | st.integers(-10**40, 10**40) | st.floats(allow_nan=False, allow_infinity=False)
                      | st.text(st.characters(exclude_categories=["Cs"])),
                      lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner))


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@given(VALUES)
def test_what_is_json_is_read_as_python_reads_it(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert read_json(text) == read_json(text.encode()) == read_json(text, strict=False) == value


@given(st.text() | st.binary() | st.text("[]{}\",:0123456789eE+-.\\ud").map(str))
def test_whatever_the_text_is_it_is_a_value_or_not_json(text: str | bytes) -> None:
    with suppress(NotJson):
        json.dumps(read_json(text), allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize(("text", "reason"), [
    ("", "Expecting value"),
    ("{", "Expecting property name"),
    ("{} {}", "Extra data"),
    (nested(DEEPEST + 1), "nested deeper than 100 levels"),
    (nested(100_000), "nested deeper than 100 levels"),
    ("[" * 100_000, "nested deeper than 100 levels"),
    ('{"a":' * 100_000, "nested deeper than 100 levels"),
    ("NaN", "NaN is not a number"),
    ('{"a": -Infinity}', "-Infinity is not a number"),
    ("1e999", "too large"),
    ("-1E+400", "too large"),
    ("9" * 400 + ".5", "too large"),
    ("9" * (LONGEST_NUMBER + 1), "a number of 65 digits"),
    ("9" * 10_000, "a number of 10,000 digits"),
    ('{"a": 1, "a": 2}', "'a' occurs twice"),
    ('{"b": [{"a": 1, "\\u0061": 2}]}', "'a' occurs twice"),
    (r'"\ud800"', "surrogate"),
    (r'{"\udc80": 1}', "surrogate"),
    (r'["\ud83d x"]', "surrogate"),
    ('"\udc80"', "surrogate"),
    ('"a\nb"', "control character"),
    (b"\xff\xfe\xfa", "codec"),
    (b'"\xff"', "codec"),
])
def test_what_no_reader_could_use_is_refused(text: str | bytes, reason: str) -> None:
    with pytest.raises(NotJson, match=reason):
        read_json(text)


def test_more_than_is_ever_kept_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbook_lib.core.foreign_json.LONGEST", 10)
    with pytest.raises(NotJson, match="11 characters, more than 10"):
        read_json('"123456789"')


def test_the_deepest_and_longest_that_is_read() -> None:
    assert read_json("9" * LONGEST_NUMBER) == 10**LONGEST_NUMBER - 1
    assert json.dumps(read_json(nested(DEEPEST))) == nested(DEEPEST)
    assert len(read_json(f"[{','.join(['[]'] * 10_000)}]")) == 10_000
    assert read_json(rf'"{"7" * 100} \ud83d\ude00"') == "7" * 100 + " \U0001f600"


def test_a_byte_order_mark_is_left_out() -> None:
    assert read_json(b"\xef\xbb\xbf{}") == {}


def test_log_lines_are_read_leniently_and_no_deeper() -> None:
    assert read_json('{"a": 1, "a": 2}', strict=False) == {"a": 2}
    assert read_json(r'"\udc80"', strict=False) == "\udc80"
    for text in (nested(100_000), "NaN", "1e999", "9" * 10_000):
        with pytest.raises(NotJson):
            read_json(text, strict=False)


@pytest.mark.parametrize(("text", "kind"), [
    ("[]", "a list"), ("null", "null"), ("true", "true"), ('"x"', "a text"), ("1", "a number"), ("1.5", "a number")])
def test_an_object_is_an_object(text: str, kind: str) -> None:
    with pytest.raises(NotJson, match=f"^{kind}, not a JSON object"):
        read_object(text)
    assert kind_of(read_object("{}")) == "an object"


def test_no_module_reads_foreign_json_in_another_way() -> None:
    mine = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if re.search(r"\bjson\w*\.loads?\(", path.read_text())}
    assert mine == OWN


def test_lines_that_are_no_record_are_counted_and_the_others_read() -> None:
    text = '{"a": 1}\n\n{"a": \n{"b": 2}\n[]\n{"a": 3}\n'
    assert read_records(text, lambda data: data["a"]) == ((1, 3), 3)
    assert read_records("", lambda data: data["a"]) == ((), 0)


@pytest.mark.parametrize(("one", "other", "same"), [
    (1, 1.0, True), (0, -0.0, True), (10**15, 1e15, True), (1.5, 1.5, True), (1, 2, False),
    (True, 1, False), (1, True, False), (False, 0, False), (False, 0.0, False), (True, True, True),
    (None, False, False), (None, None, True), ("1", 1, False), ("", None, False),
    ([1, 2], [1.0, 2.0], True), ([1], [True], False), ([1, 2], [2, 1], False), ([1], [1, 1], False), ([], {}, False),
    ({"a": 1, "b": [0]}, {"b": [0.0], "a": 1.0}, True), ({"a": 1}, {"a": True}, False), ({"a": None}, {}, False),
    ({"a": None}, {"b": None}, False), (MISSING, None, False), (MISSING, "", False), (MISSING, MISSING, False), ([{"a": [1]}], [{"a": [True]}], False),
], ids=str)
def test_numbers_are_the_same_by_their_value_and_true_is_no_number(one: object, other: object, same: bool) -> None:
    assert same_json(one, other) is same
    assert same_json(other, one) is same


@pytest.mark.parametrize(("place", "value"), [
    ("a", None), ("b.c", None), ("b.d", 1), ("e.f", 2), ("x", MISSING), ("b.x", MISSING), ("a.x", MISSING), ("b.d.x", MISSING)])
def test_a_place_that_a_document_does_not_have_is_not_null(place: str, value: object) -> None:
    assert value_at({"a": None, "b": {"c": None, "d": 1}, "e.f": 2}, place) is value
    assert value_at([], place) is MISSING
