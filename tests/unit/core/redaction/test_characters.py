"""How one character is written: by every program's quoting, the longest first."""

from __future__ import annotations

import pytest

from runbook_lib.core.redaction.characters import spelled


@pytest.mark.parametrize("character", "aZ09")
def test_letters_and_digits_are_written_as_themselves(character: str) -> None:
    assert spelled(character) == (character,)


@pytest.mark.parametrize(("character", "way"), [
    ("'", "'\\''"), ("'", "'\"'\"'"), ("'", "''"), ("'", "&#x27;"), ('"', '\\"'), ('"', "&quot;"), ("$", "$$"), ("$", "\\$"),
    (" ", "+"), (" ", "%20"), ("+", "%2b"), ("+", "%2B"), ("/", "\\/"), ("<", "\\u003c"), ("<", "&lt;"), ("<", "&amp;lt;"),
    ("ö", "\\u00f6"), ("ö", "\\xc3\\xb6"), ("ö", "\\303\\266"), ("ö", "%c3%b6"), ("ö", "%25C3%25B6"), ("\n", "\\n"), ("\n", "\r\n"),
    ("\N{GRINNING FACE}", "\\ud83d\\ude00"), ("\N{GRINNING FACE}", "\\U0001f600"),
])
def test_the_usual_ways_of_a_sign_are_known(character: str, way: str) -> None:
    assert way in spelled(character)


def test_a_row_is_written_in_one_way_throughout() -> None:
    assert "%2B%2B%2B" in spelled("+", 3)
    assert "+%2B+" not in spelled("+", 3)
    assert "\\" * 6 in spelled("\\", 3)
    assert [len(way) for way in spelled("<", 2)] == sorted((len(way) for way in spelled("<", 2)), reverse=True)


def test_a_letter_is_worked_out_once_for_all_secrets() -> None:
    assert spelled("§", 2) is spelled("§", 2)
