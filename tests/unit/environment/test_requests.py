"""Placeholders of a user's flow: found wherever they stand, and filled once."""

from __future__ import annotations

from runbook_lib.environment.requests import filled, placeholders_in


def test_placeholders_are_found_in_lists_and_mappings_each_once() -> None:
    assert placeholders_in("/${a}/${b}", {"x": ["${c}", {"y": "${a}"}], "z": 1}, None) == ("a", "b", "c")


def test_a_value_is_filled_once_and_what_is_not_known_stays() -> None:
    values = {"a": "${b}", "b": "#$'\""}
    assert filled({"x": ["${a}", "${b}", "${c}", 1, None]}, values) == {"x": ["${b}", "#$'\"", "${c}", 1, None]}
