"""The generated parts of docs/architecture.md name every package and module, and leave the prose alone."""

from __future__ import annotations

from runbook_lib.authoring.architecture_page import with_fresh_lists
from runbook_lib.authoring.floor_plan import floor_plan
from runbook_lib.authoring.layers import PACKAGE, families, layers, purpose

PAGE = "# Title\n\n<!-- layers: generated -->\nyesterday\n<!-- end -->\n\nProse.\n\n<!-- families: generated -->\n<!-- end -->\n"


def test_blocks_are_made_anew_and_prose_stays() -> None:
    fresh = with_fresh_lists(PAGE)
    assert "yesterday" not in fresh
    assert "# Title" in fresh
    assert "\nProse.\n" in fresh
    assert with_fresh_lists(fresh) == fresh


def test_every_package_and_every_fact_check_and_plan_is_linked() -> None:
    fresh = with_fresh_lists(PAGE)
    for path in PACKAGE.glob("*/__init__.py"):
        assert f"(../runbook_lib/{path.parent.name}/)" in fresh
    for family in families():
        for path in (PACKAGE / family).glob("*s/*.py"):
            if path.stem != "__init__":
                assert f"(../{path.relative_to(PACKAGE.parent).as_posix()})" in fresh


def test_every_package_says_what_it_is_for() -> None:
    assert [name for layer in layers() for name in layer.packages if not purpose(name)] == []


def test_the_picture_shows_every_package_once() -> None:
    picture = floor_plan()
    for layer in layers():
        assert f">{layer.name}</text>" in picture
        for name in layer.packages:
            assert picture.count(f">{name}</text>") == 1
