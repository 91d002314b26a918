"""The code behind a new notebook: public names, rooms of full families, the table of lab runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.authoring.family_code import (
    PACKAGE,
    ROOM,
    made_files,
    names_in,
    room_for_plans,
    with_lab_run,
    with_name,
)
from runbook_lib.authoring.layers import MOST_PUBLIC_NAMES
from runbook_lib.authoring.place_rules import LAB_RUNS
from runbook_lib.authoring.template import Draft
from runbook_lib.core.errors import UsageError

EMPTY = PACKAGE.format(family="Capacity", number="60")
DRAFT = Draft("60_disks", "Disks", "the disk fills up", "capacity", "plan_disks")


def package(count: int, *rooms: str) -> str:
    """A family's text with that many names, and rooms."""
    text = EMPTY
    for name in [*(f"name_{number}" for number in range(count)), *rooms]:
        text = with_name(text, name, name, Path("x"))
    return text


def test_a_name_is_added_behind_the_others() -> None:
    assert names_in(with_name(package(2), "plan_disks", "y", Path("x"))) == ["name_0", "name_1", "plan_disks"]


def test_a_full_family_takes_a_room_and_no_further_name() -> None:
    full = package(MOST_PUBLIC_NAMES)
    with pytest.raises(UsageError, match="plan_disks' would be one more"):
        with_name(full, "plan_disks", "y", Path("x"))
    assert names_in(with_name(full, "plans", "plans", Path("x")))[-1] == "plans"


@pytest.mark.parametrize(("text", "room"), [
    (None, ""), (package(3, "checks"), ""), (package(MOST_PUBLIC_NAMES - 1, "checks", "charts"), ""),
    (package(MOST_PUBLIC_NAMES, "checks"), "plans"), (package(3, "plans"), "plans"),
])
def test_where_a_family_offers_its_next_plan(tmp_path: Path, text: str | None, room: str) -> None:
    if text is not None:
        (tmp_path / "__init__.py").write_text(text)
    assert room_for_plans(tmp_path) == room


def project(root: Path) -> Path:
    """The least of a project that a new notebook changes."""
    for file, text in ((LAB_RUNS, "RUNS = {\n}\n"), ("runbook_lib/__init__.py", EMPTY), ("parameters/runs/x.yaml", "")):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text)
    return root


def test_a_new_family_gets_its_package_and_its_name(tmp_path: Path) -> None:
    files = {path.relative_to(tmp_path).as_posix(): text for path, text in made_files(DRAFT, project(tmp_path)).items()}
    assert names_in(files["runbook_lib/__init__.py"]) == ["capacity"]
    assert names_in(files["runbook_lib/capacity/__init__.py"]) == ["plan_disks"]
    assert files["runbook_lib/capacity/plans/__init__.py"].startswith('"""Pure plans')
    assert "confirm: staging" in files["parameters/runs/disks.yaml"]
    compile(files["tests/unit/capacity/plans/test_disks.py"], "test", "exec")


def test_a_plan_in_a_room_is_offered_there(tmp_path: Path) -> None:
    family = project(tmp_path) / "runbook_lib/capacity"
    (family / "plans").mkdir(parents=True)
    (family / "__init__.py").write_text(package(MOST_PUBLIC_NAMES))
    (family / "plans/__init__.py").write_text('"""Pure plans."""\n')
    draft = Draft(DRAFT.name, DRAFT.title, DRAFT.when, DRAFT.family, DRAFT.plan, room="plans")
    files = made_files(draft, tmp_path)
    assert names_in(files[family / "plans/__init__.py"]) == ["plan_disks"]
    assert names_in(files[family / "__init__.py"])[-1] == "plans"
    compile(files[family / "plans/__init__.py"], "room", "exec")
    assert ROOM in with_name(ROOM, "x", "y", Path("x")).replace('    "x": "y",\n', "")


def test_a_run_file_of_that_name_is_not_overwritten(tmp_path: Path) -> None:
    (project(tmp_path) / "parameters/runs/disks.yaml").touch()
    assert tmp_path / "parameters/runs/60-disks.yaml" in made_files(DRAFT, tmp_path)


def test_a_lab_test_without_its_table_is_named() -> None:
    with pytest.raises(UsageError, match="There is no table RUNS"):
        with_lab_run("nothing", "41_b", Path("x"))
