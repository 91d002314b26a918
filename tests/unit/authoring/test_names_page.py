"""The page of names has every public name of the package and its families, each with what it does."""

from __future__ import annotations

import re

import runbook_lib
from runbook_lib.authoring.layers import families
from runbook_lib.authoring.names_page import names_page


def test_every_public_name_is_listed_under_its_family() -> None:
    sections = dict(part.split("`", 1) for part in names_page().split("\n## `")[1:])
    assert {*families(), "runbook_lib"} <= set(sections)
    for family in families():
        for name in getattr(runbook_lib, family).__all__:
            assert re.search(rf"^\| `{name}\W", sections[family], re.MULTILINE) or f"{family}.{name}" in sections or name in ("checks", "charts")


def test_every_name_says_what_it_does() -> None:
    rows = re.findall(r"^\| `(\w+).*?` \| (.*) \|$", names_page(), re.MULTILINE)
    assert [name for name, about in rows if not about] == []
    assert not [name for name, about in rows if "dataclass" in name]
