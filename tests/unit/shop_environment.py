"""The environment of the lab's second application, without a server: its own file with an address that nothing answers."""

from __future__ import annotations

import tempfile
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
    data = yaml.safe_load(FILE.read_text())
    del data["extends"]
    data["server"] |= ADDRESS["server"]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "shop.yaml"
        path.write_text(yaml.safe_dump({**data, **changes}, sort_keys=False))
        return load_environment(str(path))
