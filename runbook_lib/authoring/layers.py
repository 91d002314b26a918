"""The layers of the package, inner to outer: what docs/architecture.md shows and tests/unit/test_layers.py tests."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
MOST_PUBLIC_NAMES = 15  # a family offers to notebooks, and each of its rooms: what tab completion shows at a glance
ROOMS = ("checks", "charts", "plans")  # a family offers them by their own name; they do not count among its names
KINDS = ("facts", "checks", "plans")  # inside a family each may import itself and those before it


@dataclass(frozen=True)
class Layer:
    """One layer: its packages, and what they deal with. A module imports its own layer and anything further in."""

    name: str
    packages: tuple[str, ...]
    subject: str


def families(package: Path = PACKAGE) -> tuple[str, ...]:
    """The packages with facts, checks or plans, `platform` (which every family asks) first."""
    # by its folders, so that `runbook new` can begin a family without a list to keep
    found = (path.name for path in package.iterdir() if any((path / kind / "__init__.py").is_file() for kind in KINDS))
    return tuple(sorted(found, key=lambda name: (name != "platform", name)))


def layers(package: Path = PACKAGE) -> tuple[Layer, ...]:
    """All layers, inner to outer; a family needs no entry, it is found by its folders."""
    return (
        Layer("values", ("core",), "values, no I/O"),
        Layer("configuration", ("environment", "contract"), "the project's own files"),
        Layer("domain", families(package), "facts ← checks ← plans"),
        Layer("infrastructure", ("connections", "archive", "report"), "sockets and files"),
        Layer("application", ("execution", "run", "kernel", "headless", "jupyter", "authoring", "adopting"),
              "a run as a whole"),
        Layer("interfaces", ("cli",), "decide nothing"),
    )


def purpose(name: str, package: Path = PACKAGE) -> str:
    """The first line of a package's docstring: what it is for."""
    text = ast.get_docstring(ast.parse((package / name / "__init__.py").read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())
