"""Secrets cannot be printed by accident, and are taken out of everything that is written, however they are spelled."""

from __future__ import annotations

import base64
import copy
import json
import pickle
import urllib.parse
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook_lib.core.redaction import Redactor, Secret

VALUE = "p<4 ss'wö/rd+&\"x"
SECRET = Secret("DB_PASSWORD", VALUE)


@pytest.fixture
def redactor() -> Redactor:
    return Redactor([SECRET])


@pytest.mark.parametrize("spelled", [
    VALUE, urllib.parse.quote(VALUE), urllib.parse.quote(VALUE, safe=""), urllib.parse.quote_plus(VALUE), json.dumps(VALUE)[1:-1],
    json.dumps(VALUE, ensure_ascii=False)[1:-1], escape(VALUE), VALUE.replace("'", "'\"'\"'"), VALUE.encode().hex(),
])
def test_every_spelling_of_a_secret_is_replaced_by_its_name(redactor: Redactor, spelled: str) -> None:
    assert redactor.text(f"before {spelled} after") == "before ‹DB_PASSWORD› after"


@pytest.mark.parametrize("before", [b"", b"a", b"ab", b"abc"])
def test_a_secret_inside_base64_is_found_at_every_alignment(redactor: Redactor, before: bytes) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert "‹DB_PASSWORD›" in redactor.text(encode(before + VALUE.encode() + b" and more").decode())


def test_a_secret_shows_its_name_alone() -> None:
    shown = f"{SECRET} {SECRET!r} {SECRET:>20} {[SECRET]}"
    assert VALUE not in shown
    assert shown.count("‹DB_PASSWORD›") == 4


@pytest.mark.parametrize("leave", [pickle.dumps, copy.deepcopy, json.dumps])
def test_a_secret_leaves_the_process_in_no_other_way(leave: object) -> None:
    with pytest.raises(TypeError):
        leave(SECRET)  # type: ignore[operator]


def test_a_fingerprint_changes_with_the_value_and_with_the_name() -> None:
    others = (Secret("DB_PASSWORD", "other"), Secret("OTHER", VALUE))
    assert SECRET.fingerprint() not in [one.fingerprint() for one in others]
    assert Secret("DB_PASSWORD", VALUE) == SECRET and SECRET not in others


def test_a_secret_that_holds_another_one_vanishes_whole() -> None:
    redactor = Redactor([Secret("SHORT", "hunter"), Secret("LONG", "hunter2-and-more")])
    assert redactor.text("hunter2-and-more hunter") == "‹LONG› ‹SHORT›"


def test_very_short_values_are_not_searched_for() -> None:
    assert Redactor([Secret("PIN", "12")]).text("12 steps") == "12 steps"


def test_values_are_redacted_through_and_through(redactor: Redactor) -> None:
    given_value = {VALUE: [VALUE, (VALUE.encode(), SECRET)], "n": 3, "none": None}
    assert redactor.value(given_value) == {"‹DB_PASSWORD›": ["‹DB_PASSWORD›", ["‹DB_PASSWORD›", "‹DB_PASSWORD›"]], "n": 3, "none": None}


def test_a_secret_that_is_learnt_later_is_redacted_from_then_on(redactor: Redactor) -> None:
    assert redactor.text("later-secret") == "later-secret"
    assert redactor.learn(Secret("LATER", "later-secret")).name == "LATER"
    assert redactor.text("later-secret") == "‹LATER›"


@given(st.text(max_size=30), st.integers(0, len(VALUE)))
def test_text_cut_at_what_is_unfinished_never_shows_a_piece_of_a_secret(before: str, cut: int) -> None:
    redactor = Redactor([SECRET])
    clean = redactor.text(before + VALUE[:cut])
    held = redactor.unfinished(clean)
    shown = clean[: len(clean) - held]
    assert redactor.text(shown + clean[len(clean) - held :] + VALUE[cut:]).count("‹DB_PASSWORD›") >= 1
