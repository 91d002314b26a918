"""Files of a project that its Compose files name in turn: included, extended, given as configurations. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import yaml

MOST_FILES = 200  # Compose refuses circles, and this ends at them
# a name, and the files of variables that fill it in, the first that has one before the others; empty where none has
Filled = Callable[[str, tuple[str, ...]], str]
ENV = ".env"


@dataclass(frozen=True)
class _Scope:
    """Where the names in a Compose file begin, and the files of variables that fill them in.

    Of an included file both may be its own: its folder is that of the file, or `project_directory`; its variables come
    from `env_file`, else from the `.env` of that folder, after those of the project. The first file that has a variable
    counts: of several that are given together that is the last one. Source: Compose, include.
    """

    folder: str
    env_files: tuple[str, ...] = (ENV,)

    def at(self, name: str) -> str:
        return posixpath.join(self.folder, name)


@dataclass(frozen=True)
class _Named:
    """A file that a Compose file names, as it is written; `entry` is the mapping or path of an include that does."""

    written: str
    is_compose: bool
    entry: yaml.Node | None = None


def named_by_compose(files: tuple[str, ...], read: Callable[[str], str | None], filled: Filled,
                     env_files: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Paths of files that exist and that `files` name, or those in turn, sorted; relative to the project's folder.

    `read` gives the text of such a path, None where there is no file; `filled` a name with the values of its variables,
    empty where one has none: such a name is in the answer as it is written, for nothing says that the file is not
    there. A file that is not YAML names none: Compose refuses it itself. Left out: what another machine has (git, OCI),
    and the files of secrets and of environments, which no backup of the configuration may hold. `env_files` are those
    that `--env-file` is given, in that order. Source: Compose, include, extends and interpolation.
    """
    return tuple(sorted(_walked(files, read, filled, _first_counts(env_files))[0]))


def _first_counts(env_files: tuple[str, ...]) -> tuple[str, ...]:
    return env_files[::-1] or (ENV,)


def _walked(files: tuple[str, ...], read: Callable[[str], str | None], filled: Filled,
            variables: tuple[str, ...]) -> tuple[set[str], dict[str, _Scope]]:
    """The files that are named, and each Compose file with its scope."""
    found: set[str] = set()
    scopes = {one: _Scope(posixpath.dirname(one), variables) for one in files}
    waiting = list(files)
    while waiting and len(found) < MOST_FILES:
        path = waiting.pop()
        scope = scopes[path]
        for one in _names(read(path) or "", scope):
            whole = _whole(one.written, scope, filled)
            # within `${NAME:-a/../b}` two dots take nothing away
            named = posixpath.normpath(whole) if whole else one.written
            if named in found or named in files or _is_elsewhere(named):
                continue
            if not whole or read(named) is not None:
                found.add(named)
                if one.is_compose and whole:
                    waiting.append(named)
                    scopes[named] = _scope_of(one, named, scope, filled)
    return found, scopes


def _whole(written: str, scope: _Scope, filled: Filled) -> str:
    return filled(written, scope.env_files) if "$" in written else written


def _scope_of(one: _Named, path: str, above: _Scope, filled: Filled) -> _Scope:
    if one.entry is None:
        return _Scope(posixpath.dirname(path), above.env_files)

    def given(key: str) -> list[str]:
        texts = (node.value for node in _listed(_value(one.entry, key)) if isinstance(node, yaml.ScalarNode))
        return [posixpath.normpath(whole) for text in texts
                if text and (whole := _whole(above.at(text), above, filled))]

    # of several files that are merged the first one's folder counts
    folder = next(iter(given("project_directory")), posixpath.dirname(next(iter(given("path")), path)))
    own = given("env_file")[::-1] or [posixpath.normpath(posixpath.join(folder, ENV))]
    return _Scope("" if folder == "." else folder, tuple(dict.fromkeys((*above.env_files, *own))))


def _is_elsewhere(name: str) -> bool:
    return "://" in name or ":/" in name or name.startswith("git@")


def secrets_named_by_compose(files: tuple[str, ...], read: Callable[[str], str | None],
                             filled: Filled, env_files: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Paths of files with secrets that Compose reads for `files`, and for those that they include or extend, sorted.

    Compose's own `.env`, or `env_files`, those of included files, each `env_file`, and the file of each secret; whether
    they are there is not asked. A name with variables stays as it is written: only the server has their values.
    """
    variables = _first_counts(env_files)
    found = set(variables)
    named, scopes = _walked(files, read, filled, variables)
    for path in (*files, *sorted(named)):
        scope, text = scopes.get(path, _Scope(posixpath.dirname(path), variables)), read(path)
        found |= set(scope.env_files)
        if text is not None:
            joined = [scope.at(one) for one in _secret_names(text)]
            # whoever asks for them knows the variables of the project alone
            joined = [_whole(one, scope, filled) or one if scope.env_files != (ENV,) else one for one in joined]
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


def _names(text: str, scope: _Scope) -> Iterator[_Named]:
    """Each file that a Compose file names.

    Nodes, not values: tags of Compose's own need no meaning here, and what aliases repeat is never built.
    """
    whole = _parsed(text)
    included = [(one, one if isinstance(one, yaml.MappingNode) else None) for one in _listed(_value(whole, "include"))]
    named: list[tuple[yaml.Node | None, bool, yaml.Node | None]] = [
        (path, True, one) for one, entry in included
        for path in _listed(_value(entry, "path") if entry is not None else one)]
    named += [(_value(_value(one, "extends"), "file"), True, None) for one in _values(_value(whole, "services"))]
    named += [(_value(one, "file"), False, None) for one in _values(_value(whole, "configs"))]
    for node, is_compose, one in named:
        path = node.value if isinstance(node, yaml.ScalarNode) else ""
        if path and not _is_elsewhere(path):
            yield _Named(scope.at(path), is_compose, one)


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
