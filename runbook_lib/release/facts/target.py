"""The target that a surveyed release makes."""

from __future__ import annotations

from runbook_lib.core.errors import PreconditionFailed
from runbook_lib.platform.facts.target import Target
from runbook_lib.release.facts.migrations import parse_migrations
from runbook_lib.release.facts.repository import ReleaseTree


def target_of(tree: ReleaseTree, schema_now: str | None = None) -> Target:
    """The target that a surveyed release makes. Raises PreconditionFailed when it names no commit or no single head."""
    migrations = parse_migrations(tree.sources.files)
    heads = migrations.heads
    if tree.commit is None or len(heads) != 1:
        problem = tree.problem or f"its migrations have {len(heads)} heads, expected one"
        raise PreconditionFailed(
            f"{tree.ref} cannot be deployed: {problem}.",
            where=f"ref {tree.ref}",
            next_step="Open 10 Preflight for this ref: it says what the release lacks.",
        )
    known = frozenset(one.revision for one in migrations.revisions)
    return Target(tree.commit.commit, tree.commit.version, tree.configuration, heads[0], known, schema_now)
