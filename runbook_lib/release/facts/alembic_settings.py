"""Where alembic finds a release's migrations: read from its `alembic.ini`, as alembic itself would.

Source: alembic's documentation, "Editing the .ini File" and "Working with Branches" (version_locations).
"""

from __future__ import annotations

import configparser
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

NAME = "alembic.ini"
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
    """The folders that the `alembic.ini` of the application names; None where there is no such file, or several.

    Of several the one in `folder` counts, which the application's image is built from, and alembic runs in. Other trees
    of migrations in the repository, with or without an `alembic.ini` of their own, do not count.
    """
    path = _settings_file(files, folder)
    if path is None:
        return None
    settings = _section(files[path], posixpath.dirname(path))
    if "script_location" not in settings:
        return None
    here = posixpath.dirname(path)
    scripts = _folder(settings["script_location"], here)
    named = _split(settings.get("version_locations", ""), settings)
    folders = tuple(_folder(one, here) for one in named) or (posixpath.join(scripts, "versions"),)
    return VersionFolders(folders, settings.get("recursive_version_locations", "").strip().lower() == "true")


def _settings_file(files: Mapping[str, str], folder: str) -> str | None:
    found = [path for path in files if posixpath.basename(path) == NAME]
    own = posixpath.join(folder, NAME)
    return own if own in found else found[0] if len(found) == 1 else None


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
    named = settings.get("version_path_separator") or settings.get("path_separator") or ""
    if named in SEPARATORS:
        return [one.strip() for one in value.split(SEPARATORS[named]) if one.strip()]
    # without a separator alembic splits at blanks, commas and colons; `package:folder` is then not possible
    return [one for one in re.split(r"[\s,:]+", value) if one]


def _folder(location: str, here: str) -> str:
    """A location as a folder of the release: relative to where alembic runs, `%(here)s`, or `package:folder`."""
    location = location.strip()
    if ":" in location and not location.startswith("/"):
        package, _, rest = location.partition(":")
        location = posixpath.join(package.replace(".", "/"), rest)
    path = location.lstrip("/") if location.startswith("/") else posixpath.join(here, location)
    return posixpath.normpath(path)
