"""The page of errors names every class, each with a meaning and the exit code it leads to."""

from __future__ import annotations

import re
from pathlib import Path

from runbook_lib.authoring.error_page import error_page, meaning_of
from runbook_lib.core import errors

ROOT = Path(__file__).parents[3]


def all_errors(base: type[errors.RunbookError] = errors.RunbookError) -> list[type[errors.RunbookError]]:
    below = [one for one in base.__subclasses__() if one.__module__ == errors.__name__]
    return [one for family in below for one in (family, *all_errors(family))]


def test_every_error_is_listed_with_what_it_means() -> None:
    page = error_page()
    for one in all_errors():
        assert f"`{one.__name__}`" in page
        assert meaning_of(one)


def test_every_exit_code_has_its_row() -> None:
    page = (ROOT / "docs/reference/exit-codes.md").read_text()
    codes = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, int)}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)} == codes
