"""The bands of docs/architecture.md hold: imports go inwards, and I/O stays in the rooms that may do it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "runbook_lib"
MODULES = sorted(PACKAGE.rglob("*.py"))

SOCKETS_AND_PROCESSES = {
    "aiohttp", "asyncio", "docker", "ftplib", "http", "httpx", "multiprocessing", "paramiko", "pty", "requests",
    "smtplib", "socket", "socketserver", "ssl", "subprocess", "urllib.request",
}
# the runner ends papermill's whole process group; the kernel's room asks the running interpreter about itself
ALLOWED_OUTSIDE_CONNECTIONS = {
    "headless": {"subprocess", "multiprocessing"},
    "notify": {"smtplib", "ssl", "requests"},
}
PROCESS_CALLS = {"system", "popen", "fork", "forkpty", "posix_spawn", "execv", "execve", "execvp", "spawnv"}


def bands() -> list[set[str]]:
    """Rooms of each band, inner to outer, as the table of docs/architecture.md lists them."""
    text = (ROOT / "docs/architecture.md").read_text()
    table = text[text.index("| band | rooms") :].split("\n\n")[0].splitlines()[2:]
    rooms = [set(re.findall(r"`([a-z_]+)/?`", row.split("|")[2])) for row in table]
    return [band - {"notebooks"} for band in rooms]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(module: str) -> str:
    """`facts` of runbook_lib.facts.server; empty for runbook_lib itself."""
    return [*module.split("."), ""][1]


def imports(tree: ast.AST, module: str, *, is_package: bool = False) -> set[str]:
    """Every module a file imports, at its top or inside a function; imports for type checkers alone do not count."""
    found: set[str] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
            continue
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


def imports_of(path: Path) -> set[str]:
    return imports(ast.parse(path.read_text()), module_name(path), is_package=path.name == "__init__.py")


def outward_imports(name: str, imported: set[str]) -> list[str]:
    """Imports from `name` that leave its band outwards."""
    rank = {member: level for level, band in enumerate(bands()) for member in band}
    own = rank[room(name)]
    return sorted(
        target for target in imported
        if target.startswith("runbook_lib.") and room(target) in rank and rank[room(target)] > own
    )


def forbidden_here(name: str, imported: set[str]) -> list[str]:
    """Imports in `name` of something that opens sockets or starts processes, where only connections/ may."""
    if room(name) == "connections":
        return []
    allowed = ALLOWED_OUTSIDE_CONNECTIONS.get(room(name), set())
    return sorted(
        target for target in imported
        if any(target == word or target.startswith(f"{word}.") for word in SOCKETS_AND_PROCESSES - allowed)
    )


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_every_room_stands_in_the_table_of_bands(path: Path) -> None:
    name = module_name(path)
    if name != "runbook_lib":
        assert room(name) in set().union(*bands()), f"docs/architecture.md does not say in which band {room(name)} is"


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_go_inwards(path: Path) -> None:
    name = module_name(path)
    if name != "runbook_lib":  # the public names come from every band
        assert outward_imports(name, imports_of(path)) == []


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_only_connections_opens_sockets_and_starts_processes(path: Path) -> None:
    assert forbidden_here(module_name(path), imports_of(path)) == []


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_no_room_starts_a_process_through_os(path: Path) -> None:
    calls = {
        ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert not calls & {f"os.{word}" for word in PROCESS_CALLS}


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_the_product_does_not_know_its_lab(path: Path) -> None:
    assert not [target for target in imports_of(path) if target.split(".")[0] in {"lab", "tests"}]


def test_the_table_names_all_five_bands() -> None:
    assert [len(band) > 0 for band in bands()] == [True] * 5
    assert "plan" in bands()[0]
    assert "facts" in bands()[1]
    assert "cli" in bands()[4]


def test_an_outward_import_is_noticed_wherever_it_hides() -> None:
    source = "def late():\n    from runbook_lib.connections import ssh\n"
    assert outward_imports("runbook_lib.facts.server", imports(ast.parse(source), "runbook_lib.facts.server"))
    relative = imports(ast.parse("from ..run import open_run"), "runbook_lib.facts.server")
    assert outward_imports("runbook_lib.facts.server", relative) == ["runbook_lib.run.open_run"]
    sibling = imports(ast.parse("from .server import x"), "runbook_lib.facts", is_package=True)
    assert sibling == {"runbook_lib.facts.server.x"}


def test_an_import_for_type_checkers_alone_is_let_through() -> None:
    source = "if TYPE_CHECKING:\n    from runbook_lib.run import Run\n"
    assert imports(ast.parse(source), "runbook_lib.facts.server") == set()


def test_a_socket_in_the_wrong_room_is_noticed() -> None:
    assert forbidden_here("runbook_lib.facts.server", {"socket"}) == ["socket"]
    assert forbidden_here("runbook_lib.checks.backup", {"urllib.request.urlopen"}) == ["urllib.request.urlopen"]
    assert forbidden_here("runbook_lib.checks.backup", {"urllib.parse.quote"}) == []
    assert forbidden_here("runbook_lib.connections.ssh", {"socket"}) == []
