"""From an inspected release to the target of a plan."""

from __future__ import annotations

from runbook_lib.core.errors import PreconditionFailed
from runbook_lib.platform.facts.target import Target
from runbook_lib.release.facts.repository import ReleaseTree


def target_of(tree: ReleaseTree, schema_now: str | None = None) -> Target:
    """The target that an inspected release makes; `schema_now` is the database's revision, None without a database.

    Raises PreconditionFailed when the ref names no commit, or the migrations have no single head: not of an application
    that others deploy, which a restore only has to know as far as there is something to know.
    """
    migrations = tree.migrations
    heads = migrations.heads
    if tree.by_hand:
        commit, version = (tree.commit.commit, tree.commit.version) if tree.commit else ("", "what runs there")
        return Target(commit, version, tree.configuration, heads[0] if len(heads) == 1 else "",
                      frozenset(one.revision for one in migrations.revisions), schema_now)
    if tree.commit is not None and tree.no_migrations:
        return Target(tree.commit.commit, tree.commit.version, tree.configuration, "", frozenset(), schema_now)
    if tree.commit is None or len(heads) != 1:
        problem = tree.problem or f"its migrations have {len(heads)} heads, expected one"
        raise PreconditionFailed(
            f"{tree.ref} cannot be deployed: {problem}.",
            where=f"ref {tree.ref}",
            next_step="Run 10 Preflight for this ref: it shows what the release lacks.",
        )
    known = frozenset(one.revision for one in migrations.revisions)
    return Target(tree.commit.commit, tree.commit.version, tree.configuration, heads[0], known, schema_now)
