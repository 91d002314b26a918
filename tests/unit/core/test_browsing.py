"""Pictures in tables and records."""

from __future__ import annotations

from runbook_lib.archive.records import plain
from runbook_lib.core.browsing import PageView, Picture


def test_a_picture_in_a_record_is_its_size_not_its_bytes() -> None:
    view = PageView("/", "Chrome", picture=Picture(b"x" * 2048))
    assert plain(view)["picture"] == "a picture of 2 kB"
    assert str(Picture()) == "no picture"
    assert not Picture()
