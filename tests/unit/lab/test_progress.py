from __future__ import annotations

import io

import pytest

from lab.progress import Progress


def test_a_step_leaves_a_line_with_how_far_and_how_long() -> None:
    stream = io.StringIO()
    with Progress("lab", total=2, stream=stream) as progress:
        with progress.step("first"):
            pass
        with progress.step("second"):
            pass
    first, second = stream.getvalue().splitlines()
    assert "[ 1/2] first: 0.0 s" in first
    assert "[ 2/2] second: 0.0 s" in second


def test_a_failed_step_says_so_and_does_not_count() -> None:
    stream = io.StringIO()
    progress = Progress("lab", total=1, stream=stream)
    with pytest.raises(ValueError, match="broken"), progress, progress.step("first"):
        raise ValueError("broken")
    assert "[ 0/1] first: FAILED after 0.0 s" in stream.getvalue()


def test_plain_output_holds_no_terminal_codes() -> None:
    stream = io.StringIO()
    with Progress("lab", total=1, stream=stream) as progress, progress.step("first"):
        pass
    assert "\033" not in stream.getvalue()
    assert "\r" not in stream.getvalue()


def test_a_terminal_shows_a_bar() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    with Progress("lab", total=2, stream=stream) as progress, progress.step("first"):
        pass
    assert "0/2  first" in stream.getvalue()
