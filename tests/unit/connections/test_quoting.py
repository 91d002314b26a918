"""Words stay words, whatever they hold; run by a real shell."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runbook_lib.connections.quoting import quoted, shell_join

WORDS = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30), max_size=4)


@settings(max_examples=60, deadline=None)
@given(WORDS)
def test_a_shell_gives_back_the_very_words(words: list[str]) -> None:
    line = shell_join(("printf", r"%s\0", *words, "end"))
    said = subprocess.run(["sh", "-c", line], capture_output=True, check=True).stdout
    assert said.decode().split("\0")[:-1] == [*words, "end"]


@pytest.mark.parametrize(
    "hostile", ["a;id", "$(id)", "`id`", "a\nid", "--upload-pack=x", "'", '"', "*", "~", "-n", "a b"]
)
def test_hostile_names_are_one_word(hostile: str) -> None:
    said = subprocess.run(["sh", "-c", shell_join(("printf", "%s", hostile))], capture_output=True, check=True).stdout
    assert said.decode() == hostile


def test_a_nul_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        quoted("a\0b")


def test_a_command_without_arguments_is_refused() -> None:
    with pytest.raises(ValueError, match="no arguments"):
        shell_join(())
