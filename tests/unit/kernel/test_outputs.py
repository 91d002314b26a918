"""The outputs of one cell: redacted, bounded, recorded as nbformat has them."""

from __future__ import annotations

from runbook_lib.core.redaction import Redactor
from runbook_lib.kernel.outputs import CellOutputs
from tests.unit.kernel_doubles import VALUE


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
