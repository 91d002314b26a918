"""The git repository of an application, as its owners have it: what a lab server is a clone of."""

from __future__ import annotations

import shutil
from pathlib import Path

from lab.applications.registry import FIRST, Application
from lab.repository import BEGIN, FIRST_TAG, Release, add_releases, build_repository, commit_all, init, releases

RELEASE = "v1.0.0"
NOT_SOURCE = shutil.ignore_patterns("__pycache__", "*.pyc")


def build_sources(application: Application, path: Path) -> None:
    """Make the application's git repository at `path` (absent or empty), each release tagged. Raises LabError."""
    if application == FIRST:
        build_repository(path)
        return
    path.mkdir(parents=True, exist_ok=True)
    init(path)
    shutil.copytree(application.sources, path, ignore=NOT_SOURCE, dirs_exist_ok=True)
    commit_all(path, BEGIN, RELEASE, "The release that its owners brought up by hand")
    # the branch stays at the release that runs: a clone of it is what the server has
    add_releases(path, releases_of(application))


def releases_of(application: Application) -> list[Release]:
    """The releases after the first one, each after the one it is based on. Raises LabError."""
    return releases() if application == FIRST else releases(application.releases, RELEASE)


def tags_of(application: Application) -> list[str]:
    """Every release of the application by its tag, the first one first. Raises LabError."""
    first = FIRST_TAG if application == FIRST else RELEASE
    return [first, *(one.tag for one in releases_of(application))]
