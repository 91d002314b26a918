"""The smallest environment file that loads: everything else has a default, or is not applicable without it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml

from runbook_lib.environment import Environment, load_environment

SMALLEST: dict[str, Any] = {
    "name": "smallest",
    "title": "An application of which little is said",
    "server": {"host": "staging.example.com", "user": "deploy", "directory": "/opt/app", "key_file": "/nowhere/key",
               "known_hosts_file": "/nowhere/hosts"},
    "compose": {"project": "app", "files": ["compose.yml"]},
    "public": {"url": "https://staging.example.com"},
    "services": {"web": {"title": "Web application"}, "db": {"title": "Database"}},
    "release": {"strategy": "recreate", "services": {"web": {"image": "app-web"}}, "api": "web",
                "writers": ["web"]},
    "database": {"service": "db", "name": "app", "owner": "app"},
    "without": {"cache": "it needs none", "health": "it has no path for it", "smoke": "its users only read",
                "monitoring": "nothing is measured"},
    "backup": {"directory": "/backups/app/database"},
    "configuration_backup": {"no_uploads_reason": "users upload nothing"},
}


def smallest(**changes: Any) -> Environment:
    """That environment, whole keys of its file replaced by `changes`. Raises EnvironmentInvalid."""
    return loaded({**SMALLEST, **changes})


def loaded(data: dict[str, Any]) -> Environment:
    """The environment of a file with these data, called smallest.yaml. Raises EnvironmentInvalid."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "smallest.yaml"
        path.write_text(yaml.safe_dump(data, sort_keys=False))
        return load_environment(str(path))
