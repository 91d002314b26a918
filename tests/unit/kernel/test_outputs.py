"""The outputs of one cell: redacted, bounded, recorded as nbformat has them."""

from __future__ import annotations

import pytest

from runbook_lib.core.redaction import Redactor
from runbook_lib.kernel import streams
from runbook_lib.kernel.outputs import AFTER_OVERFLOW, CellOutputs
from tests.unit.kernel_doubles import VALUE, Kept


def test_a_display_that_is_updated_is_recorded_once_with_its_last_state(redactor: Redactor) -> None:
    outputs = CellOutputs(redactor)
    for kind, text in (("display_data", "1 of 3"), ("update_display_data", "2 of 3"), ("update_display_data", VALUE)):
        outputs.display({"data": {"text/plain": text}, "transient": {"display_id": "steps"}}, kind)
    assert outputs.recorded == [{"output_type": "display_data", "data": {"text/plain": "‹DB_PASSWORD›"}}]


def test_huge_displays_are_cut_and_huge_images_left_out(redactor: Redactor) -> None:
    shown = CellOutputs(redactor).display(
        {"data": {"text/plain": "x" * 500_000, "text/html": "y" * 500_000, "image/png": "z" * 9_000_000}}, "display_data"
    )
    assert len(shown["data"]["text/plain"]) < 3000
    assert "500,000 characters" in shown["data"]["text/html"]
    assert shown["data"]["image/png"] == ""


def test_a_display_is_redacted_before_it_is_cut(redactor: Redactor) -> None:
    text = "x" * 1990 + VALUE + "y" * 300_000
    shown = CellOutputs(redactor).display({"data": {"text/plain": text}}, "display_data")
    assert VALUE[:4] not in shown["data"]["text/plain"]


def test_every_representation_and_all_that_lies_next_to_it_is_redacted(redactor: Redactor) -> None:
    content = {"data": {"image/png": VALUE, "application/json": {"a": [VALUE]}, "text/x-new": VALUE},
               "metadata": {VALUE: VALUE}, "transient": {"note": VALUE}}
    assert VALUE not in str(CellOutputs(redactor).display(content, "display_data"))


def test_after_a_cell_that_printed_too_much_less_is_kept_until_one_is_calm(redactor: Redactor, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SHOWN_HEAD", "SHOWN_TAIL"):
        monkeypatch.setattr(streams, name, 100)
    for name in ("KEPT_HEAD", "KEPT_TAIL"):
        monkeypatch.setattr(streams, name, 100_000)
    sizes, outputs = [], None
    for lines in (40_000, 40_000, 500, 40_000):
        outputs, kept = CellOutputs(redactor, outputs), Kept()
        for _ in range(lines // 500):
            outputs.stream("stdout", "a line of a log\n" * 500)
        outputs.finish(kept, 1)
        sizes.append(sum(map(len, kept.values())))
    assert sizes[0] == sizes[3] > 200_000 and sizes[1] < 3 * 100_000 / AFTER_OVERFLOW and sizes[2] == 8_000
