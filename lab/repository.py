"""The application's git repository, built from lab/app, staging/ and the patches under lab/releases.

The same files give the same commits everywhere: author, dates and git's own settings are fixed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from lab.errors import LabError

LAB = Path(__file__).parent
FIRST_TAG = "v3.1.0"
BRANCH = "develop"
BEGIN = datetime(2025, 10, 1, 12, 0, tzinfo=UTC)
NOT_SOURCE = shutil.ignore_patterns(
    "node_modules", "dist", "__pycache__", "*.pyc", ".pytest_cache", ".ruff_cache", ".mypy_cache", ".venv"
)
GITIGNORE = ".env\n.env.secrets\n.runbook/\nnode_modules/\ndist/\n__pycache__/\n"


@dataclass(frozen=True)
class Outcome:
    """The expected outcome of deploying a release where its base is live: exit code, live release, schema afterwards.

    `stopped_at` names the steps that may stop it; `triggers` are the plan's triggers, empty where none applies.
    """

    exit_code: int
    live: str
    schema_revision: str
    stopped_at: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Release:
    """One folder of lab/releases: its patches, the tag they apply to, and the outcome to expect.

    `schema_revision` is what its code expects; `why` is what is wrong with it, or what makes it look wrong.
    """

    tag: str
    base: str
    title: str
    expect: Outcome
    patches: tuple[Path, ...]
    schema_revision: str
    why: str = ""
    branch: str | None = None


def releases(folder: Path = LAB / "releases", first: str = FIRST_TAG) -> list[Release]:
    """The releases after the first one, each after its base. Raises LabError for a base that does not exist."""
    waiting = [_read(path) for path in sorted(folder.glob("*/release.yaml"))]
    ordered: list[Release] = []
    while waiting:
        known = {first, *(release.tag for release in ordered)}
        ready = [release for release in waiting if release.base in known]
        if not ready:
            missing = ", ".join(f"{release.tag} on {release.base}" for release in waiting)
            raise LabError(f"{_shown(folder)}: no such base: {missing}. Correct `base` in release.yaml.")
        ordered += ready
        waiting = [release for release in waiting if release not in ready]
    return ordered


def build_repository(path: Path) -> None:
    """Make a git repository at `path` (absent or empty): branch develop, a tag a release. Raises LabError."""
    path.mkdir(parents=True, exist_ok=True)
    init(path)
    shutil.copytree(LAB / "app", path, ignore=NOT_SOURCE, dirs_exist_ok=True)
    shutil.copytree(LAB.parent / "staging", path, ignore=NOT_SOURCE, dirs_exist_ok=True)
    (path / ".gitignore").write_text(GITIGNORE)
    commit_all(path, BEGIN, FIRST_TAG, "The first release of the lab")
    add_releases(path, releases())


def add_releases(path: Path, following: list[Release]) -> None:
    """Commit and tag releases in a repository that has the first one, a day after each other. Raises LabError."""
    for number, release in enumerate(following, start=1):
        at = BEGIN + timedelta(days=number)
        _git(path, at, "checkout", "--quiet", "--detach", release.base)
        for patch in release.patches:
            _git(path, at, "apply", "--index", "--whitespace=nowarn", str(patch))
        commit_all(path, at, release.tag, release.title)
        if release.branch:
            _git(path, at, "branch", "--force", release.branch, release.tag)
    _git(path, BEGIN, "checkout", "--quiet", BRANCH)


def _read(path: Path) -> Release:
    data = yaml.safe_load(path.read_text())
    patches = tuple(sorted(path.parent.glob("*.patch")))
    try:
        expected = data.pop("expect")
        lists = {name: tuple(expected.get(name, ())) for name in ("stopped_at", "triggers")}
        outcome = Outcome(**{**expected, **lists})
        return Release(patches=patches, expect=outcome, **data)
    except KeyError as error:
        raise LabError(f"{_shown(path)}: {error} is missing") from error
    except (AttributeError, TypeError) as error:
        raise LabError(f"{_shown(path)}: {error}") from error


def _shown(path: Path) -> str:
    return str(path.relative_to(LAB.parent) if path.is_relative_to(LAB) else path)


def init(path: Path) -> None:
    """An empty repository at `path`. Raises LabError."""
    _git(path, BEGIN, "init", "--quiet", f"--initial-branch={BRANCH}")


def commit_all(path: Path, at: datetime, tag: str, title: str) -> None:
    """Commit all files and tag the commit. Raises LabError."""
    _git(path, at, "add", "--all")
    _git(path, at, "commit", "--quiet", "--allow-empty", "--message", f"{tag}: {title}")
    _git(path, at, "tag", "--annotate", tag, "--message", title)


def _git(path: Path, at: datetime, *words: str) -> None:
    person = {"NAME": "GW2 WvW Builder", "EMAIL": "backend@example.com", "DATE": at.isoformat()}
    settings = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in person.items()}
    # The user's own settings (signing, line endings, hooks) must not change the commits.
    own = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment = own | settings | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ("git", "-c", "core.autocrlf=false", "-c", "core.fileMode=true", *words)
    done = subprocess.run(command, cwd=path, env=environment, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise LabError(f"The application's repository could not be built: git {words[0]}: {done.stderr.strip()}")
