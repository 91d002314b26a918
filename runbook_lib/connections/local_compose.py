"""What Docker Compose on this machine says of a folder of Compose files. It resolves them; nothing is started."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from runbook_lib.core.errors import DockerUnavailable, UsageError
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.text import head_of, lines_of, printable

TIMEOUT_S = 60
# in the order in which Compose takes the first that there is. Source: Compose manual, "The Compose file"
FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = ("compose.override.yml", "compose.override.yaml", "docker-compose.override.yml",
             "docker-compose.override.yaml")
_PROBE_NAME = "runbook-adopt-probe"
# Compose itself reads the variables file: its quoting is nothing to copy
_PROBE = f"""name: {_PROBE_NAME}
services:
  probe: {{image: none, labels: {{file: "${{COMPOSE_FILE-}}", separator: "${{COMPOSE_PATH_SEPARATOR-}}"}}}}
"""
# what Compose quotes in these messages is a value of the variables file, perhaps a secret
_QUOTES_A_VALUE = re.compile(r"unterminated quoted value|failed to read|invalid interpolation|unexpected character",
                             re.I)
# a variable that is filled in, one that a secret is made from, one that a file of variables sets
_NAMING = (r"\$\{?([A-Za-z_]\w*)", r"(?m)\benvironment:[ \t]*[\"']?([A-Za-z_]\w*)[\"']?\s*(?:[},#]|$)",
           r"(?m)^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=")
_INSTALL = ("Install Docker with its Compose plugin on this machine, or adopt what runs: "
            "runbook adopt PATH --server USER@HOST")


@dataclass(frozen=True)
class LocalProject:
    """A folder as Compose resolves it; `unresolved` has the same with `${VARIABLES}` as written.

    `name` is the project's where one is given, empty where Compose would make it from the folder; `name_from` is where
    it comes from. `unset` are variables without a value. `env_files` are the files of variables that were given.
    """

    folder: Path
    files: tuple[str, ...]
    model: dict[str, Any] = field(repr=False)
    unresolved: dict[str, Any] = field(repr=False)
    name: str = ""
    name_from: str = ""
    unset: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()


def read_project(path: Path, profiles: tuple[str, ...] = (), env_files: tuple[str, ...] = ()) -> LocalProject:
    """What Compose makes of a folder, with the files that it would choose there, or of one Compose file.

    `profiles` are active besides those of COMPOSE_PROFILES; `env_files` take the place of the folder's `.env`.
    Raises UsageError with Compose's own message where it refuses, DockerUnavailable where this machine has none.
    """
    folder = path if path.is_dir() else path.parent
    given, files = _chosen(folder, env_files) if path.is_dir() else ("", (path.name,))
    words = (*_given(env_files), *(() if path.is_dir() else ("--file", path.name)),
             *(f"--profile={one}" for one in profiles))
    finished = _run(folder, files, *words, "config", "--format", "json")
    model = _json(finished.stdout, folder)
    unresolved = _unresolved(folder, files, words)
    name, source = (given, "COMPOSE_PROJECT_NAME") if given else _name_in(folder, files, str(model.get("name", "")))
    if not name:
        name, source = _running(folder)
    unset = re.findall(r'[Tt]he \\?"([A-Za-z_]\w*)\\?" variable is not set', finished.stderr)
    return LocalProject(folder, files, model, unresolved, name, source, tuple(dict.fromkeys(unset)),
                        env_files)


def _given(env_files: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"--env-file={one}" for one in env_files)


def variable_values(path: Path, env_files: tuple[str, ...] = ()) -> dict[str, str]:
    """The variables that a folder's `.env`, or `env_files`, set and its Compose files name, as Compose fills them in.

    Empty where Compose cannot say.
    """
    folder, text = path if path.is_dir() else path.parent, ""
    for file in (folder / ".env", *(folder / one for one in env_files), *sorted(folder.glob("*.y*ml"))):
        with contextlib.suppress(OSError):
            text += file.read_text(encoding="utf-8", errors="replace") + "\n"
    names = {name for form in _NAMING for name in re.findall(form, text)}
    labels = {name: f"${{{name}-}}" for name in sorted(names)}
    with contextlib.suppress(UsageError, DockerUnavailable, LookupError, TypeError, AttributeError):
        text = json.dumps({"name": _PROBE_NAME, "services": {"probe": {"image": "none", "labels": labels}}})
        found = _probed(folder, text, env_files)["services"]["probe"]["labels"]
        # Compose writes a dollar twice, so that its output could be read again
        return {name: str(found[name]).replace("$$", "$") for name in labels if name in found}
    return {}


def _probed(folder: Path, text: str, env_files: tuple[str, ...]) -> dict[str, Any]:
    """What Compose makes of a file of ours with the folder's variables."""
    words = (*_given(env_files), "--project-directory", ".", "--file", "-", "config", "--format", "json")
    return _json(_run(folder, (), *words, stdin=text).stdout, folder)


def _chosen(folder: Path, env_files: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """COMPOSE_PROJECT_NAME where it is set, and the files that Compose takes in the folder."""
    probe = _probed(folder, _PROBE, env_files)
    labels = probe["services"]["probe"].get("labels") or {}
    name = str(probe.get("name", ""))
    given = "" if name == _PROBE_NAME else name
    if labels.get("file"):
        return given, tuple(part for part in labels["file"].split(labels.get("separator") or ":") if part)
    first = next((one for one in FILES if (folder / one).is_file()), "")
    if not first:  # Compose would go on in the folders above, and find another project
        raise UsageError(f"There is no Compose file: none of {', '.join(FILES)}.", where=str(folder),
                         next_step="Give the folder in which `docker compose up` is called, or a Compose file.")
    override = next((one for one in OVERRIDES if (folder / one).is_file()), "")
    return given, (first, override) if override else (first,)


def _unresolved(folder: Path, files: tuple[str, ...], words: tuple[str, ...]) -> dict[str, Any]:
    """The files merged and not filled in. Empty where Compose can read them only with their values."""
    # unlike the first call this one may fail: "${PORT}:80" is a port only when it is filled in
    for more in ((), ("--no-normalize", "--no-consistency")):
        with contextlib.suppress(UsageError):
            return _json(_run(folder, files, *words, "config", "--no-interpolate", *more, "--format", "json").stdout,
                         folder)
    return {}


def _name_in(folder: Path, files: tuple[str, ...], name: str) -> tuple[str, str]:
    """The project's name and the file that gives it; empty where no file does."""
    for file in reversed(files):  # the last one wins
        with contextlib.suppress(OSError, UnicodeDecodeError, yaml.YAMLError):
            if _has_name((folder / file).read_text(encoding="utf-8")):
                return name, f"{file}: name"
    return "", ""


def _has_name(text: str) -> bool:
    """Whether the top mapping has the key `name`. By events: tags of Compose's own (!reset) stop every loader."""
    depth, key = 0, True
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if depth == 0 and isinstance(event, yaml.SequenceStartEvent):
            return False
        if depth == 1 and isinstance(event, yaml.NodeEvent):
            if key and isinstance(event, yaml.ScalarEvent) and event.value == "name":
                return True
            key = not key
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return False


def _running(folder: Path) -> tuple[str, str]:
    """The one project whose containers were made from this folder, on this machine's own engine."""
    label = "com.docker.compose.project"
    argv = ("docker", "ps", "--all", "--filter", f"label={label}.working_dir={folder.resolve()}", "--format",
            f'{{{{.Label "{label}"}}}}')
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT_S, check=False, errors="replace",
                              stdin=subprocess.DEVNULL)
        found = sorted({line for line in lines_of(done.stdout) if line.strip()} if done.returncode == 0 else ())
        if len(found) == 1:
            return found[0], "containers on this machine, made from this folder"
    return "", ""


def _run(folder: Path, files: tuple[str, ...], *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    try:
        done = subprocess.run(("docker", "compose", *words), cwd=folder, input=stdin, capture_output=True, text=True,
                              errors="replace", timeout=TIMEOUT_S, check=False)
    except FileNotFoundError as error:
        raise DockerUnavailable("This machine has no `docker`, which reads Compose files.", where="this machine",
                                next_step=_INSTALL) from error
    except OSError as error:  # also: a folder that may not be entered
        raise UsageError(f"Compose cannot be started there ({error.strerror}).", where=str(folder),
                         next_step="Give a folder that this user may read.") from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"Compose did not read the files within {TIMEOUT_S} s.", where=str(folder),
                         next_step="See what it does: docker compose config") from error
    if done.returncode != 0:
        if "is not a docker command" in done.stderr or "unknown command" in done.stderr:
            raise DockerUnavailable("This machine's `docker` has no Compose.", where="this machine", next_step=_INSTALL)
        raise UsageError(f"Compose refuses these files: {_message(done.stderr)}",
                         where=", ".join(str(folder / one) for one in files) or str(folder),
                         next_step="Correct them until `docker compose config --quiet` is silent there, and run again. "
                                   "Where a variable or a file of variables is missing, give it as the project's own "
                                   "README says (often: cp .env.example .env).")
    return done


def _message(text: str) -> str:
    """Compose's own words, without warnings and without what might be a value of a variable."""
    lines = [line for line in lines_of(printable(text)) if line.strip() and "level=warning" not in line]
    shown = " ".join(" ".join(lines).split()) or "it gave no reason"
    if _QUOTES_A_VALUE.search(shown):
        shown = re.sub(r'".*', "… (value not shown)", shown)
    shown = re.sub(r"(cannot unmarshal \S+) `.*?`", r"\1 `…`", shown)
    return head_of(shown, 800)


def _json(text: str, folder: Path) -> dict[str, Any]:
    try:
        found = read_json(text)
    except (ValueError, json.JSONDecodeError):
        found = None
    if not isinstance(found, dict):
        raise UsageError("Compose's reply is not JSON.", where=str(folder),
                         next_step="Docker Compose 2.20 or newer is needed: docker compose version")
    return found
