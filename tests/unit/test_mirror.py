"""Tests mirror the packages path by path: each module of runbook_lib and of the lab has its tests in the same place."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
# an application is a repository of its own in the lab, with its own tests; `python -m` entries parse and call
APPLICATIONS = {ROOT / "lab/app", *(path for path in (ROOT / "lab/applications").iterdir() if path.is_dir())}
ENTRIES = {"__init__", "__main__"}


def modules(package: str) -> list[Path]:
    """The modules of a package, from its folder on."""
    found = (path for path in sorted((ROOT / package).rglob("*.py")) if path.stem not in ENTRIES)
    return [path.relative_to(ROOT) for path in found if not APPLICATIONS & set(path.parents)]


def places_of_tests(module: Path) -> list[Path]:
    """Where the tests of a module are: its own file, or for facts its folder of data. Empty when there are none."""
    folder = HERE / module.relative_to("runbook_lib").parent if module.parts[0] == "runbook_lib" else HERE / module.parent
    places = [folder / f"test_{module.stem}.py", folder / "data" / module.stem]
    # every check has its cases by its own name, which test_data_cases.py holds
    return [folder] if module.parts[2:3] == ("checks",) else [place for place in places if place.exists()]


@pytest.mark.parametrize("package", ["runbook_lib", "lab"])
def test_every_module_has_its_tests_in_its_place(package: str) -> None:
    assert [str(module) for module in modules(package) if not places_of_tests(module)] == []


def test_a_module_without_tests_is_noticed() -> None:
    assert modules("runbook_lib")
    assert places_of_tests(Path("runbook_lib/core/errors.py"))
    assert places_of_tests(Path("runbook_lib/core/nothing_of_this_name.py")) == []
