"""The environment of the lab's second application, without a server: its own file with an address that nothing answers."""

from __future__ import annotations

import copy
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from runbook_lib.environment import Environment, load_environment

FILE = Path(__file__).parents[2] / "parameters/environments/shop.yaml"
ADDRESS: dict[str, Any] = {
    "server": {"host": "127.0.0.1", "user": "deploy", "key_file": "/nowhere/key", "known_hosts_file": "/nowhere/hosts"},
}


def shop(**changes: Any) -> Environment:
    """That environment, whole keys of its file replaced by `changes`. Raises EnvironmentInvalid."""
    data = copy.deepcopy(_own())
    data["server"] |= ADDRESS["server"]
    return _loaded(json.dumps({**data, **changes}, ensure_ascii=False))  # YAML too, and written a hundred times as fast


@cache
def _own() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(FILE.read_text())
    del data["extends"]
    return data


@cache
def _loaded(text: str) -> Environment:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "shop.yaml"
        path.write_text(text)
        return load_environment(str(path))
