"""Where alembic finds a release's migrations: read from its settings, as alembic itself would.

They are in `alembic.ini`, and since 1.16 also in `pyproject.toml` next to it, or there alone. Source: alembic's
documentation, "Editing the .ini File", "Using pyproject.toml" and "Working with Branches" (version_locations).
"""

from __future__ import annotations

import configparser
import posixpath
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAME, PROJECT = "alembic.ini", "pyproject.toml"
SEPARATORS = {"os": ":", ":": ":", ";": ";", "space": None, "newline": "\n"}


@dataclass(frozen=True)
class VersionFolders:
    """Folders of migrations, relative to the release; with `recursive` those below them count too."""

    folders: tuple[str, ...]
    recursive: bool = False

    def holds(self, path: str) -> bool:
        """Whether alembic reads the file at this path as a migration."""
        folder = posixpath.dirname(path)
        return any(folder == one or (self.recursive and folder.startswith(f"{one}/")) for one in self.folders)


def version_folders(files: Mapping[str, str], folder: str = "") -> VersionFolders | None:
    """The folders that the settings of the application name; None where there are none, or several.

    Of several those in `folder` count, which the application's image is built from, and alembic runs in. Other trees
    of migrations in the repository, with or without settings of their own, do not count.
    """
    here = _settings_folder(files, folder)
    if here is None:
        return None
    settings = _section(files.get(posixpath.join(here, NAME), ""), here)
    project = _project(files.get(posixpath.join(here, PROJECT), ""), here)
    location = settings.get("script_location", project.get("script_location"))
    if not isinstance(location, str):
        return None
    named = _split(settings.get("version_locations", ""), settings) or project.get("version_locations")
    folders = tuple(_folder(one, here) for one in named if isinstance(one, str)) if isinstance(named, list) else ()
    recursive = settings.get("recursive_version_locations") or project.get("recursive_version_locations")
    return VersionFolders(folders or (posixpath.join(_folder(location, here), "versions"),),
                          str(recursive).strip().lower() == "true")


def _settings_folder(files: Mapping[str, str], folder: str) -> str | None:
    found = {posixpath.dirname(path) for path, text in files.items()
             if posixpath.basename(path) == NAME
             or (posixpath.basename(path) == PROJECT and _project(text, posixpath.dirname(path)))}
    return folder if folder in found else next(iter(found)) if len(found) == 1 else None


def _project(text: str, here: str) -> dict[str, Any]:
    """The settings in a project's own file; empty where it has none."""
    if "tool.alembic" not in text:
        return {}
    try:
        found = tomllib.loads(text).get("tool", {}).get("alembic", {})
    except (tomllib.TOMLDecodeError, AttributeError, RecursionError):
        return {}
    known = {"here": "/" + here}
    return {name: [_filled_in(one, known) if isinstance(one, str) else one for one in value] if isinstance(value, list)
            else _filled_in(value, known) if isinstance(value, str) else value
            for name, value in found.items()} if isinstance(found, dict) else {}


def _section(text: str, here: str) -> dict[str, str]:
    """The settings of [alembic] with references to others filled in; `%(here)s` is the file's own folder."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    if not parser.has_section("alembic"):
        return {}
    plain = {"here": "/" + here, **dict(parser.items("alembic"))}
    return {name: _filled_in(value, plain) for name, value in plain.items()}


def _filled_in(value: str, settings: Mapping[str, str]) -> str:
    for _ in range(5):  # a reference may lead to another one; a circle ends
        value = re.sub(r"%\((\w+)\)s", lambda found: settings.get(found[1], ""), value)
    return value.replace("%%", "%")


def _split(value: str, settings: Mapping[str, str]) -> list[str]:
    named = settings.get("path_separator") or settings.get("version_path_separator") or ""
    if named in SEPARATORS:
        return [one.strip() for one in value.split(SEPARATORS[named]) if one.strip()]
    # without a separator alembic splits at blanks and commas; at colons it splits prepend_sys_path alone
    return [one for one in re.split(r"[\s,]+", value) if one]


def _folder(location: str, here: str) -> str:
    """A location as a folder of the release: relative to where alembic runs, `%(here)s`, or `package:folder`."""
    location = location.strip()
    if ":" in location and not location.startswith("/"):
        package, _, rest = location.partition(":")
        location = posixpath.join(package.replace(".", "/"), rest)
    path = location.lstrip("/") if location.startswith("/") else posixpath.join(here, location)
    return posixpath.normpath(path)
