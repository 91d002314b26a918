"""A release is found by its name, read without a trace in the checkout, and refused where the name is not one."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.release.facts.repository import inspect_release, parse_release
from tests.unit.release.repositories import Repositories, ThisMachine, fingerprint, git
from tests.unit.shop_environment import shop


def test_a_release_that_is_only_at_the_origin_is_read_without_a_trace_in_the_checkout(repositories: Repositories) -> None:
    commit = repositories.commit("second")
    git(repositories.work, "tag", "-a", "v2", "-m", "x")
    git(repositories.work, "push", "-q", "origin", "v2")
    before = fingerprint(repositories.checkout)
    tree = repositories.survey("v2")
    assert fingerprint(repositories.checkout) == before
    assert tree.commit is not None
    assert (tree.commit.commit, tree.commit.kind, tree.commit.version) == (commit, "tag", "v2")
    assert tree.commit.subject == "a subject\twith a tab"
    assert tree.commit.head == git(repositories.checkout, "rev-parse", "HEAD") != commit
    assert tree.sources.files == {"backend/versions/1.py": "second"}


def test_a_branch_is_what_the_origin_says_now_not_what_the_checkout_remembers(repositories: Repositories) -> None:
    commit = repositories.commit("second")
    tree = repositories.survey("develop")
    assert tree.commit is not None
    assert (tree.commit.commit, tree.commit.kind) == (commit, "branch")


@pytest.mark.parametrize("digits", [9, 40])
def test_a_commit_may_be_named_by_its_hash(repositories: Repositories, digits: int) -> None:
    commit = repositories.commit("second")
    found = repositories.survey(commit[:digits]).commit
    assert found is not None
    assert found.commit == commit


def test_an_unknown_ref_is_an_answer(repositories: Repositories) -> None:
    for ref, near in (("v9", ""), ("deadbee", ""), ("deve", "; did you mean 'develop'?"), ("origin/develop", "; did you mean 'develop'?"),
                      ("refs/tags/develop", ""), ("heads/develop", "; did you mean 'develop'?")):
        tree = repositories.survey(ref)
        assert (tree.commit, tree.problem) == (None, f"the origin has no tag, branch or commit of that name{near}"), ref


def test_a_name_that_is_tag_and_branch_at_once_is_refused(repositories: Repositories) -> None:
    git(repositories.work, "tag", "twice")
    repositories.commit("second")
    git(repositories.work, "push", "-q", "origin", "HEAD:refs/heads/twice", "refs/tags/twice")
    assert "a tag" in repositories.survey("twice").problem
    # as CI names what it was started by: then it is one of the two
    tag, branch = (repositories.survey(f"refs/{kind}/twice").commit for kind in ("tags", "heads"))
    assert tag and branch and (tag.kind, branch.kind) == ("tag", "branch") and tag.commit != branch.commit


def test_an_origin_that_does_not_answer_is_inconclusive(repositories: Repositories) -> None:
    repositories.origin.rename(repositories.origin.with_name("gone"))
    with pytest.raises(FactUnreadable, match="origin of the checkout does not answer"):
        repositories.survey("develop")


def test_a_folder_without_a_checkout_is_unreadable(repositories: Repositories, tmp_path: Path) -> None:
    repositories.checkout = tmp_path / "nothing"
    with pytest.raises(FactUnreadable, match="no git checkout"):
        repositories.survey("develop")


@pytest.mark.parametrize(("deployed", "missing"), [(True, ("deploy/new.yml",)), (False, ())])
def test_compose_files_that_a_release_lacks_are_named(repositories: Repositories, deployed: bool, missing: tuple[str, ...]) -> None:
    (repositories.checkout / "compose.yml").write_text("services: {}\n")
    if deployed:
        (repositories.checkout / ".env").write_text("COMPOSE_PROJECT_NAME=gw2-mine\n")
    tree = repositories.survey("develop", "compose.yml", "deploy/new.yml")
    # what the runbooks deploy has every file in its repository
    assert (tree.not_in_checkout, tree.not_in_release) == (missing, ("compose.yml", "deploy/new.yml"))


def test_a_compose_file_of_the_server_alone_counts_where_others_deploy(repositories: Repositories) -> None:
    (repositories.checkout / "compose.yml").write_text("services: {}\n")
    whole = repositories.environment()
    environment = repositories.environment(compose=whole.compose.model_copy(update={"files": ("compose.yml", "deploy/new.yml")}),
                                           release=whole.release.model_copy(update={"strategy": "recreate"}))
    here: Any = ThisMachine()
    assert inspect_release(environment, "develop").fetch(here).not_in_release == ("deploy/new.yml",)


def test_a_compose_file_that_goes_with_the_live_release_is_named(repositories: Repositories) -> None:
    (repositories.checkout / "compose.yml").write_text("services: {}\n")
    git(repositories.checkout, "add", "--force", "compose.yml")
    assert repositories.survey("develop", "compose.yml").not_in_release == ("compose.yml",)


@pytest.mark.parametrize("reply", ["", "commit\tabc\ttag\t\n", "unreachable\n", "commit"])
def test_a_malformed_reply_is_unreadable_never_a_crash(reply: str) -> None:
    with pytest.raises(FactUnreadable):
        parse_release(reply, "v1", where="x", compose_files=())


def test_an_application_that_others_deploy_need_not_be_in_git() -> None:
    """Its database can be restored all the same; where the runbooks deploy, it is an error (no_checkout.json)."""
    reply = "no-checkout\t" + base64.b64encode(b"not a git repository").decode() + "\n"
    connections: Any = ScriptedConnections(commands={"bash -s": reply})
    found = inspect_release(shop(), "HEAD").fetch(connections)
    assert (found.commit, found.by_hand) == (None, True)
    assert "no git checkout in /opt/shop" in found.problem
    assert "not a git repository" in found.problem  # or another user's, which git refuses to read
