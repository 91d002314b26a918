"""A tree of lines as YAML: the comments stay with their values, and every value comes back as it was."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from runbook_lib.adopting.lines import Line, merged, rendered, todo, values_of


@pytest.mark.parametrize("value", [
    "shop", "TODO", "yes", "02:00", "", " ", "a: b", "# no comment", "it's", 'say "hi"', "a\nb", "ä ö", "null", "1.0", "-", "[x]",
    "{name}", 5, 0.5, True, None, [], ["a, b", "c"], [80, 443], "x" * 300, "\u2028", "\x07",
])
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    text = "\n".join(rendered({"key": {"inner": Line(value, "a comment: # with signs")}}))
    assert yaml.safe_load(text) == {"key": {"inner": value}}


def test_a_long_comment_stands_above_and_foreign_text_does_not_leave_it() -> None:
    lines = rendered({"key": Line("v", "word " * 60 + "\nend: of it\x1b[2J")})
    assert lines[-1] == "key: v"
    assert len(lines) > 2
    assert all(line.startswith("# ") and "\x1b" not in line for line in lines[:-1])


def test_a_comment_that_all_lines_of_a_mapping_have_stands_once() -> None:
    tree = {"gate": {"a": Line(1, "usual"), "b": {"c": Line(2, "usual")}}, "watch": {"a": Line(1, "usual"), "b": Line(2)}}
    assert rendered(tree) == ["gate:  # usual", "  a: 1", "  b:", "    c: 2", "watch:", "  a: 1  # usual", "  b: 2"]


def test_a_comment_that_is_shared_and_long_stands_above() -> None:
    lines = rendered({"a": {"b": {"c": Line(1, "word " * 40)}}})
    assert lines[-3:] == ["a:", "  b:", "    c: 1"]
    assert all(len(line) <= 120 for line in lines)


def test_what_is_known_stands_over_what_is_usual() -> None:
    both = merged({"a": {"b": Line(1), "c": Line(2)}, "d": Line(3)}, {"a": {"b": Line(9)}, "e": Line(4)})
    assert values_of(both) == {"a": {"b": 9, "c": 2}, "d": 3, "e": 4}


def test_plain_data_is_the_readers_own() -> None:
    line = todo(listed=True)
    values_of({"a": line})["a"][0] = "written"
    assert line.value == ["TODO"]
    assert line.is_todo
