"""From an inspected release to a target: only a commit with one head can be one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from runbook_lib.core.errors import PreconditionFailed
from runbook_lib.release.facts.repository import Commit, ReleaseTree, Sources
from runbook_lib.release.facts.target import target_of

NEW = "b" * 40
COMMIT = Commit("v9", "tag", NEW, "v9", datetime(2026, 11, 22, tzinfo=UTC), "a release", None)


def tree(*migrations: tuple[str, str | None]) -> ReleaseTree:
    files = {f"backend/versions/{name}.py": f"revision = {name!r}\ndown_revision = {parent!r}\n" for name, parent in migrations}
    return ReleaseTree("v9", COMMIT, trees={"nginx": "1" * 40, "backend": "2" * 40}, sources=Sources(files, None),
                       configuration_folders=("nginx", "redis"))


def test_a_target_knows_its_head_its_revisions_and_the_configuration() -> None:
    target = target_of(tree(("1", None), ("2", "1")), "1")
    assert (target.schema_head, target.schema_now) == ("2", "1")
    assert target.revisions == {"1", "2"}
    assert target.configuration == {"nginx": "1" * 40}


@pytest.mark.parametrize("found", [
    ReleaseTree("HEAD", None, "there is no git checkout in /opt/shop", by_hand=True),
    replace(tree(("1", None), ("2", "1"), ("3", "1")), by_hand=True),
    replace(tree(), by_hand=True),
], ids=["not in git", "two heads", "no migrations"])
def test_what_others_deploy_can_be_restored_whatever_its_repository_holds(found: ReleaseTree) -> None:
    assert target_of(found, None).schema_head == ""


def test_a_release_with_two_heads_is_refused() -> None:
    with pytest.raises(PreconditionFailed, match="2 heads"):
        target_of(tree(("1", None), ("2", "1"), ("3", "1")))


def test_a_ref_that_names_nothing_is_refused_with_why() -> None:
    with pytest.raises(PreconditionFailed, match="v9 cannot be deployed: the origin has no tag"):
        target_of(ReleaseTree("v9", None, "the origin has no tag, branch or commit of that name"))
