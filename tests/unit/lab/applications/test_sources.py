"""The repository of an application holds what its owners have in it, and is the same on every machine."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest
import yaml

from lab.applications.registry import SHOP
from lab.applications.sources import RELEASE, build_sources, releases_of
from lab.catalogue import VERDICTS
from lab.repository import Release
from runbook_lib.contract.types import validator_for
from runbook_lib.core.errors import PASSED, REFUSED

CATALOGUE = {release.tag: release for release in releases_of(SHOP)}
# what its owners do wrong, once each
DEFECTS = {
    "does not start": "broken-start",
    "runs, and reports another state": "broken-closed",
    "500 on its page": "broken-page",
    "500 on a share of its API": "broken-errors",
    "its worker ends again and again": "broken-worker",
    "a migration fails half-way and leaves something behind": "broken-migration",
    "bad, and the earlier code does not work on its schema": "broken-schema",
    "its image cannot be built": "broken-build",
    "healthy on another database": "broken-database",
    "Compose does not take its file": "broken-compose",
    "its port is published no more": "broken-unpublished",
    "its database is published": "broken-open-database",
    "a tracked file of variables changes": "v1.2.0",
    "good, with a migration that the earlier code works on": "v1.1.0",
    "good, with a migration that the earlier code does not work on": "v2.0.0",
    "good, and does not migrate when it starts": "v1.3.0",
    "the second of its migrations fails half-way, in a step": "broken-half-way",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop")
    build_sources(SHOP, path)
    return path


def git(path: Path, *words: str) -> str:
    return subprocess.run(("git", *words), cwd=path, check=True, capture_output=True, text=True).stdout


def test_the_second_application_is_a_project_as_people_have_them(tmp_path: Path) -> None:
    build_sources(SHOP, tmp_path / "one")
    tracked = git(tmp_path / "one", "ls-files").splitlines()
    assert {".env", "Dockerfile", "compose.yml", "compose.override.yml", "manage.py"} <= set(tracked)
    assert not [name for name in tracked if "__pycache__" in name or "runbook" in name]
    assert set(git(tmp_path / "one", "tag").split()) == {RELEASE, *CATALOGUE}
    # the server is a clone of the branch: of the release that its owners brought up
    assert git(tmp_path / "one", "rev-parse", "develop") == git(tmp_path / "one", "rev-parse", f"{RELEASE}^{{commit}}")
    assert git(tmp_path / "one", "status", "--porcelain") == ""


def test_the_same_files_give_the_same_commit(tmp_path: Path) -> None:
    for name in ("one", "two"):
        build_sources(SHOP, tmp_path / name)
    assert git(tmp_path / "one", "rev-parse", RELEASE) == git(tmp_path / "two", "rev-parse", RELEASE)


def test_every_defect_has_a_tag_and_every_tag_a_defect() -> None:
    assert set(DEFECTS.values()) == set(CATALOGUE)


@pytest.mark.parametrize("release", CATALOGUE.values(), ids=list(CATALOGUE))
def test_a_release_is_one_patch_and_says_where_its_deployment_ends(built: Path, release: Release) -> None:
    expected = release.expect
    assert len(release.patches) == 1
    assert git(built, "diff", "--name-only", release.base, release.tag)
    assert expected.exit_code in VERDICTS
    assert release.tag.startswith("broken-") == (expected.exit_code != PASSED)
    assert bool(expected.stopped_at) == (expected.exit_code not in (PASSED, REFUSED))
    assert expected.live == (release.tag if expected.exit_code == PASSED else release.base)
    assert validator_for("ref")(release.tag) == release.tag
    assert release.tag == "v1.1.0" or release.why


@pytest.mark.parametrize("tag", [RELEASE, *CATALOGUE])
def test_every_release_is_whole_code_and_readable_yaml(built: Path, tag: str) -> None:
    for name in git(built, "ls-tree", "-r", "--name-only", tag).splitlines():
        text = git(built, "show", f"{tag}:{name}")
        if name.endswith(".py"):
            ast.parse(text, name)
        if name.endswith(".yml"):
            assert yaml.safe_load(text)["services"]


@pytest.mark.parametrize("release", CATALOGUE.values(), ids=list(CATALOGUE))
def test_a_release_has_the_migrations_up_to_its_schema(built: Path, release: Release) -> None:
    names = git(built, "ls-tree", "--name-only", release.tag, "shop/migrations/").splitlines()
    assert max(Path(name).name[:4] for name in names if name[-6:].endswith(".py") and "/0" in name) == release.schema_revision
