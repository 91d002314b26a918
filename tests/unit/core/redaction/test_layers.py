"""A secret within up to three encodings: the whole token goes, at a bounded cost."""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
import secrets
import time
import urllib.parse
from collections.abc import Callable

import pytest

from runbook_lib.core.redaction import Redactor, Secret, layers
from runbook_lib.core.redaction.layers import beginning_of_token, meanings
from tests.unit.core.redaction.quotings import wrapped

VALUE = 'Zq7-Wm3x"K9_pL2v&B8nR4'
REDACTOR = Redactor([Secret("S", VALUE)])
# encodings whose result is one token; blanks around what is inside are as programs write them
LAYERS: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(), "for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(), "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "percent": lambda text: urllib.parse.quote(text, safe=""), "JSON": lambda text: json.dumps({"a": text}, separators=(",", ":")), "HTML": html.escape,
}


@pytest.mark.parametrize("outer", LAYERS)
def test_three_encodings_hide_no_secret(outer: str) -> None:
    surroundings = (("token=", " next"), ("/a/path/", "\n"), ('{"token": "', '"}'))
    for middle, inner, (before, after) in itertools.product(LAYERS, LAYERS, surroundings):
        text = LAYERS[outer](LAYERS[middle](LAYERS[inner](VALUE)))
        clean = REDACTOR.text(f"first {before}{text}{after} the last")
        assert "‹S›" in clean and clean.startswith("first ") and clean.endswith("the last"), clean
        left = clean.replace("‹S›", "")
        assert not any(text[place:place + 12] in left for place in range(12, len(text) - 24)), clean


@pytest.mark.parametrize("columns", [60, 64, 76])
def test_lines_of_base64_are_one_token(columns: int) -> None:
    inner = json.dumps({"name": "x" * 90, "token": urllib.parse.quote(VALUE), "more": "y" * 200})
    text = wrapped(base64.b64encode(inner.encode()).decode(), columns, "  ")
    assert REDACTOR.text(f"data:\n  {text}\nnext: x") == "data:\n  ‹S›\nnext: x"


@pytest.mark.parametrize("size", [10, 20, 50])
def test_a_token_in_pieces_of_a_stream_is_hidden_whole(size: int) -> None:
    token = LAYERS["base64"](LAYERS["percent"](LAYERS["JSON"](VALUE)))
    text, shown, held = f"before {token} after {LAYERS['percent'](LAYERS['JSON'](VALUE))} end\n", "", ""
    for place in range(0, len(text), size):
        clean, held = REDACTOR.split(held + text[place:place + size])
        shown += clean
    # a few letters at the end of a piece are words, which are shown at once
    assert re.fullmatch(r"before \S{0,7}‹S› after \S{0,7}‹S› end\n", shown + REDACTOR.text(held))


@pytest.mark.parametrize("text", [
    "4f2c1d9e-0b7a-4a51-9c0d-6f1f3f1a2b3c", "/opt/gw2-wvwbuilder/releases/4f2c1d9e0b7a4a519c0d6f1f3f1a2b3c", "sha256:" + "ab12" * 16, "........ 100%",
    base64.b64encode(b'{"alg": "HS256", "typ": "JWT"}').decode(), "a%20b%2Fc?x=1&y=2", "C:\\Users\\jane\\file",
])
def test_tokens_without_a_secret_stay(text: str) -> None:
    assert REDACTOR.text(text) == text


def test_what_a_text_ends_with_is_held_back_only_where_it_may_be_a_token() -> None:
    for text, held in (("some words ", ""), ("progress .....", ""), ("-----", ""), ("a WnE3LVdt", "WnE3LVdt"), ("x=a%20b", "x=a%20b"), ("a\nword", "")):
        assert text[beginning_of_token(text, 100):] == held
    assert beginning_of_token("x" * 500, 100) == 400


def test_what_is_meant_is_bounded_and_its_places_are_known() -> None:
    token = base64.b64encode(b"a printable text").decode()
    found = meanings(f"x {token} y")
    assert found and "a printable text" in found.text and set(found.tokens_of(0, len(found.text))) == {(2, 2 + len(token))}
    assert meanings("nothing in here") is None


def test_each_token_has_its_own_meaning_although_many_are_read_in_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by trying: a call for each made a flood of short tokens take a second for each megabyte."""
    read: list[str] = []

    def counted(text: str) -> str:
        read.append(text)
        return urllib.parse.unquote_plus(text)

    monkeypatch.setattr(layers, "unquote_plus", counted)
    found = meanings("%41 a%0Ab%0ac %c3%a4+ x\\n%42 %e2%82 " + "%43 " * 1000)
    assert found
    first, line_ends, umlaut, *both, cut, last = found.text.split("\n\n\n")[:7]
    assert (first, line_ends, umlaut, cut, last) == ("A", "a\nb\nc", "ä ", "\ufffd", "C")
    assert sorted(both) == ["x\\nB", "xn%42"]
    assert (len(found.ends), len(read)) == (1006, 2)


@pytest.mark.parametrize("text", ["QUFB" * 100_000, "ICAg" * 100_000, "414141" * 60_000, "IFAUCQKB" * 50_000, "%41" * 130_000, "\\" * 400_000,
                                  "&amp;" * 80_000, "%41\\u0041&lt; " * 20_000, ("QUFB" * 20 + "\n") * 5_000])
def test_no_text_of_tokens_makes_the_search_slow(text: str) -> None:
    started = time.process_time()
    REDACTOR.text(text)
    assert time.process_time() - started < 10


def test_a_log_with_a_token_in_each_line_takes_seconds() -> None:
    lines = "".join(f"2026-11-27T03:00:00Z INFO request_id={secrets.token_hex(16)} jwt={LAYERS['base64'](json.dumps({'sub': number}))}.x status=200\n"
                    for number in range(20_000))
    started = time.process_time()
    REDACTOR.text(lines)
    assert time.process_time() - started < 10
