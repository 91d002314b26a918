"""The application's git repository: what is in it, and that it is the same every time."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from lab import repository
from lab.errors import LabError
from lab.repository import build_repository, releases


def git(path: Path, *words: str) -> str:
    return subprocess.run(("git", *words), cwd=path, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("repository")
    build_repository(path)
    return path


def test_the_branch_is_develop_at_the_newest_release(built: Path) -> None:
    assert git(built, "symbolic-ref", "--short", "HEAD") == "develop"
    assert git(built, "rev-parse", "develop") == git(built, "rev-parse", "v3.2.0^{commit}")
    assert git(built, "status", "--porcelain") == ""


def test_the_second_release_follows_the_first(built: Path) -> None:
    assert git(built, "rev-parse", "v3.2.0^{commit}~1") == git(built, "rev-parse", "v3.1.0^{commit}")


def test_the_same_files_make_the_same_commits_whoever_builds(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = "[user]\nname = Another Person\n[core]\nautocrlf = true\n[commit]\ngpgsign = true\n"
    (tmp_path / "gitconfig").write_text(theirs)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Another Person")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    again = tmp_path / "again"
    build_repository(again)
    assert git(again, "rev-parse", "v3.1.0", "v3.2.0") == git(built, "rev-parse", "v3.1.0", "v3.2.0")


@pytest.mark.parametrize("tag", ["v3.1.0", "v3.2.0"])
def test_every_release_holds_the_server_as_files(built: Path, tag: str) -> None:
    files = set(git(built, "ls-tree", "-r", "--name-only", tag).splitlines())
    expected = {
        "docker-compose.staging.yml", ".gitignore",
        "backend/Dockerfile", "backend/.env.staging", "backend/alembic.ini", "backend/app/main.py",
        "frontend/Dockerfile", "frontend/.env.staging", "frontend/package-lock.json",
    }
    assert expected <= files
    assert any(name.startswith("nginx/") for name in files)
    assert not [name for name in files if "node_modules" in name or "__pycache__" in name or name.endswith(".pyc")]


def test_what_a_deployment_writes_is_ignored(built: Path) -> None:
    for name in (".env", ".env.secrets", ".runbook/lock"):
        git(built, "check-ignore", name)


@pytest.mark.parametrize("tag", ["v3.1.0", "v3.2.0"])
def test_backend_and_frontend_carry_the_version_of_the_tag(built: Path, tag: str) -> None:
    backend = git(built, "show", f"{tag}:backend/app/__init__.py")
    frontend = git(built, "show", f"{tag}:frontend/src/version.js")
    assert re.findall(r'__version__ = "(.+)"', backend) == [tag.removeprefix("v")]
    assert re.findall(r'VERSION = "(.+)"', frontend) == [tag]


def test_a_new_release_keeps_the_layers_of_installed_packages(built: Path) -> None:
    changed = git(built, "diff", "--name-only", "v3.1.0", "v3.2.0").splitlines()
    installed = {"requirements.txt", "package.json", "package-lock.json", "Dockerfile"}
    assert not [name for name in changed if Path(name).name in installed]


def test_the_second_release_brings_one_backward_compatible_migration(built: Path) -> None:
    added = git(built, "diff", "--name-only", "--diff-filter=A", "v3.1.0", "v3.2.0").splitlines()
    (migration,) = [name for name in added if name.startswith("backend/migrations/versions/")]
    text = git(built, "show", f"v3.2.0:{migration}")
    upgrade = text.partition("def upgrade")[2].partition("def downgrade")[0]
    assert "add_column" in upgrade
    assert "nullable=False" not in upgrade
    assert "drop" not in upgrade
    (release,) = [known for known in releases() if known.tag == "v3.2.0"]
    assert f'revision = "{release.schema_revision}"' in text


def test_the_lock_of_the_frontend_names_no_registry(built: Path) -> None:
    lock = json.loads(git(built, "show", "develop:frontend/package-lock.json"))
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []


def test_the_tree_names_no_machine_and_holds_no_key(built: Path) -> None:
    here = re.escape(str(Path(__file__).parents[3]))
    for pattern in (r"/root/", r"/home/[a-z]", here, "BEGIN [A-Z ]*PRIVATE KEY"):
        found = subprocess.run(("git", "grep", "-lE", pattern, "develop"), cwd=built, capture_output=True, text=True)
        assert found.stdout == "", pattern


def write_release(folder: Path, tag: str, base: str) -> None:
    (folder / tag).mkdir(parents=True)
    expect = f'{{exit_code: 0, live: {tag}, schema_revision: "0003"}}'
    text = f'tag: {tag}\nbase: {base}\ntitle: t\nschema_revision: "0003"\nexpect: {expect}\n'
    (folder / tag / "release.yaml").write_text(text)


def test_a_release_comes_after_its_base(tmp_path: Path) -> None:
    write_release(tmp_path, "v3.3.0", "v3.9.0")
    write_release(tmp_path, "v3.9.0", "v3.1.0")
    assert [release.tag for release in releases(tmp_path)] == ["v3.9.0", "v3.3.0"]


def test_a_release_on_a_base_that_does_not_exist_is_named(tmp_path: Path) -> None:
    write_release(tmp_path, "v3.3.0", "v0.0.1")
    with pytest.raises(LabError, match=r"v3\.3\.0 on v0\.0\.1"):
        releases(tmp_path)


def test_a_misspelled_line_of_a_release_is_named(tmp_path: Path) -> None:
    write_release(tmp_path, "v3.3.0", "v3.1.0")
    with (tmp_path / "v3.3.0" / "release.yaml").open("a") as file:
        file.write("expects: passed\n")
    with pytest.raises(LabError, match="expects"):
        releases(tmp_path)


def test_a_patch_that_does_not_fit_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_release(tmp_path / "releases", "v3.3.0", "v3.1.0")
    (tmp_path / "releases/v3.3.0/a.patch").write_text("--- a/backend/none\n+++ b/backend/none\n@@ -1 +1 @@\n-x\n+y\n")
    found = releases(tmp_path / "releases")
    monkeypatch.setattr(repository, "releases", lambda: found)
    with pytest.raises(LabError, match="git apply"):
        build_repository(tmp_path / "built")
