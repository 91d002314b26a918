"""Text for people and from them: what is near, what is many, what is shown, and what a NAME=VALUE line holds."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook_lib.core.text import (
    LONGEST_LINE,
    aligned,
    did_you_mean,
    from_next_line,
    head_of,
    lines_of,
    listed,
    parse_assignment,
    parse_assignments,
    pluralize,
    printable,
    readable_number,
    server_address,
    tail_of,
    to_last_line,
    unit_for,
    wrapped,
)

PACKAGE = Path(__file__).parents[3] / "runbook_lib"
# what str.splitlines() also takes for the end of a line
NO_LINE_ENDS = "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e\r"


@pytest.mark.parametrize(("text", "lines"), [
    ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\n\n", ["a", ""]), ("\na", ["", "a"]),
    (f"a{NO_LINE_ENDS}b\nc", [f"a{NO_LINE_ENDS}b", "c"]),
])
def test_only_a_newline_ends_a_line(text: str, lines: list[str]) -> None:
    assert lines_of(text) == lines


@given(st.text("ab\n\r\t "))
def test_of_usual_text_the_lines_are_pythons(text: str) -> None:
    assert lines_of(text.replace("\r", "")) == text.replace("\r", "").splitlines()


def test_assignments_keep_what_is_no_line_end() -> None:
    assert parse_assignments(f"A=x{NO_LINE_ENDS}B=y\nC=z\r\n") == {"A": f"x{NO_LINE_ENDS}B=y", "C": "z"}


def test_what_servers_and_programs_print_is_never_split_by_pythons_own_line_ends() -> None:
    folders = [path for kind in ("facts", "checks", "plans") for path in PACKAGE.glob(f"*/{kind}")]
    folders += [PACKAGE / "connections", PACKAGE / "headless", PACKAGE / "run", PACKAGE / "kernel"]
    found = {path.relative_to(PACKAGE).as_posix() for folder in folders for path in folder.rglob("*.py")
             if re.search(r"(?<!outcome\.summary)\.splitlines\(\)", path.read_text())}
    assert len(folders) > 10
    assert found == set()


def test_a_near_word_is_suggested_and_a_far_one_is_not() -> None:
    assert did_you_mean("stagin", ["lab", "staging"]) == "; did you mean 'staging'?"
    assert did_you_mean("production", ["lab", "staging"]) == ""
    assert did_you_mean("stag", ["staging"], cutoff=0.9) == ""


@pytest.mark.parametrize(("number", "text"), [(0, "0 steps"), (1, "1 step"), (2, "2 steps"), (9_999, "9999 steps"), (10_080, "10,080 steps")])
def test_one_is_singular_and_all_others_are_plural(number: int, text: str) -> None:
    assert pluralize(number, "step") == text


@pytest.mark.parametrize(("number", "unit", "shown"), [
    ("1", "connections", "connection"), ("1", "users/s", "user/s"), ("1", "bytes", "byte"), ("0", "connections", "connections"),
    ("1.5", "connections", "connections"), ("1", "s", "s"), ("1", "%", "%"), ("1", "req/s", "req/s"), ("1", "ms", "ms"), ("1", "", "")])
def test_a_unit_is_singular_with_one(number: str, unit: str, shown: str) -> None:
    assert unit_for(number, unit) == shown


def test_a_progress_bar_is_shown_in_its_last_state() -> None:
    assert printable("10 %\r50 %\rdone\nnext") == "done\nnext"


def test_colours_of_a_terminal_are_left_out() -> None:
    assert printable("\x1b[31mred\x1b[0m") == "red"


@given(st.text())
def test_printable_text_obeys_nothing(text: str) -> None:
    shown = printable(text)
    assert not any(ord(char) < 32 and char not in "\n\t" for char in shown)
    assert "\u202e" not in shown


@pytest.mark.parametrize(("line", "found"), [
    ("A=1", ("A", "1")), ("export B='two words'", ("B", "two words")), ('C="x=y"', ("C", "x=y")), ("D=", ("D", "")),
    (" E = f ", ("E", "f")), ("F=b=c", ("F", "b=c")), ("G='", ("G", "'")), ("H=$(id)", ("H", "$(id)")),
])
def test_an_assignment_is_read_as_compose_reads_it(line: str, found: tuple[str, str]) -> None:
    assert parse_assignment(line) == found


@pytest.mark.parametrize("line", ["", "# A=1", "#A=1", "not a line", "=1", "a b=1", "1A=2"])
def test_a_line_of_another_form_is_no_assignment(line: str) -> None:
    assert parse_assignment(line) is None


def test_the_last_assignment_of_a_name_counts_and_comments_are_left_out() -> None:
    assert parse_assignments("# a\n\nA=1\nrubbish\nA=2\nB=3\n") == {"A": "2", "B": "3"}


@pytest.mark.parametrize(("text", "shown"), [
    ("short", "short"), ("one two three", "one two …"), ("one two\nthree four", "one two …"), ("abcdefghijklmnop", "…"),
])
def test_the_head_of_a_foreign_text_ends_between_words(text: str, shown: str) -> None:
    assert head_of(text, 9) == shown


@pytest.mark.parametrize(("text", "shown"), [
    ("short", "short"), ("one two three", "… three"), ("abcdefghijklmnop", "…"), ("x\nlast line", "… line"),
])
def test_the_tail_of_a_foreign_text_begins_between_words(text: str, shown: str) -> None:
    assert tail_of(text, 7) == shown


def test_a_text_that_was_cut_is_read_from_and_to_a_whole_line() -> None:
    assert from_next_line("half\nwhole\n") == "whole\n"
    assert to_last_line("whole\nhalf") == "whole\n"
    assert from_next_line("x" * 20_000) == "x" * (20_000 - LONGEST_LINE)
    assert to_last_line("x" * 20_000) == "x" * (20_000 - LONGEST_LINE)


def test_columns_of_a_text_begin_below_each_other() -> None:
    assert aligned([("check", "measured"), ("/health", "200\nin 21 ms"), ("x", "")]) == [
        "check    measured", "/health  200 in 21 ms", "x"]


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert server_address("deploy", "::1", 2222) == "deploy@[::1]:2222"
    assert server_address("", "staging", 22) == "staging:22"


@pytest.mark.parametrize("text", ["x" * 1_000_000, "x\r" * 500_000, "\x1b]" * 500_000, "\x1b[1" * 300_000, "\r" * 1_000_000])
def test_a_megabyte_without_a_line_end_is_made_printable_in_linear_time(text: str) -> None:
    began = time.process_time()
    printable(text[:100_000])
    tenth = time.process_time() - began
    began = time.process_time()
    printable(text)
    # ten times as much text: a quadratic search would take a hundred times as long, and minutes
    assert time.process_time() - began < 40 * tenth + 5


@pytest.mark.parametrize(("value", "digits", "shown"), [
    (0, 3, "0"), (-0.0, 3, "0"), (0.00001234, 3, "0.0000123"), (1e-12, 3, "0"), (0.0721, 2, "0.072"), (9.96, 2, "10"),
    (99.96, 3, "100"), (100.0, 2, "100"), (33.3333, 2, "33"), (999.7, 3, "1,000"), (5344.4, 3, "5,344"), (12_345.6, 4, "12,346"),
    (1e15, 3, "1,000,000,000,000,000"), (-3.14159, 3, "-3.14"), (-12_345, 3, "-12,345"), (float("inf"), 3, "inf"), (float("nan"), 3, "nan"),
])
def test_a_number_is_never_a_power_of_ten(value: float, digits: int, shown: str) -> None:
    assert readable_number(value, digits) == shown


def test_lines_are_broken_between_words_and_keep_their_indentation() -> None:
    assert wrapped("one two three\n  four five six", 9) == ["one two", "three", "  four", "  five", "  six"]
    assert wrapped("a\n\nb-c " + "x" * 12, 9) == ["a", "", "b-c", "x" * 12]


@pytest.mark.parametrize(("words", "text"), [((), ""), (("a",), "a"), (("a", "b"), "a and b"), (("a", "b", "c"), "a, b and c")])
def test_several_are_listed_as_in_a_sentence(words: tuple[str, ...], text: str) -> None:
    assert listed(words) == text
