"""The migrations of a release, read from their source without running any of it."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runbook_lib.release.facts.alembic_settings import version_folders

# `execute` may do anything; the others lose rows or meaning, or lock a table while users write
DESTRUCTIVE = ("drop_table", "drop_column", "drop_constraint", "execute", "alter_column", "rename_table")


@dataclass(frozen=True)
class Migration:
    """One alembic revision. `parents` is empty for the first; `careful` names operations that need a review."""

    revision: str
    parents: tuple[str, ...]
    path: str
    careful: tuple[str, ...] = ()


@dataclass(frozen=True)
class Migrations:
    """All revisions of a release, and the files that cannot be parsed as one."""

    revisions: tuple[Migration, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def heads(self) -> tuple[str, ...]:
        """Revisions that no other revision follows; a release must have exactly one."""
        followed = {parent for migration in self.revisions for parent in migration.parents}
        return tuple(sorted({migration.revision for migration in self.revisions} - followed))

    @property
    def missing_parents(self) -> tuple[str, ...]:
        """Revisions that are named as a parent and do not exist."""
        known = {migration.revision for migration in self.revisions}
        return tuple(sorted({parent for one in self.revisions for parent in one.parents} - known))

    @property
    def duplicates(self) -> tuple[str, ...]:
        """Revision names that more than one file claims."""
        names = [migration.revision for migration in self.revisions]
        return tuple(sorted({name for name in names if names.count(name) > 1}))

    def pending(self, current: str | None) -> tuple[Migration, ...] | None:
        """What `upgrade head` would run on a database at `current`, oldest first; None when `current` is unknown."""
        by_name = {migration.revision: migration for migration in self.revisions}
        if current is not None and current not in by_name:
            return None
        done = _ancestry(current, by_name) if current else set()
        wanted = {name for head in self.heads for name in _ancestry(head, by_name)} - done
        return tuple(by_name[name] for name in _in_order(wanted, by_name))


def parse_migrations(files: Mapping[str, str], folder: str = "") -> Migrations:
    """The migrations that alembic's settings name, by their syntax tree: no code of the release is executed.

    `folder` is what the image is built from that alembic runs in. Without such settings every `*/versions/*.py`
    counts. A file that is not a migration is listed as unreadable; nothing is raised.
    """
    found, unreadable = [], []
    configured = version_folders(files, folder)
    for path, text in sorted(files.items()):
        if not path.endswith(".py") or posixpath.basename(path).startswith(("__init__", ".#")):
            continue
        if not (configured.holds(path) if configured else "/versions/" in f"/{path}"):
            continue
        migration = _migration(path, text)
        if migration is None:
            unreadable.append(path)
        else:
            found.append(migration)
    return Migrations(tuple(found), tuple(unreadable))


def _migration(path: str, text: str) -> Migration | None:
    try:
        tree = ast.parse(text)
        names = _literals(tree)
        revision, parents = names["revision"], names["down_revision"]
    # the release is not trusted: a file may nest deeper than the parser can follow
    except (SyntaxError, ValueError, KeyError, TypeError, RecursionError):
        return None
    several = (parents,) if isinstance(parents, str) else tuple(parents or ())
    if not isinstance(revision, str) or not all(isinstance(one, str) for one in several):
        return None
    return Migration(revision, several, path, _careful(tree))


def _literals(tree: ast.Module) -> dict[str, Any]:
    """Literal values of the module's plain or annotated assignments to `revision` and `down_revision`."""
    values: dict[str, Any] = {}
    for node in tree.body:
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name) and target.id in ("revision", "down_revision"):
                values[target.id] = ast.literal_eval(node.value)
    return values


def _careful(tree: ast.Module) -> tuple[str, ...]:
    upgrade = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "upgrade"]
    calls = [node for function in upgrade for node in ast.walk(function) if isinstance(node, ast.Call)]
    names = {call.func.attr for call in calls if isinstance(call.func, ast.Attribute)}
    return tuple(name for name in DESTRUCTIVE if name in names)


def _ancestry(name: str, by_name: Mapping[str, Migration]) -> set[str]:
    """`name` and everything before it. A circle ends where it closes."""
    # no recursion: a history of a thousand revisions exceeds the limit of Python
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in seen and one in by_name:
            seen.add(one)
            waiting.extend(by_name[one].parents)
    return seen


def _in_order(wanted: set[str], by_name: Mapping[str, Migration]) -> list[str]:
    # a parent has fewer ancestors than any of its children, across merges too
    return sorted(wanted, key=lambda name: (len(_ancestry(name, by_name)), name))
