"""Tests mirror the packages path by path: each module of runbook_lib and of the lab has its tests in the same place."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
# the application is a repository of its own in the lab, with its own tests; `python -m` entries parse and call
APPLICATION = ROOT / "lab/app"
ENTRIES = {"__init__", "__main__"}
# still to be written; nothing is ever added here
PENDING = {
    "runbook_lib/authoring/checking.py",
    "runbook_lib/authoring/family_code.py",
    "runbook_lib/authoring/floor_plan.py",
    "runbook_lib/authoring/layers.py",
    "runbook_lib/authoring/page_edits.py",
    "runbook_lib/authoring/place_rules.py",
    "runbook_lib/authoring/template.py",
    "runbook_lib/cli/author.py",
    "runbook_lib/cli/output.py",
    "runbook_lib/headless/engine.py",
    "runbook_lib/headless/outcome.py",
    "runbook_lib/headless/progress.py",
    "runbook_lib/headless/signals.py",
    "runbook_lib/headless/worker.py",
    "runbook_lib/headless/worker_main.py",
    "runbook_lib/platform/drawing.py",
    "runbook_lib/platform/facts/container_http.py",
    "runbook_lib/platform/facts/idle_colour.py",
    "runbook_lib/platform/plans/compose.py",
    "runbook_lib/platform/plans/nginx.py",
    "runbook_lib/platform/plans/release_files.py",
    "runbook_lib/recovery/charts.py",
    "runbook_lib/recovery/facts/archived_files.py",
    "runbook_lib/recovery/facts/backup_survey.py",
    "runbook_lib/recovery/facts/configuration_backups.py",
    "runbook_lib/recovery/facts/data_loss.py",
    "runbook_lib/recovery/facts/drill_selection.py",
    "runbook_lib/recovery/facts/dumps.py",
    "runbook_lib/recovery/facts/installed_schedules.py",
    "runbook_lib/recovery/facts/manifests.py",
    "runbook_lib/recovery/plans/configuration_backup.py",
    "runbook_lib/recovery/plans/restore_steps.py",
    "runbook_lib/recovery/plans/scheduled_programs.py",
    "lab/resilience/backup_pair.py",
    "lab/resilience/corruptions.py",
    "lab/resilience/file_corruptions.py",
    "lab/resilience/sql_corruptions.py",
}


def modules(package: str) -> list[Path]:
    """The modules of a package, from its folder on."""
    found = (path for path in sorted((ROOT / package).rglob("*.py")) if path.stem not in ENTRIES)
    return [path.relative_to(ROOT) for path in found if APPLICATION not in path.parents]


def places_of_tests(module: Path) -> list[Path]:
    """Where the tests of a module are: its own file, or for facts its folder of data. Empty when there are none."""
    folder = HERE / module.relative_to("runbook_lib").parent if module.parts[0] == "runbook_lib" else HERE / module.parent
    places = [folder / f"test_{module.stem}.py", folder / "data" / module.stem]
    # every check has its cases by its own name, which test_data_cases.py holds
    return [folder] if module.parts[2:3] == ("checks",) else [place for place in places if place.exists()]


@pytest.mark.parametrize("package", ["runbook_lib", "lab"])
def test_every_module_has_its_tests_in_its_place(package: str) -> None:
    assert [str(module) for module in modules(package) if not places_of_tests(module) and str(module) not in PENDING] == []


def test_a_module_without_tests_is_noticed() -> None:
    assert modules("runbook_lib")
    assert places_of_tests(Path("runbook_lib/core/errors.py"))
    assert places_of_tests(Path("runbook_lib/core/nothing_of_this_name.py")) == []
