"""Shell programs of the families, as one text."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.core import programs

ROOT = Path(__file__).parents[3] / "runbook_lib"
NAMES = [f"{path.parts[-3]}/{path.name}" for path in sorted(ROOT.glob("*/programs/*.sh"))]


def test_programs_are_joined_in_the_order_they_are_named() -> None:
    first, second = NAMES[:2]
    assert programs.text(first, second) == programs.text(first) + programs.text(second)


@pytest.mark.parametrize("name", NAMES)
def test_every_program_ends_its_last_line_so_that_the_next_begins_its_own(name: str) -> None:
    assert programs.text(name).endswith("\n")


def test_a_program_that_is_not_there_is_a_bug_that_raises() -> None:
    with pytest.raises(FileNotFoundError):
        programs.text("recovery/no_such_program.sh")
