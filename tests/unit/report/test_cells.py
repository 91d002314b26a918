"""Cells of a notebook in its report: text and pictures, never HTML."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from runbook_lib.report.cells import cell_row

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()


def outputs(*recorded: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cell_row({"source": "x", "outputs": list(recorded)})["outputs"]
    return found


def test_html_of_a_cell_is_not_shown() -> None:
    (shown,) = outputs({"output_type": "display_data", "data": {"text/html": "<b>x</b>", "text/plain": "x"}})
    assert shown == {"picture": None, "text": "x"}


@pytest.mark.parametrize("text", ["a\nb\n", ["a\n", "b\n"]])
def test_text_may_be_a_list_of_lines(text: Any) -> None:
    assert outputs({"output_type": "stream", "text": text})[0]["text"] == "a\nb"


def test_a_traceback_marks_the_cell_and_loses_its_terminal_codes() -> None:
    row = cell_row({"source": "1/0", "outputs": [{"output_type": "error", "ename": "X", "evalue": "y",
                                                  "traceback": ["\x1b[31mX\x1b[0m", "y"]}]})
    assert row["raised"]
    assert row["outputs"][0]["text"] == "X\ny"


def test_a_picture_replaces_its_text_and_a_broken_one_does_not() -> None:
    (good,) = outputs({"data": {"image/png": PNG, "text/plain": "<Figure>"}})
    assert (good["picture"].alt, good["text"]) == ("<Figure>", "")
    (broken,) = outputs({"data": {"image/png": "AAAA", "text/plain": "<Figure>"}})
    assert (broken["picture"], broken["text"]) == (None, "<Figure>")


def test_outputs_of_a_strange_shape_and_empty_ones_are_left_out() -> None:
    assert outputs("text", None, {"output_type": "stream", "text": ""}) == []
