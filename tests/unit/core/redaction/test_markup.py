"""A secret between whose letters a program puts colours or tags is masked all the same."""

from __future__ import annotations

import io
import subprocess

import pytest
from rich.console import Console
from rich.text import Text

from runbook_lib.core.redaction import Redactor, Secret
from runbook_lib.core.redaction.markup import unmarked

VALUE = "Zq7-Wm3xK9_pL2vB8nR4.tUc5F6g"
REDACTOR = Redactor([Secret("S", VALUE)])


@pytest.mark.parametrize("piece", [VALUE[:1], VALUE[2:6], VALUE[9:20], VALUE[-3:]])
def test_what_grep_has_coloured_is_masked(piece: str) -> None:
    done = subprocess.run(["grep", "--color=always", "-F", piece], input=f"token={VALUE}; next\n", text=True, capture_output=True, check=True)
    assert VALUE not in done.stdout
    clean = unmarked(REDACTOR.text(done.stdout))
    assert (clean.text if clean else REDACTOR.text(done.stdout)) == "token=‹S›; next\n"


def test_what_rich_has_highlighted_is_masked_on_a_terminal_and_in_a_notebook() -> None:
    text = Text(f"token={VALUE};")
    for place in range(6, 30, 4):
        text.stylize("bold" if place % 8 else "red", place, place + 4)
    printed = io.StringIO()
    console = Console(file=printed, force_terminal=True, color_system="truecolor", record=True, width=100)
    console.print(text)
    for shown in (printed.getvalue(), console.export_html(inline_styles=True)):
        assert VALUE not in shown
        clean = REDACTOR.text(shown)
        assert "‹S›" in clean and not any(VALUE[place:place + 4] in clean for place in range(0, len(VALUE) - 3)), clean


def test_colours_around_other_words_stay() -> None:
    text = "\x1b[1mpassed\x1b[0m <b>a</b> token\n"
    assert REDACTOR.text(text) == text
    assert REDACTOR.text(f"\x1b[1m{VALUE}\x1b[0m") == "\x1b[1m‹S›\x1b[0m"


def test_a_place_without_markup_is_known_in_the_original() -> None:
    shown = unmarked("a\x1b[1mbc\x1b[0m<i>d")
    assert shown is not None and shown.text == "abcd"
    assert [shown.span(place, place + 1) for place in range(4)] == [(0, 1), (5, 6), (6, 7), (14, 15)]
    assert shown.span(1, 3) == (5, 7) and shown.span(0, 4) == (0, 15)
    assert unmarked("plain < text") is None
