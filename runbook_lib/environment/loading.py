"""Reading environment files: strict YAML, `extends`, paths made absolute, every fault reported at once."""

from __future__ import annotations

import json
import os.path
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.core.text import did_you_mean, pluralize
from runbook_lib.environment import project
from runbook_lib.environment.all_faults import all_faults
from runbook_lib.environment.drafts import is_todo, todos_in
from runbook_lib.environment.model import Environment
from runbook_lib.environment.recovery import with_defaults
from runbook_lib.environment.validation_errors import NOW_CALLED, Location
from runbook_lib.environment.yaml_text import YamlFault, mapping_of

_LOCAL_PATHS: tuple[Location, ...] = (
    ("server", "key_file"),
    ("server", "known_hosts_file"),
    ("server", "ssh_config_file"),
    ("public", "ca_file"),
    ("notifications", "ca_file"),
    ("secrets_file",),
)  # relative to the file that names them, `~` allowed


NO_SSH_CONFIG = "none"  # ssh's own word for no configuration file
_READABLE = "Name an environment file that this user may read, or an environment by its name."
_ADDRESS = "address.yaml"  # what `python -m lab up` writes: where one instance is reached


def load_environment(name_or_path: str) -> Environment:
    """The environment of that name in parameters/environments, or in that file.

    Raises EnvironmentInvalid, naming every fault with its file and key.
    """
    path = _file_of(name_or_path)
    data, sources = _read_with_bases(path, ())
    todos = todos_in(data)
    if not todos:
        try:
            # JSON mode: lists become tuples, everything else stays strict
            return Environment.model_validate_json(json.dumps(with_defaults(data)))
        except ValidationError:
            pass  # asked again, for every fault and not only for the first layer's
    faults = "\n".join(all_faults(data, sources))
    if todos:
        raise EnvironmentInvalid(
            f"This is a draft: {pluralize(len(todos), 'TODO')} left.\n{faults}", where=_shown(path),
            next_step="Write each value and run again; nothing was contacted. How: docs/how-to/adopt.md",
        )
    earlier = " Of an earlier version: docs/how-to/upgrade.md" if NOW_CALLED in faults else ""
    raise EnvironmentInvalid(faults, where=_shown(path),
                             next_step=f"Correct the file and run again; nothing was contacted.{earlier}")


def _file_of(name_or_path: str) -> Path:
    if name_or_path.endswith((".yaml", ".yml")) or "/" in name_or_path:
        path = _expanded(name_or_path)
        # a notebook's working directory is its own folder, its operator thinks from the project's
        return path.absolute() if os.path.exists(path) or path.is_absolute() else project.root() / path
    folder = project.root() / "parameters" / "environments"
    path = folder / f"{name_or_path}.yaml"
    if not os.path.isfile(path):
        known = project.environment_names()
        raise EnvironmentInvalid(
            f"there is no environment {name_or_path!r}{did_you_mean(name_or_path, known)}",
            where=_shown(folder),
            next_step=f"Name one of: {', '.join(known + project.instance_files()) or 'none found'}; or give the path "
                      "of a file.",
        )
    return path


def _read_with_bases(
    path: Path, trail: tuple[Path, ...], *, addressed: bool = False
) -> tuple[dict[str, Any], dict[Location, str]]:
    """The merged mapping, and which file set which key. Later files win: mappings merge, everything else replaces.

    An environment has one address: `addressed` means that a nearer file has it, so that the ones further up are
    not read (a second lab does not need the first one to be up).
    """
    if path in trail:
        circle = " → ".join(file.name for file in (*trail, path))
        raise EnvironmentInvalid(f"extends forms a circle: {circle}", where=_shown(path),
                                 next_step="Remove one of them from `extends`.")
    own = _read(path, trail)
    bases = own.pop("extends", [])
    if isinstance(bases, str):
        bases = [bases]
    if not isinstance(bases, list) or not all(isinstance(base, str) for base in bases):
        raise _invalid(path, "extends: should be a name, a path, or a list of them")
    merged: dict[str, Any] = {}
    sources: dict[Location, str] = {}
    files = [_base_file(base, path) for base in bases]
    for index, file in enumerate(files):
        nearer = addressed or any(later.name == _ADDRESS for later in files[index + 1 :])
        if file.name == _ADDRESS and nearer:
            continue
        data, origins = _read_with_bases(file, (*trail, path), addressed=nearer)
        _merge(merged, data)
        sources |= origins
    _merge(merged, own)
    return merged, sources | _places(own, _shown(path))


def _base_file(base: str, path: Path) -> Path:
    if base.endswith((".yaml", ".yml")):
        return Path(_resolved(path.parent / base))
    # an environment outside the project extends its neighbour first, the project's own after it
    sibling = path.parent / f"{base}.yaml"
    return sibling if os.path.isfile(sibling) else _file_of(base)


def _read(path: Path, trail: tuple[Path, ...]) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        # the bare FileNotFoundError says less than who needed the file
        raise _missing(path, trail) from None
    except OSError as error:
        raise _invalid(path, f"cannot be read: {error.strerror}", next_step=_READABLE) from error
    except UnicodeDecodeError as error:
        odd = f"byte {error.start + 1} is 0x{error.object[error.start]:02x}"
        raise _invalid(path, f"is not UTF-8 text: {odd}") from error
    except ValueError as error:  # NUL in its name
        raise _invalid(path, f"cannot be read: {error}", next_step=_READABLE) from error
    try:
        data = mapping_of(text)
    except YamlFault as fault:
        raise _invalid(path, str(fault)) from fault
    return _with_paths_resolved(data, path.parent)


def _with_paths_resolved(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    for *parents, last in _LOCAL_PATHS:
        holder: Any = data
        for parent in parents:
            holder = holder.get(parent) if isinstance(holder, dict) else None
        path = holder.get(last) if isinstance(holder, dict) else None
        # a TODO made absolute would be a file like any other, and the draft no draft any more
        if isinstance(path, str) and path not in ("", NO_SSH_CONFIG) and not is_todo(path):
            holder[last] = _resolved(folder / _expanded(path))
    return data


def _expanded(path: str) -> Path:
    # pathlib raises for `~name` where there is no such user; as text, the path is reported like any that is missing
    return Path(os.path.expanduser(path))


def _resolved(path: Path) -> str:
    """Absolute, without `..`, but not through symbolic links: the path stays the one that was written."""
    parts: list[str] = []
    for part in path.absolute().parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return str(Path(*parts))


def _merge(into: dict[str, Any], other: dict[str, Any]) -> None:
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            # lists are replaced whole: a merged list could not leave anything out
            _merge(into[key], value)
        else:
            into[key] = value


def _places(data: dict[str, Any], source: str, above: Location = ()) -> dict[Location, str]:
    places = {above: source}
    for key, value in data.items():
        places |= _places(value, source, (*above, key)) if isinstance(value, dict) else {(*above, key): source}
    return places


def _missing(path: Path, trail: tuple[Path, ...]) -> EnvironmentInvalid:
    if trail and path.name == _ADDRESS:
        return EnvironmentInvalid(
            f"the lab is not up: {_shown(trail[-1])} needs the address in {_shown(path)}, which is not there",
            where=_shown(path),
            next_step=f"Run `{_bringing_up(path.parent.name, trail[-1])}`, then run again.",
        )
    needed = f", needed by {_shown(trail[-1])}" if trail else ""
    return EnvironmentInvalid(f"there is no such file{needed}", where=_shown(path),
                              next_step="Check the path, or give an environment by its name.")


def _bringing_up(instance: str, needed_by: Path) -> str:
    """The command that brings an instance of the lab up. An instance's own file lies next to its address."""
    option = "--name" if needed_by.parent.name == instance else "--application"
    return "make lab" if instance == "lab" else f".venv/bin/python -m lab up {option} {instance}"


def _invalid(path: Path, message: str, next_step: str = "Correct the file and run again.") -> EnvironmentInvalid:
    return EnvironmentInvalid(f"{_shown(path)}: {message}", where=_shown(path), next_step=next_step)


def _shown(path: Path) -> str:
    """The path as an operator knows it: from the project's root where it lies below it."""
    root = project.root()
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
