"""Secrets are taken out of everything that is written, however they are spelled, cut, wrapped or hidden in others."""

from __future__ import annotations

import base64
import itertools
import json
import secrets
import textwrap
import time

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from runbook_lib.core.redaction import Redactor, Secret
from runbook_lib.core.redaction.units import reason_not_redacted
from tests.unit.core.redaction.quotings import KEY, KEY_LINES, QUOTINGS, SECRET, VALUE, b64, wrapped

QUICK = (Phase.explicit, Phase.generate)  # shrinking a secret of many encodings takes minutes
TELLING = ("p<4", "ss'", "rd+&", "rd%2B", "703c34", "wö", VALUE[2:8])


@pytest.fixture
def redactor() -> Redactor:
    return Redactor([SECRET])


@pytest.mark.parametrize("quoting", QUOTINGS)
def test_every_quoting_of_a_secret_is_replaced_by_its_name(redactor: Redactor, quoting: str) -> None:
    quote = QUOTINGS[quoting]
    for before in ("", "a", "ab", "abc"):  # base64 begins at any of three offsets
        clean = redactor.text(quote(f"{before}{VALUE}")) + redactor.text(quote(f"{before}{VALUE} and what follows"))
        assert clean.count("‹DB_PASSWORD›") == 2, clean
        assert not any(piece in clean for piece in TELLING), clean


@settings(max_examples=60, deadline=None, phases=QUICK, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(min_codepoint=33, max_codepoint=0x2fff, exclude_categories=("Cs", "Zs", "Zl", "Zp", "Cc")),
               min_size=12, max_size=20), st.sampled_from(sorted(QUOTINGS)), st.text("xyz,; ", max_size=9))
def test_whatever_a_secret_is_made_of_no_quoting_shows_it(value: str, quoting: str, around: str) -> None:
    assume(not reason_not_redacted(value) and "›" not in value and "‹" not in value)
    shown = Redactor([Secret("S", value)]).text(QUOTINGS[quoting](around + value + around))
    assert "‹S›" in shown
    assert value not in shown and value[2:] not in shown


@pytest.mark.parametrize("value", [f"{VALUE}\n", f"  {VALUE}\r\n", f"\n{VALUE}\t"])
def test_a_secret_is_searched_for_without_the_blanks_around_it(value: str) -> None:
    assert Redactor([Secret("S", value)]).text(f"password={VALUE};") == "password=‹S›;"


@pytest.mark.parametrize("line", KEY_LINES[:-1])
def test_each_line_of_a_key_is_masked_and_its_frame_is_not(line: str) -> None:
    redactor = Redactor([Secret("KEY", KEY)])
    assert redactor.text(f"ssh: {line}") == "ssh: ‹KEY›"
    assert redactor.text("-----BEGIN OPENSSH PRIVATE KEY-----") == "-----BEGIN OPENSSH PRIVATE KEY-----"


@pytest.mark.parametrize("quoting", ["plain", "repr", "JSON", "JSON inside JSON", "bash printf %q", "percent", "base64",
                                     "base64 at 64 columns", "base64 at 76 columns", "hex"])
def test_a_whole_key_leaves_no_line_in_any_quoting(quoting: str) -> None:
    quote = QUOTINGS[quoting]
    shown = Redactor([Secret("KEY", KEY)]).text(quote(KEY))
    raw = quote("x" + KEY_LINES[0])
    assert not any(line in shown for line in KEY_LINES)
    assert not any(raw[place:place + 16] in shown for place in range(8, len(raw) - 32))


def test_each_line_of_a_value_of_two_is_masked_alone() -> None:
    redactor = Redactor([Secret("S", "first-Line-9x\n  second-Line-7y\n")])
    assert (redactor.text("a first-Line-9x b"), redactor.text("second-Line-7y")) == ("a ‹S› b", "‹S›")


def test_a_short_last_line_is_masked_together_with_the_one_before() -> None:
    shown = Redactor([Secret("KEY", KEY)]).text(KEY)
    assert KEY_LINES[-1] not in shown
    assert "Qx3a==" in Redactor([Secret("KEY", KEY)]).text("Qx3a== alone")


@pytest.mark.parametrize("cut", [1, 2, 4, 7])
def test_a_secret_that_others_have_cut_is_masked_as_far_as_it_tells(cut: int) -> None:
    value = "Zq7-Wm3xK9_pL2vB8nR4"
    redactor = Redactor([Secret("S", value)])
    assert redactor.text(f"error: {value[cut:]} at") == "error: ‹S› at"
    assert redactor.text(f"error: {value[:-cut]}") == "error: ‹S›"
    assert redactor.text(f"error: {value[cut // 2:-((cut + 1) // 2)]}…") == "error: ‹S›…"


def test_of_a_long_secret_the_part_that_a_table_shows_is_masked() -> None:
    """Found by trying: pandas cuts a cell after 46 characters, which are less than half of a token of 100."""
    value = secrets.token_hex(60)
    redactor = Redactor([Secret("S", value)])
    assert redactor.text(f"0  {value[:46]}...") == "0  ‹S›..."
    assert redactor.text(f"{value[:20]} is not telling") == f"{value[:20]} is not telling"


def test_a_wrapped_line_does_not_hide_a_secret() -> None:
    value = secrets.token_hex(32)
    for columns in (7, 10, 33, 63):
        assert "‹S›" in Redactor([Secret("S", value)]).text(wrapped(value, columns))


def test_the_password_of_an_address_is_a_secret_of_its_own() -> None:
    redactor = Redactor([Secret("DATABASE_URL", "postgresql://staging_user:Sx%2F9-kPq2w@postgres:5432/staging_db")])
    for text in ("Sx%2F9-kPq2w", "Sx/9-kPq2w"):
        assert redactor.text(f"login with {text} refused") == "login with ‹DATABASE_URL› refused"
    assert redactor.text("postgresql://other:…@postgres:5432") == "postgresql://other:…@postgres:5432"


def test_a_secret_that_holds_another_one_vanishes_whole() -> None:
    redactor = Redactor([Secret("SHORT", "hunter22"), Secret("LONG", "hunter22-and-more")])
    assert redactor.text("hunter22-and-more hunter22") == "‹LONG› ‹SHORT›"


def test_secrets_that_overlap_leave_nothing_of_either() -> None:
    redactor = Redactor([Secret("A", "abcd-1234-efgh"), Secret("B", "1234-efgh-5678")])
    assert redactor.text("x abcd-1234-efgh-5678 y") in ("x ‹A› y", "x ‹B› y")


@pytest.mark.parametrize(("value", "text"), [
    ("12", "12 steps"), ("deploy", "deploy 20_deploy"), ("Restore", "Restore the database"), ("staging", "staging: failed"),
    ("20251015", "staging_db_20251015_020000"[:9]), ("gw2-staging", "gw2-staging-redis-1 is healthy"), ("aaaaaaaaaaaa", "aaaaaaaaaaaaaaa"),
])
def test_an_ordinary_word_is_not_masked_and_its_name_is_said(value: str, text: str) -> None:
    redactor = Redactor([Secret("S", value)], words=["gw2-staging"])
    assert redactor.text(text) == text
    assert (redactor.not_redacted.keys() == {"S"}) == (value != "20251015")


@pytest.mark.parametrize(("text", "shown"), [
    ("PGPASSWORD=deploy psql", "PGPASSWORD=‹S› psql"), ('{"password": "deploy"}', '{"password": "‹S›"}'),
    ("postgres://user:deploy@host/db", "postgres://user:‹S›@host/db"), ("deploy@server: run deploy", "deploy@server: run deploy"),
    ("S=deploy", "S=‹S›"), ("password: deployed", "password: deployed"),
])
def test_an_ordinary_word_is_masked_where_it_stands_as_a_credential(text: str, shown: str) -> None:
    assert Redactor([Secret("S", "deploy")]).text(text) == shown


def test_a_secret_that_begins_like_a_name_of_ours_leaves_the_name_readable() -> None:
    redactor = Redactor([Secret("S", "staging_db_7xQ")], words=["staging_db"])
    assert redactor.text("staging_db staging_db_7xQ") == "staging_db ‹S›"


def test_values_are_redacted_through_and_through(redactor: Redactor) -> None:
    given_value = {VALUE: [VALUE, (VALUE.encode(), SECRET)], "n": 3, "none": None}
    assert redactor.value(given_value) == {"‹DB_PASSWORD›": ["‹DB_PASSWORD›", ["‹DB_PASSWORD›", "‹DB_PASSWORD›"]], "n": 3, "none": None}


def test_binary_data_keeps_its_length_without_the_secret(redactor: Redactor) -> None:
    data = b"\x00\xff" + VALUE.encode() + b"\x01" + base64.b64encode(VALUE.encode())
    clean = redactor.data(data)
    assert len(clean) == len(data) and clean.startswith(b"\x00\xff") and b"\x01" in clean
    assert VALUE.encode() not in clean and base64.b64encode(VALUE.encode())[:12] not in clean


def test_a_secret_that_is_learnt_later_is_redacted_from_then_on(redactor: Redactor) -> None:
    assert redactor.text("later-secret-1") == "later-secret-1"
    assert redactor.learn(Secret("LATER", "later-secret-1")).name == "LATER"
    assert redactor.text("later-secret-1") == "‹LATER›"


@pytest.mark.parametrize("quoting", sorted(QUOTINGS))
@pytest.mark.parametrize("size", [1, 3, 7])
def test_a_secret_cut_into_pieces_of_a_stream_is_never_shown(redactor: Redactor, quoting: str, size: int) -> None:
    text = "before " + QUOTINGS[quoting](VALUE) + " after\n"
    shown, held = "", ""
    for place in range(0, len(text), size):
        clean, held = redactor.split(held + text[place:place + size])
        shown += clean
    shown += redactor.text(held)
    # the end of a token's padding may come after the token was masked
    assert shown.replace("›%3D", "›") == redactor.text(text)
    assert "‹DB_PASSWORD›" in shown


@settings(max_examples=60, deadline=None, phases=QUICK)
@given(st.lists(st.sampled_from([VALUE, VALUE[:5], VALUE[9:], "p<", "x\n", "words ", json.dumps(VALUE), b64(VALUE)]), max_size=8),
       st.lists(st.integers(1, 12), min_size=1, max_size=5))
def test_a_stream_shows_the_same_however_it_is_cut(parts: list[str], sizes: list[int]) -> None:
    redactor, text, shown, held = Redactor([SECRET]), "".join(parts), "", ""
    for size in itertools.cycle(sizes):
        if not text:
            break
        clean, held = redactor.split(held + text[:size])
        shown, text = shown + clean, text[size:]
    assert shown + redactor.text(held) == redactor.text("".join(parts))


def test_the_time_grows_with_the_text_alone() -> None:
    known = [Secret(f"S{number}", secrets.token_urlsafe(24)) for number in range(12)] + [Secret("KEY", KEY), SECRET]
    redactor = Redactor(known)
    line = "2026-11-27T03:00:00Z INFO request_id=4f2c1d path=/api/v1/builds status=200\n"

    def seconds(text: str) -> float:
        started = time.process_time()
        redactor.text(text)
        return time.process_time() - started

    small, large = line * 20_000, line * 160_000
    assert seconds(large) < 3 * 8 * max(seconds(small), 0.01)


@pytest.mark.parametrize("text", ["x" * 400_000, "p<4 " * 100_000, "\\" * 400_000, "'" * 400_000, "A" * 200_000, " \n" * 200_000])
def test_no_text_makes_the_search_slow(text: str) -> None:
    redactor = Redactor([SECRET, Secret("Q", "x'''''\\\\\\\\\\\\y''''z  q"), Secret("B", "\0" * 9 + "ab cd")])
    started = time.process_time()
    redactor.text(text)
    assert time.process_time() - started < 10


def test_many_small_pieces_of_a_stream_take_no_longer_than_one() -> None:
    redactor, held = Redactor([SECRET, Secret("KEY", KEY)]), ""
    started = time.process_time()
    for _ in range(20_000):
        _, held = redactor.split(held + "some words of a line ")
    assert time.process_time() - started < 10
    assert len(held) < 100


@pytest.mark.parametrize("line", ["\\" * 28, "x=%41%42abc\n"])
def test_the_end_of_a_piece_costs_the_same_whatever_the_text_is(line: str) -> None:
    """Found by trying: each letter before a line end or a backslash was tried as the beginning of any form."""
    known = [Secret(f"S{number}", f"{number:02}{KEY_LINES[number % 6][number:number + 22]}") for number in range(14)]
    redactor, text, held = Redactor([*known, SECRET]), line * (20_000 // len(line)), ""
    redactor.split(line)  # counts the forms, once
    started = time.process_time()
    for place in range(0, len(text), 500):
        _, held = redactor.split(held + text[place:place + 500])
    assert time.process_time() - started < 0.8


def test_the_frame_of_prose_stays_readable(redactor: Redactor) -> None:
    prose = textwrap.dedent("""\
        Step 3 of 8, 'Switch to the new release', failed: exit code 1
        Next: run 22 Rollback on deploy@staging.gw2wvwbuilder.example.com""")
    assert redactor.text(prose) == prose


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_secret_that_is_there_whole_is_not_held_back_for_what_it_would_be_from_back_to_front(end: str) -> None:
    value = "Zq7-Wm3xK9_pL2vB8nR4"
    redactor = Redactor([Secret("TOKEN", value)])
    assert redactor.split(f"raw {value}{end}") == (f"raw ‹TOKEN›{end}", "")
    # a beginning of its own is held back as ever, and so is what follows right after it
    assert redactor.split(f"raw {value}{end} {value[:-4:-1]}") == (f"raw ‹TOKEN›{end} ", value[:-4:-1])
    assert value[::-1][4:] not in redactor.text(f"{value}{value[-2::-1]}")
