"""A secret whose letters HTML writes by their numbers is masked as if they were letters, in time that grows with the text."""

from __future__ import annotations

import codecs
import html
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runbook_lib.core.redaction import Redactor, Secret
from runbook_lib.core.redaction.references import read_references

VALUE = "Zq7-Wm3xK9_pL2vB8nR4.tUc5F6g"
PROSE = "the quick brown fox jumps over 12 lazy dogs "
WAYS: dict[str, Callable[[str], str]] = {
    "decimal": lambda letter: f"&#{ord(letter)};",
    "three digits": lambda letter: f"&#{ord(letter):03d};",
    "hexadecimal": lambda letter: f"&#x{ord(letter):x};",
    "capitals": lambda letter: f"&#X{ord(letter):02X};",
    "escaped again": lambda letter: f"&amp;#{ord(letter)};",
    "and again": lambda letter: f"&amp;amp;#{ord(letter)};",
}


def read(text: str) -> str:
    for _ in range(3):
        text = html.unescape(text)
    return text


def left_of(value: str, shown: str, most: int = 5) -> list[str]:
    """Pieces of the value that are longer than `most` and can still be read."""
    clear = read(shown).replace("\n", "")
    return [piece for place in range(len(value) - most) if (piece := value[place:place + most + 1]) in clear]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("around", [0, 1, 1000])
def test_every_letter_by_its_number_is_masked_in_text_of_any_length(way: Callable[[str], str], around: int) -> None:
    written = "".join(way(letter) for letter in f"{PROSE * around}token={VALUE}; next")
    clean = Redactor([Secret("S", VALUE)]).text(written)
    assert "‹S›" in clean and left_of(VALUE, clean) == []
    if around == 1000:  # a token that is too long to be masked whole
        assert read(clean) == f"{PROSE * around}token=‹S›; next"


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x24F), min_size=12, max_size=60),
       st.sampled_from(sorted(WAYS)), st.integers(8, 40), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_value_is_masked_in_lines_of_any_length(value: str, way: str, size: int, prose: bool) -> None:
    value = f"q7{value}Wm3xK9x9"
    lines = [value[place:place + size] for place in range(0, len(value), size)]
    written = "\n".join("".join(WAYS[way](letter) for letter in line) for line in lines)
    clean = Redactor([Secret("S", value)]).text(f"{PROSE}\n{written}\n{PROSE}" if prose else written)
    assert "‹S›" in clean and left_of(value, clean) == []


@pytest.mark.parametrize("piece", [VALUE[:20], VALUE[8:], VALUE[3:25]])
def test_a_piece_that_tells_is_masked_as_well(piece: str) -> None:
    written = " ".join("".join(map(WAYS["decimal"], word)) for word in f"token {piece} next".split())
    assert read(Redactor([Secret("S", VALUE)]).text(written)) == "token ‹S› next"


@pytest.mark.parametrize("way", ["decimal", "hexadecimal"])
def test_a_stream_shows_nothing_of_it_however_it_is_cut(way: str) -> None:
    written, redactor = "".join(map(WAYS[way], f"{PROSE}{VALUE}")) + " end\n", Redactor([Secret("S", VALUE)])
    for size in (1, 7, 50, 333):
        shown = rest = ""
        for place in range(0, len(written), size):
            done, rest = redactor.split(rest + written[place:place + size])
            shown += done
        assert left_of(VALUE, shown + redactor.text(rest)) == [], size


@pytest.mark.parametrize("way", ["decimal", "escaped again"])
@pytest.mark.parametrize("size", [1, 4, 8, 20])
def test_a_stream_shows_nothing_of_it_where_it_goes_over_several_lines(way: str, size: int) -> None:
    """What came in the first of the lines was shown before the next one made a secret of both."""
    lines = [VALUE[place:place + size] for place in range(0, len(VALUE), size)]
    written = f"{PROSE}\n" + "\n".join("".join(map(WAYS[way], line)) for line in lines) + f" end\n{PROSE}\n"
    pieces = [[written[place:place + cut] for place in range(0, len(written), cut)] for cut in (1, 7, 50, 333)]
    for cut in (*pieces, written.splitlines(keepends=True)):
        redactor, shown, rest = Redactor([Secret("S", VALUE)]), "", ""
        for piece in cut:
            done, rest = redactor.split(rest + piece)
            shown += done
        assert rest == "", "text that ends no row is not held back"
        assert left_of(VALUE, shown) == [], len(cut)


def test_other_text_by_numbers_stays_as_it_is() -> None:
    written = "".join(map(WAYS["decimal"], PROSE)) + " &#39;a&#39; &#1114112;&#1114112;&#1114112;&#1114112;&#1114112; &#;"
    assert Redactor([Secret("S", VALUE)]).text(written) == written
    assert read_references("it&#39;s 5 &lt; 6, A&#38;B") is None


def test_places_are_known_in_the_original() -> None:
    text = "ab &#65;&#66;&#x43;&#68;&#69; cd"
    shown = read_references(text)
    assert shown is not None and shown.text == "ab ABCDE cd"
    for start in range(len(shown.text)):
        for end in range(start + 1, len(shown.text) + 1):
            begin, behind = shown.span(start, end)
            assert html.unescape(text[begin:behind]) == shown.text[start:end]


def test_the_work_is_a_few_steps_a_character_and_grows_with_the_length() -> None:
    """A megabyte took eighteen times as long as other text: each number begins as one of a secret's own does.

    Counted and not timed: 17 calls a character then, 1.6 now.
    """
    redactor = Redactor([Secret("S", VALUE), Secret("T", "hunter2-Long&Pass'word"), Secret("U", "0123abcdef" * 4)])
    encoded, twice = ("".join(map(WAYS["decimal"], PROSE * times)) for times in (200, 400))
    first, second = calls_for(redactor, encoded), calls_for(redactor, twice)
    assert first < 4 * len(encoded)
    assert second < 2.1 * first


def calls_for(redactor: Redactor, text: str) -> int:
    """How many functions are called, once the expressions are made."""
    redactor.text(text)
    events: list[str] = []
    sys.setprofile(lambda frame, event, argument: events.append(event) if event in ("call", "c_call") else None)
    try:
        redactor.text(text)
    finally:
        sys.setprofile(None)
    return len(events)


@pytest.mark.parametrize("turn", [lambda value: value[::-1], lambda value: codecs.encode(value, "rot13"),
                                  lambda value: codecs.encode(value, "rot13")[::-1]], ids=["reversed", "rot13", "both"])
@pytest.mark.parametrize("value", [VALUE, "correct horse battery", "x" + "9f86d081884c7d659a2feaa0" * 2])
def test_a_value_that_was_turned_is_masked(turn: Callable[[str], str], value: str) -> None:
    redactor = Redactor([Secret("S", value)])
    assert redactor.text(f"token={turn(value)}; next") == "token=‹S›; next"
    assert redactor.text(f"{PROSE}{PROSE[::-1]}") == f"{PROSE}{PROSE[::-1]}"
