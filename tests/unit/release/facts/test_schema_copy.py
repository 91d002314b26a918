"""The records that programs on a copy of the schema print."""

from __future__ import annotations

import base64

import pytest

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.release.facts.schema_copy import parse_copy_records


def test_the_result_and_the_first_field_of_every_other_record_are_read() -> None:
    message = base64.b64encode(b"a\nb\n").decode()
    found = parse_copy_records(f"before\t0001\nafter\t\nlone\nresult\tpassed\t{message}\n", "staging")
    assert (found.outcome, found.message) == ("passed", "a\nb")
    assert [found.get(kind) for kind in ("before", "after", "lone", "missing")] == ["0001", None, None, None]


@pytest.mark.parametrize("text", ["", "before\t0003\n", "result\tpassed\n", "result\tpassed\tnot base64!\n", "result\ta\tb\tc\n"])
def test_a_reply_without_a_result_is_unreadable(text: str) -> None:
    with pytest.raises(FactUnreadable, match="no result"):
        parse_copy_records(text, "staging")
