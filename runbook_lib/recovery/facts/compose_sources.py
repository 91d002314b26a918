"""Files of a project that its Compose files name in turn: included, extended, given as configurations. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator

import yaml

MOST_FILES = 200  # Compose refuses circles, and this ends at them


def named_by_compose(
    files: tuple[str, ...], read: Callable[[str], str | None], filled: Callable[[str], str]
) -> tuple[str, ...]:
    """Paths of files that exist and that `files` name, or those in turn, sorted; relative to the project's folder.

    `read` gives the text of such a path, None where there is no file; `filled` a name with the values of its variables,
    empty where one has none: such a name is in the answer as it is written, for nothing says that the file is not
    there. A file that is not YAML names none: Compose refuses it itself. Left out: what another machine has (git, OCI),
    and the files of secrets and of environments, which no backup of the configuration may hold. Source: Compose,
    include, extends and interpolation.
    """
    found: set[str] = set()
    waiting = list(files)
    while waiting and len(found) < MOST_FILES:
        path = waiting.pop()
        for written, is_compose in _names(read(path) or "", posixpath.dirname(path)):
            whole = filled(written) if "$" in written else written
            # within `${NAME:-a/../b}` two dots take nothing away
            named = posixpath.normpath(whole) if whole else written
            if named in found or named in files or _is_elsewhere(named):
                continue
            if not whole or read(named) is not None:
                found.add(named)
                waiting += [named] if is_compose and whole else []
    return tuple(sorted(found))


def _is_elsewhere(name: str) -> bool:
    return "://" in name or ":/" in name or name.startswith("git@")


def secrets_named_by_compose(
    files: tuple[str, ...], read: Callable[[str], str | None], filled: Callable[[str], str]
) -> tuple[str, ...]:
    """Paths of files with secrets that Compose reads for `files`, and for those that they include or extend, sorted.

    Compose's own `.env`, each `env_file`, and the file of each secret; whether they are there is not asked. A name with
    variables stays as it is written: only the server has their values.
    """
    found = {".env"}
    for path in (*files, *named_by_compose(files, read, filled)):
        text, folder = read(path), posixpath.dirname(path)
        if text is not None:
            joined = (posixpath.join(folder, one) for one in _secret_names(text))
            # within `${NAME:-a/../b}` two dots take nothing away
            found |= {one if "$" in one else posixpath.normpath(one) for one in joined}
    return tuple(sorted(found))


def _secret_names(text: str) -> Iterator[str]:
    whole = _parsed(text)
    listed = [one for service in _values(_value(whole, "services")) for one in _listed(_value(service, "env_file"))]
    named = [_value(one, "path") if isinstance(one, yaml.MappingNode) else one for one in listed]
    named += [_value(one, "file") for one in _values(_value(whole, "secrets"))]
    for node in named:
        if isinstance(node, yaml.ScalarNode) and node.value:
            yield node.value


def _parsed(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return None


def _names(text: str, folder: str) -> Iterator[tuple[str, bool]]:
    """Each file that a Compose file names, and whether it is one itself.

    Nodes, not values: tags of Compose's own need no meaning here, and what aliases repeat is never built.
    """
    whole = _parsed(text)
    named: list[tuple[yaml.Node | None, bool]] = [
        (path, True) for one in _listed(_value(whole, "include"))
        for path in _listed(_value(one, "path") if isinstance(one, yaml.MappingNode) else one)
    ]
    named += [(_value(_value(one, "extends"), "file"), True) for one in _values(_value(whole, "services"))]
    named += [(_value(one, "file"), False) for one in _values(_value(whole, "configs"))]
    for node, is_compose in named:
        path = node.value if isinstance(node, yaml.ScalarNode) else ""
        if path and not _is_elsewhere(path):
            yield posixpath.join(folder, path), is_compose


def _value(node: yaml.Node | None, key: str, merges: int = 3) -> yaml.Node | None:
    """The value of a mapping's key, also of one that is merged into it; a mapping may be merged into itself."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    own = [value for name, value in pairs if name.value == key]
    into = [value for name, value in pairs if merges and name.value == "<<"]
    merged = [_value(one, key, merges - 1) for value in into for one in _listed(value)]
    return next((one for one in (*own, *merged) if one is not None), None)


def _values(node: yaml.Node | None) -> list[yaml.Node]:
    return [value for _, value in node.value] if isinstance(node, yaml.MappingNode) else []


def _listed(node: yaml.Node | None) -> list[yaml.Node]:
    if node is None:
        return []
    return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]
