"""The shape of the house: small documented modules, thin notebooks, and a reader who finds the right one."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MODULES = sorted((ROOT / "runbook_lib").rglob("*.py")) + sorted(
    path for path in (ROOT / "lab").rglob("*.py") if "app" not in path.relative_to(ROOT / "lab").parts[:1]
)
PROGRAMS = [ROOT / "setup.sh", ROOT / ".ci/run", *sorted((ROOT / "staging").rglob("*.sh")), *sorted((ROOT / "lab").rglob("*.sh")),
            *sorted((ROOT / "runbook_lib").rglob("*.sh")),
            *(path for path in MODULES if "set -o pipefail" in path.read_text())]
LONGEST_MODULE = 400
LONGEST_CELL = 10
LOGIC = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Lambda)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    document = json.loads(path.read_text())
    return [cell for cell in document["cells"] if cell["cell_type"] == kind]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def tags(cell: dict[str, Any]) -> list[str]:
    return list(cell["metadata"].get("tags", []))


def faults_of_code(text: str, public: set[str]) -> list[str]:
    """What makes a code cell too thick, or reach past the public names."""
    faults = []
    if len([line for line in text.splitlines() if line.strip()]) > LONGEST_CELL:
        faults.append(f"longer than {LONGEST_CELL} lines")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, LOGIC):
            faults.append(f"{type(node).__name__} belongs into runbook_lib")
        if isinstance(node, ast.Import):
            faults.append(f"import {node.names[0].name}: notebooks import public names of runbook_lib")
        if isinstance(node, ast.ImportFrom):
            if node.module != "runbook_lib":
                faults.append(f"from {node.module}: notebooks import public names of runbook_lib")
            faults += [f"{alias.name} is not public" for alias in node.names if alias.name not in public]
        if isinstance(node, ast.Attribute) and (missing := missing_name(ast.unparse(node))):
            faults.append(f"{missing} is not public")
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"input", "exit", "quit", "sys.exit", "os._exit"}:
            faults.append(f"{ast.unparse(node.func)}() in a cell")
    return faults


def public_names() -> set[str]:
    import runbook_lib

    return set(runbook_lib.__all__)


def missing_name(dotted: str) -> str:
    """The text itself when it begins with a family, e.g. `recovery.checks.x`, and leads to no public name; else empty."""
    import runbook_lib

    value: Any = runbook_lib
    if not re.fullmatch(r"[\w.]+", dotted):
        return ""  # an attribute of what a call returned
    for part in dotted.split("."):
        if not (isinstance(value, ModuleType) and hasattr(value, "__path__")):
            break  # a method of a value, or a function of a module of charts
        if part not in getattr(value, "__all__", [part]):
            return "" if value is runbook_lib else dotted
        value = getattr(value, part)
    return ""


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_outgrows_its_room(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE


def early_leavers(program: str) -> list[str]:
    """Lines that pipe into a grep that leaves at its first hit: under pipefail its hit may count as a miss."""
    lines = re.sub(r"\\\n\s*|\n\s*(?=\|[^|])", "", program).splitlines()
    return [line for line in lines if re.search(r"[^|]\|\s*grep\b[^|]*?(\s-\w*[qm]|\s--(quiet|silent|max-count)|>\s*/dev/null)", line)]


@pytest.mark.parametrize("path", PROGRAMS, ids=name_of)
def test_no_answer_hangs_on_a_pipe_whose_reader_leaves_early(path: Path) -> None:
    assert early_leavers(path.read_text()) == []


def test_a_reader_that_leaves_early_is_noticed() -> None:
    assert early_leavers("printf '%s\\n' a b | grep -qxF a")
    assert early_leavers("list \\\n    | grep -Fq a || fail")
    assert early_leavers("list | grep a >/dev/null")
    assert early_leavers("grep -q a file || other | sort") == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_notebooks_are_kept_without_outputs(path: Path) -> None:
    assert [cell for cell in cells(path, "code") if cell["outputs"] or cell["execution_count"] is not None] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_every_notebook_has_one_parameters_cell_and_it_is_the_first_code(path: Path) -> None:
    tagged = [index for index, cell in enumerate(cells(path, "code")) if "parameters" in tags(cell)]
    assert tagged == [0]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_notebook_cells_are_thin_and_use_public_names(path: Path) -> None:
    faults = {
        index: faults_of_code(source(cell), public_names())
        for index, cell in enumerate(cells(path, "code")) if "parameters" not in tags(cell)
    }
    assert {index: fault for index, fault in faults.items() if fault} == {}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_no_failure_of_a_cell_is_let_through(path: Path) -> None:
    assert [cell for cell in cells(path, "code") if "raises-exception" in tags(cell)] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_prose_stands_before_every_code_cell(path: Path) -> None:
    kinds = [cell["cell_type"] for cell in json.loads(path.read_text())["cells"]]
    bare = [index for index in range(1, len(kinds)) if kinds[index] == kinds[index - 1] == "code"]
    first_two = [index for index in bare if index <= 3]  # imports may follow the parameters without a word
    assert kinds[0] == "markdown"
    assert len(bare) - len(first_two) <= 1


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_a_reader_finds_every_notebook_from_a_symptom(path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    assert f"notebooks/{path.name}" in readme
    start = ROOT / "notebooks/00_start_here.ipynb"
    assert start.exists()
    assert path == start or path.stem in start.read_text()


def test_the_readme_names_no_notebook_that_is_not_there() -> None:
    named = set(re.findall(r"notebooks/(\d\w+\.ipynb)", (ROOT / "README.md").read_text()))
    assert named == {path.name for path in NOTEBOOKS}


@pytest.mark.parametrize("name", ["*.md", "docs/*.md", "docs/**/*.md"])
def test_links_in_the_documentation_lead_somewhere(name: str) -> None:
    broken = []
    for page in ROOT.glob(name):
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
            if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
                broken.append(f"{name_of(page)}: {target}")
    assert broken == []


def test_a_thick_cell_is_noticed() -> None:
    assert faults_of_code("for x in y:\n    print(x)", set())
    assert faults_of_code("import os", set())
    assert faults_of_code("from runbook_lib.connections import ssh", set())
    assert faults_of_code("from runbook_lib import secret_name", {"open_run"})
    assert faults_of_code("\n".join(["a = 1"] * 11), set())
    assert faults_of_code("recovery.secret_name(x)", set()) == ["recovery.secret_name is not public"]
    assert faults_of_code("recovery.checks.secret_name(x)", set()) == ["recovery.checks.secret_name is not public"]
    assert faults_of_code("recovery.checks.backup_is_new(x).text", set()) == []
    assert faults_of_code("backups.named(x)", set()) == []
    assert faults_of_code("from runbook_lib import open_run", {"open_run"}) == []
