"""The layers of the package: imports go inwards, families form no circle, and I/O stays where it may be."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType

import pytest

import runbook_lib
from runbook_lib.authoring.layers import KINDS, MOST_PUBLIC_NAMES, ROOMS
from runbook_lib.authoring.layers import families as families_of_package
from runbook_lib.authoring.layers import layers as layers_of_package
from tests.unit.application_names import counts, places_in

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "runbook_lib"
MODULES = sorted(PACKAGE.rglob("*.py"))
LOWEST_FAMILY = "platform"

SOCKETS_AND_PROCESSES = {
    "aiohttp", "asyncio", "docker", "ftplib", "http", "httpx", "multiprocessing", "paramiko", "pty", "requests",
    "smtplib", "socket", "socketserver", "ssl", "subprocess", "urllib.request",
}
# the runner ends papermill's whole process group; the kernel's package asks the running interpreter about itself
ALLOWED_OUTSIDE_CONNECTIONS = {"headless": {"subprocess", "multiprocessing"}}
PROCESS_CALLS = {"system", "popen", "fork", "forkpty", "posix_spawn", "execv", "execve", "execvp", "spawnv"}
FILE_READS = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "glob", "rglob"}


@cache
def layers() -> list[set[str]]:
    """Packages of each layer, inner to outer, as docs/architecture.md shows them."""
    return [set(layer.packages) for layer in layers_of_package()]


@cache
def families() -> set[str]:
    """The packages of the domain layer: those with facts, checks or plans."""
    return set(families_of_package())


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def package_of(module: str) -> str:
    """`recovery` of runbook_lib.recovery.facts.backups; empty for runbook_lib itself."""
    return [*module.split("."), ""][1]


def kind_of(module: str) -> str:
    """`facts` of runbook_lib.recovery.facts.backups; empty for a module that is not in a family's kind."""
    return next((part for part in module.split(".")[2:3] if part in KINDS), "")


def imports(tree: ast.AST, module: str, *, is_package: bool = False) -> set[str]:
    """Every module a file imports: at its top, inside a function, or for type checkers alone."""
    found: set[str] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".")[: None if is_package and node.level == 1 else -node.level + is_package]
                base = ".".join([*parents, base]).rstrip(".")
            found |= {f"{base}.{alias.name}" for alias in node.names}
        waiting += list(ast.iter_child_nodes(node))
    return found


@dataclass(frozen=True)
class Parsed:
    """What the rules ask of a module: its imports, and its calls that read files or start processes through os."""

    imports: set[str]
    file_access: set[str]
    process_calls: set[str]


@cache
def parsed() -> dict[str, Parsed]:
    """Every module of the package by its name. Each file is parsed once, whatever the number of rules."""
    found = {}
    for path in MODULES:
        name, tree = module_name(path), ast.parse(path.read_text())
        found[name] = Parsed(imports(tree, name, is_package=path.name == "__init__.py"), file_access(tree), process_calls(tree))
    return found


def module_graph() -> dict[str, set[str]]:
    """Each module of the package with the modules of the package that it imports when it is loaded or run."""
    def resolve(target: str) -> str | None:
        while target and target not in parsed():
            target = target.rpartition(".")[0]
        return target or None

    graph = {}
    for name, module in parsed().items():
        found = {resolve(target) for target in module.imports if target.startswith("runbook_lib.")}
        # a package's __init__ that offers its own modules is not a circle, and neither is the root
        graph[name] = {target for target in found if target and target not in (name, "runbook_lib") and not name.startswith(f"{target}.")}
    return graph


def circle_in(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """The members of one circle; empty where there is none."""
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def outward_imports(name: str, imported: set[str]) -> list[str]:
    """Imports from `name` that leave its layer outwards."""
    rank = {member: level for level, layer in enumerate(layers()) for member in layer}
    own = rank[package_of(name)]
    return sorted(
        target for target in imported
        if target.startswith("runbook_lib.") and package_of(target) in rank and rank[package_of(target)] > own
    )


def backward_imports(name: str, imported: set[str]) -> list[str]:
    """Inside a family: imports by facts of checks or plans, or by checks of plans, in its own family or another."""
    if not kind_of(name):
        return []
    own = KINDS.index(kind_of(name))
    return sorted(target for target in imported if package_of(target) in families()
                  and kind_of(target) and KINDS.index(kind_of(target)) > own)


def family_graph() -> dict[str, set[str]]:
    """Each family with the other families that its modules import."""
    graph: dict[str, set[str]] = {family: set() for family in families()}
    for name, imported in module_graph().items():
        if package_of(name) in graph and name != f"runbook_lib.{package_of(name)}":
            graph[package_of(name)] |= {package_of(one) for one in imported if package_of(one) in graph} - {package_of(name)}
    return graph


def forbidden_here(name: str, imported: set[str]) -> list[str]:
    """Imports in `name` of something that opens sockets or starts processes, where only connections/ may."""
    if package_of(name) == "connections":
        return []
    allowed = ALLOWED_OUTSIDE_CONNECTIONS.get(package_of(name), set())
    return sorted(
        target for target in imported
        if any(target == word or target.startswith(f"{word}.") for word in SOCKETS_AND_PROCESSES - allowed)
    )


def file_access(tree: ast.AST) -> set[str]:
    """Calls that read or write files."""
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)
            and (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")) in FILE_READS}


def process_calls(tree: ast.AST) -> set[str]:
    """Calls that start a process through os."""
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute) and node.func.attr in PROCESS_CALLS and ast.unparse(node.func.value) == "os"}


def faults_of_each(faults: Callable[[str], Iterable[str]]) -> dict[str, list[str]]:
    """The modules of the package in which something is found, each with what."""
    assert parsed()
    return {name: found for name in parsed() if (found := sorted(faults(name)))}


def test_every_package_stands_in_the_table_of_layers() -> None:
    placed = set().union(*layers()) | {""}
    assert {package_of(name) for name in parsed()} - placed == set(), "authoring/layers.py does not place them"


def test_imports_go_inwards() -> None:
    # the public names come from every layer
    assert faults_of_each(lambda name: outward_imports(name, parsed()[name].imports) if name != "runbook_lib" else ()) == {}


def test_inside_a_family_facts_come_before_checks_and_checks_before_plans() -> None:
    assert faults_of_each(lambda name: backward_imports(name, parsed()[name].imports)) == {}


def test_families_form_no_circle_and_platform_is_lowest() -> None:
    graph = family_graph()
    assert circle_in(graph) == []
    assert graph[LOWEST_FAMILY] == set()
    assert all(LOWEST_FAMILY in graph[family] for family in graph if family != LOWEST_FAMILY)


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle_in(module_graph()) == []


def test_checks_and_plans_read_no_file() -> None:
    assert faults_of_each(lambda name: parsed()[name].file_access if kind_of(name) in ("checks", "plans") else ()) == {}


def test_only_connections_opens_sockets_and_starts_processes() -> None:
    assert faults_of_each(lambda name: forbidden_here(name, parsed()[name].imports)) == {}


def test_no_module_starts_a_process_through_os() -> None:
    assert faults_of_each(lambda name: parsed()[name].process_calls) == {}


def test_the_product_does_not_know_its_lab() -> None:
    assert faults_of_each(lambda name: {one for one in parsed()[name].imports if one.split(".")[0] in {"lab", "tests"}}) == {}


@pytest.mark.parametrize("family", ["", *sorted(families())])
def test_a_family_has_few_public_names(family: str) -> None:
    package = getattr(runbook_lib, family) if family else runbook_lib
    assert 0 < len([name for name in package.__all__ if name not in ROOMS]) <= MOST_PUBLIC_NAMES
    for below in [name for name in package.__all__ if family and isinstance(getattr(package, name), ModuleType)]:
        assert 0 < len(getattr(getattr(package, below), "__all__", ["a module of functions"])) <= MOST_PUBLIC_NAMES


def test_the_table_names_every_layer_and_family() -> None:
    assert all(layers())
    assert "core" in layers()[0]
    assert families() <= layers()[2]
    assert "cli" in layers()[-1]


def test_an_outward_import_is_noticed_wherever_it_hides() -> None:
    source = "def late():\n    from runbook_lib.connections import ssh\n"
    here = "runbook_lib.platform.facts.server"
    assert outward_imports(here, imports(ast.parse(source), here))
    relative = imports(ast.parse("from ...run import open_run"), here)
    assert outward_imports(here, relative) == ["runbook_lib.run.open_run"]
    sibling = imports(ast.parse("from .server import x"), "runbook_lib.platform.facts", is_package=True)
    assert sibling == {"runbook_lib.platform.facts.server.x"}


def test_a_fact_that_imports_a_plan_is_noticed() -> None:
    plan = "runbook_lib.recovery.plans.backup.plan_backup"
    assert backward_imports("runbook_lib.recovery.facts.backups", {plan}) == [plan]
    assert backward_imports("runbook_lib.recovery.checks.backup", {plan}) == [plan]
    assert backward_imports("runbook_lib.release.plans.deploy", {plan}) == []


def test_a_circle_is_noticed() -> None:
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": set()}) == []


def test_an_import_for_type_checkers_alone_counts() -> None:
    source = "if TYPE_CHECKING:\n    from runbook_lib.run import Run\n"
    here = "runbook_lib.platform.facts.server"
    assert outward_imports(here, imports(ast.parse(source), here)) == ["runbook_lib.run.Run"]


def test_a_socket_in_the_wrong_place_is_noticed() -> None:
    assert forbidden_here("runbook_lib.platform.facts.server", {"socket"}) == ["socket"]
    assert forbidden_here("runbook_lib.recovery.checks.backup", {"urllib.request.urlopen"}) == ["urllib.request.urlopen"]
    assert forbidden_here("runbook_lib.recovery.checks.backup", {"urllib.parse.quote"}) == []
    assert forbidden_here("runbook_lib.connections.ssh", {"socket"}) == []


def test_a_process_that_is_started_through_os_is_noticed() -> None:
    assert process_calls(ast.parse("def f():\n    os.system('x')\n    os.path.join('x')\n    shell.system('x')")) == {"os.system"}


def test_nothing_in_the_package_and_the_notebooks_names_the_application() -> None:
    named = {kind: number for kind, number in counts().items() if number}
    assert not named, (f"{named}: what an application is called belongs into the environment file. `python -m "
                       "tests.unit.application_names KIND` shows every place.")


def test_a_name_of_the_application_is_noticed_in_every_form() -> None:
    python = 'image = f"gw2-backend:{commit}"\nservice = "postgres"\ncolour = f"backend-{colour}"\n'
    assert places_in("x.py", python, "images") == ["x.py:1: gw2-backend"]
    assert places_in("x.py", python, "service names") == ["x.py:2: postgres", "x.py:3: backend-"]
    assert places_in("x.py", '"""The backend, in words."""\nwords = "postgres answers"\n', "service names") == []
    shell = "docker ps --filter label=com.docker.compose.service=postgres\nlive=$(one_container \"$project\" redis)\n"
    assert places_in("x.sh", shell, "service names") == ["x.sh:1: postgres", "x.sh:2: redis"]
    assert places_in("x.sh", "docker-entrypoint.sh postgres # redis\n", "service names") == []
    assert places_in("x.py", "'/api/v1/builds?limit=1' '/api/v1/targets'", "API paths") == ["x.py:1: /builds"]
    assert places_in("x.sh", "log=/var/log/gw2/$name.log", "log folders") == ["x.sh:1: /var/log/gw2"]
    assert places_in("x.sh", "gw2-$name gw2_up", "other names") == ["x.sh:1: gw2"]
