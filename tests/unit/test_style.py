"""The shape of the house: small documented modules, thin notebooks, and a reader who finds the right one."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from runbook_lib.authoring.checking import RULES, missing_in
from runbook_lib.authoring.place_rules import broken_links
from runbook_lib.authoring.template import APPLY, CONFIRM, NOTHING_DONE, TARGET
from runbook_lib.contract.catalogue import Runbook

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MODULES = sorted((ROOT / "runbook_lib").rglob("*.py")) + sorted(
    path for path in (ROOT / "lab").rglob("*.py") if "app" not in path.relative_to(ROOT / "lab").parts[:1]
    and not (path.relative_to(ROOT / "lab").parts[0] == "applications" and len(path.relative_to(ROOT / "lab").parts) > 2)
)
PROGRAMS = [ROOT / "setup.sh", ROOT / ".ci/run", *sorted((ROOT / "staging").rglob("*.sh")), *sorted((ROOT / "lab").rglob("*.sh")),
            *sorted((ROOT / "runbook_lib").rglob("*.sh")),
            *(path for path in MODULES if "set -o pipefail" in path.read_text())]
LONGEST_MODULE = 250
LONGEST_FUNCTION = 35
LONGEST_TEST_FILE = 300
STATES = {"unknown", "aborted", "failed", "inconclusive", "rolled back", "rollback failed"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def faults_of_shape(name: str, source: str) -> list[str]:
    """The module if it does not say what it is for, and what of it is too long, by name."""
    tree = ast.parse(source)
    found = [] if ast.get_docstring(tree) else [f"{name} has no docstring"]
    return found + too_long(name, source, tree)


def too_long(name: str, source: str, tree: ast.Module | None = None) -> list[str]:
    """The module and the functions of it that are too long, by name."""
    found = [name] if len(source.splitlines()) > LONGEST_MODULE else []
    return found + [f"{name}: {node.name}" for node in ast.walk(tree or ast.parse(source))
                    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                    and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION]


def test_every_module_says_what_it_is_for_and_neither_it_nor_a_function_outgrows_its_room() -> None:
    assert MODULES
    assert [fault for path in MODULES for fault in faults_of_shape(name_of(path), path.read_text())] == []


def test_no_file_of_tests_outgrows_its_room() -> None:
    files = sorted((ROOT / "tests").rglob("*.py"))
    assert files
    assert [name_of(path) for path in files if len(path.read_text().splitlines()) > LONGEST_TEST_FILE] == []


def test_a_function_and_a_module_that_are_too_long_are_noticed() -> None:
    assert faults_of_shape("a.py", "x = 1\n") == ["a.py has no docstring"]
    function = "def long():\n" + "    x = 1\n" * LONGEST_FUNCTION
    assert too_long("a.py", function) == ["a.py: long"]
    assert too_long("a.py", function.replace("    x = 1\n", "", 1)) == []
    assert too_long("a.py", "x = 1\n" * (LONGEST_MODULE + 1)) == ["a.py"]


def early_leavers(program: str) -> list[str]:
    """Lines that pipe into a grep that leaves at its first hit: under pipefail its hit may count as a miss."""
    lines = re.sub(r"\\\n\s*|\n\s*(?=\|[^|])", "", program).splitlines()
    return [line for line in lines if re.search(r"[^|]\|\s*grep\b[^|]*?(\s-\w*[qm]|\s--(quiet|silent|max-count)|>\s*/dev/null)", line)]


def test_no_answer_hangs_on_a_pipe_whose_reader_leaves_early() -> None:
    assert PROGRAMS
    assert {name_of(path): lines for path in PROGRAMS if (lines := early_leavers(path.read_text()))} == {}


def test_a_reader_that_leaves_early_is_noticed() -> None:
    assert early_leavers("printf '%s\\n' a b | grep -qxF a")
    assert early_leavers("list \\\n    | grep -Fq a || fail")
    assert early_leavers("list | grep a >/dev/null")
    assert early_leavers("grep -q a file || other | sort") == []


def volume_leavers(program: str) -> list[str]:
    """Lines that remove a container and leave the volumes without a name that its image made: on a server they fill the disk."""
    lines = re.sub(r"\\\n\s*", "", program).splitlines()
    return [line for line in lines if re.search(r"""docker(\(\))?"?,? "?rm"?(?:[, ]|$)""", line) and "--volumes" not in line
            and not re.match(r"\s*(#|//)|.*# .*`docker rm`", line)]


def test_no_container_is_removed_without_the_volumes_that_it_alone_had() -> None:
    tests = [path for path in (ROOT / "tests").rglob("*.py") if "unit" not in path.parts]
    found = {name_of(path): lines for path in dict.fromkeys([*PROGRAMS, *MODULES, *tests]) if (lines := volume_leavers(path.read_text()))}
    assert found == {}


def test_a_removal_that_leaves_volumes_is_noticed() -> None:
    assert volume_leavers("trap 'docker rm --force \"$one\"' EXIT")
    assert volume_leavers("ids | xargs -r docker rm")
    assert volume_leavers('run((docker(), "rm", "-f", name), log)') and volume_leavers('("docker", "rm", "x")')
    assert volume_leavers("docker rm --force \\\n  --volumes x; docker run --rm y") == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_every_notebook_keeps_every_rule(path: Path) -> None:
    assert RULES
    assert missing_in(Runbook(path.stem, path)) == (), f"See all of it with: runbook check {path.stem}"


def heading_of(text: str) -> str:
    return text.partition("\n")[0]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_cells_that_every_notebook_has_read_the_same_in_all(path: Path) -> None:
    template = {heading_of(text): text for text in (TARGET, CONFIRM, APPLY)}
    prose = [cell["source"] for cell in Runbook(path.stem, path).cells if cell["cell_type"] == "markdown"]
    assert [text for text in prose if template.get(heading_of(text), text) != text] == []


CHANGING = [path for path in NOTEBOOKS if 'mode: str = "plan"' in Runbook(path.stem, path).parameters_source]


def test_the_notebooks_that_change_something_are_found() -> None:
    assert {path.stem[:2] for path in CHANGING} >= {"20", "22", "30", "31", "32", "33", "34"}


@pytest.mark.parametrize("path", CHANGING, ids=name_of)
def test_a_failure_is_looked_up_by_the_same_words_in_every_notebook(path: Path) -> None:
    call, failed, _ = [cell["source"] for cell in Runbook(path.stem, path).cells[-3:]]
    assert re.fullmatch(r"## Failed, (or rolled back \(exit codes 1, 3, 4, 5\)|nothing is rolled back \(exit codes 1, 3, 4\))",
                        heading_of(failed))
    # the server is as it was: the one outcome of exit code 4 that must not be taken for *unknown*
    assert failed.rstrip().splitlines()[-1].startswith(f"| {NOTHING_DONE} | nothing was changed | ")
    unknown = [line for text in (call, failed) for line in text.splitlines() if "*unknown*" in line]
    assert len(unknown) == 1
    assert unknown[0].startswith("| *unknown* (4) in a step")


def steps_named(prose: str) -> list[str]:
    """Steps in the first column of the tables of what to do after the last step that passed; states are none."""
    rows = [line for line in prose.partition("| last step that passed |")[2].splitlines() if line.startswith("| ")]
    return [name for row in rows for name in re.findall(r"\*([^*]+)\*", row.split(" | ")[0]) if name not in STATES]


def is_title(name: str, plans: str) -> bool:
    """Whether a line of the plans has all parts of the name in their order; `…` is what only the plan knows."""
    return bool(re.search(".*".join(re.escape(part.strip()) for part in name.split("…")), plans))


@cache
def plans() -> str:
    """The source of every plan of the package."""
    return "\n".join(plan.read_text() for plan in sorted((ROOT / "runbook_lib").glob("*/plans/*.py")))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_steps_have_the_names_that_the_plan_shows(path: Path) -> None:
    prose = [cell["source"] for cell in Runbook(path.stem, path).cells if cell["cell_type"] == "markdown"]
    assert [name for text in prose for name in steps_named(text) if not is_title(name, plans())] == []
    # a key is in no table that an operator sees
    assert [key for text in prose for key in re.findall(r"\*[a-z]+-[a-z-]+\*", text)] == []


def test_a_step_that_no_plan_has_is_noticed() -> None:
    table = "| last step that passed | now |\n|---|---|\n| *Start … as …*, *Gone*, *unknown* | *true* |\n"
    assert steps_named(table) == ["Start … as …", "Gone"]
    assert is_title("Start … as …", 'f"Start {version} as {colour}"')
    assert not is_title("Start … as …", '"Start"\n"Stop as"')


def test_the_readme_names_no_notebook_that_is_not_there() -> None:
    named = set(re.findall(r"notebooks/(\d\w+\.ipynb)", (ROOT / "README.md").read_text()))
    assert named == {path.name for path in NOTEBOOKS}


@pytest.mark.parametrize("name", ["*.md", "docs/*.md", "docs/**/*.md"])
def test_links_in_the_documentation_lead_somewhere(name: str) -> None:
    broken = {name_of(page): broken_links(page.read_text(), page.parent) for page in ROOT.glob(name)}
    assert {page: links for page, links in broken.items() if links} == {}
