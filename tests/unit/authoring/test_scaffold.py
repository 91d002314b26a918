"""`runbook new`: what it writes, what it refuses, and that all of it passes the project's tests at once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.authoring.checking import left_to_write, missing_in
from runbook_lib.authoring.family_code import names_in, room_for_plans, with_lab_run, with_name
from runbook_lib.authoring.layers import MOST_PUBLIC_NAMES
from runbook_lib.authoring.page_edits import with_row
from runbook_lib.authoring.place_rules import LAB_RUNS
from runbook_lib.authoring.scaffold import FAMILIES, make_draft, make_notebook
from runbook_lib.contract.catalogue import Runbook
from runbook_lib.core.errors import UsageError

ROOT = Path(__file__).parents[3]
PARTS = ("README.md", "docs", "notebooks", "parameters", "runbook_lib", LAB_RUNS)
REST = ("pyproject.toml", "setup.sh", ".ci", "lab", "staging", "tests", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md",
        "SECURITY.md", "outputs/README.md", ".github", "environment.yml", "requirements.lock", "Makefile")


def copy(folder: Path, *names: str, compiled: bool = False) -> Path:
    leave_out = shutil.ignore_patterns(*([] if compiled else ["__pycache__"]), ".ipynb_checkpoints", "node_modules")
    for name in names:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=leave_out, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)
    return folder


def test_a_new_notebook_lacks_nothing_and_lists_what_is_left_to_write(tmp_path: Path) -> None:
    written = make_notebook("49_disk_usage", copy(tmp_path, *PARTS), when="the disk fills up")
    runbook = Runbook("49_disk_usage", written[0])
    assert missing_in(runbook) == ()
    assert runbook.title == "Disk usage"
    assert any(line.startswith("docs/runbooks/observability.md") for line in left_to_write(runbook))
    assert not any(line.startswith("README.md") for line in left_to_write(runbook))


def test_it_is_found_between_its_neighbours_by_number(tmp_path: Path) -> None:
    make_notebook("23_compare", copy(tmp_path, *PARTS), when="two releases differ")
    rows = [line for line in (tmp_path / "README.md").read_text().splitlines() if "](notebooks/" in line]
    place = next(place for place, row in enumerate(rows) if "23_compare" in row)
    assert "22_rollback" in rows[place - 1]
    assert "30_backup" in rows[place + 1]


def test_start_here_is_changed_by_a_line_in_its_symptoms_and_one_in_its_index(tmp_path: Path) -> None:
    make_notebook("49_disk_usage", copy(tmp_path, *PARTS))
    before = (ROOT / "notebooks/00_start_here.ipynb").read_text().splitlines()
    after = (tmp_path / "notebooks/00_start_here.ipynb").read_text().splitlines()
    assert len(after) == len(before) + 2
    assert sum("49_disk_usage.ipynb" in line for line in after) == 2


@pytest.mark.parametrize(("name", "options", "fault"), [
    ("disk_usage", {}, "is not the name of a notebook"), ("41-disk", {}, "is not the name"),
    ("20_other", {}, "The number 20 is taken by 20_deploy"), ("49_disk", {"title": "A | b"}, "a character that"),
])
def test_what_cannot_be_made_is_refused_before_anything_is_written(tmp_path: Path, name: str, options: dict[str, Any],
                                                                   fault: str) -> None:
    root = copy(tmp_path, *PARTS)
    with pytest.raises(UsageError, match=fault.replace("|", ".")):
        make_notebook(name, root, **options)
    assert len(list((root / "notebooks").iterdir())) == len(list((ROOT / "notebooks").glob("*.ipynb")))


@pytest.mark.parametrize("name", ["49_d", "49_", "4_disk", "49_Disk", "49_1disk", "49_disk usage", "49_" + "d" * 32])
def test_a_name_that_does_not_fit_is_answered_with_the_rule_that_it_breaks(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as refused:
        make_draft(name, tmp_path)
    assert refused.value.next_step == "Two digits, `_`, a letter, then 1 to 30 more of a–z, 0–9 and `_`: 49_disk_usage."


@pytest.mark.parametrize("name", ["49_di", "49_d9", "49_d_", "49_" + "d" * 31])
def test_a_name_that_just_fits_is_taken(tmp_path: Path, name: str) -> None:
    assert make_draft(name, tmp_path).name == name


def test_a_family_that_offers_all_it_may_is_left_as_it_is() -> None:
    full = "_HOMES = {\n" + '    "x": "y",\n' * MOST_PUBLIC_NAMES + "}\n"
    with pytest.raises(UsageError, match="would be one more"):
        with_name(full, "plan_more", "z", Path("x"))


def test_a_page_without_its_table_is_named() -> None:
    with pytest.raises(UsageError, match="There is no table"):
        with_row("# Title\n", "| a |", "| b |", Path("page.md"))


def test_a_lab_test_runs_it_in_the_order_of_the_numbers() -> None:
    runs = 'RUNS = {\n    "30_a": ((), 0, "passed"),\n    "50_c": ((), 0, "passed"),\n}\n'
    added = with_lab_run(runs, "49_b", Path("x"))
    assert [line.split('"')[1] for line in added.splitlines()[1:-1]] == ["30_a", "49_b", "50_c"]


def test_a_full_family_offers_further_plans_in_a_room_of_its_own(tmp_path: Path) -> None:
    root = copy(tmp_path, *PARTS)
    init = root / "runbook_lib/recovery/__init__.py"
    while room_for_plans(init.parent) == "":
        init.write_text(with_name(init.read_text(), f"fill_{len(names_in(init.read_text()))}", "x", init))
    notebook = make_notebook("35_move_backups", root, apply=True)[0]
    make_notebook("36_copy_backups", root, apply=True)
    assert "recovery.plans.plan_move_backups(server" in notebook.read_text()
    room = (root / "runbook_lib/recovery/plans/__init__.py").read_text()
    assert names_in(room) == ["plan_move_backups", "plan_copy_backups"]
    assert names_in(init.read_text()).count("plans") == 1


def test_every_decade_has_a_family() -> None:
    assert set(FAMILIES) == set("0123456789")


def run(root: Path, *words: str) -> str:
    done = subprocess.run((sys.executable, "-m", *words), cwd=root, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(root), "RUNBOOK_HOME": str(root)})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    return done.stdout


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts}


def make_and_compare(root: Path, *words: str) -> set[str]:
    """Makes a notebook by the command; what it prints is what differs afterwards, each file once."""
    before = contents(root)
    printed = [line.removeprefix("wrote ") for line in run(root, "runbook_lib.cli", "new", *words).splitlines()
               if line.startswith("wrote ")]
    changed = {name for name, content in contents(root).items() if before.get(name) != content}
    assert sorted(printed) == sorted(changed)
    return changed


@pytest.mark.slow
def test_new_notebooks_pass_the_projects_tests_at_once(tmp_path: Path) -> None:
    root = copy(tmp_path, *PARTS, *REST, compiled=True)  # or each of the processes compiles the package again
    make_and_compare(root, "47_disk_usage")
    made = make_and_compare(root, "73_clean_up", "--apply", "--when", "the disk fills up")
    assert made >= {"docs/architecture.md", "docs/reference/names.md", "docs/runbooks/maintenance.md", "docs/README.md"}
    run(root, "ruff", "check", "--quiet", ".")
    touched = ("test_style.py", "test_layers.py", "test_run_parameters.py", "cli/test_reference.py", "jupyter",
               "observability/notebooks", "maintenance")
    words = "47_disk or 73_clean or clean_up or maintenance or fresh or run_for_staging or test_style or test_layers"
    run(root, "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", words, *(f"tests/unit/{one}" for one in touched))


def test_the_file_is_what_jupyterlab_would_write(tmp_path: Path) -> None:
    text = make_notebook("49_disk_usage", copy(tmp_path, *PARTS))[0].read_text()
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
