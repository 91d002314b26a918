"""What a new environment may begin with where the model has no default; the draft says that it is not known."""

from __future__ import annotations

from typing import Any

WHY = "usual, not read from anywhere: change it to yours"

USUAL: dict[str, Any] = {
    "server": {"known_hosts_file": "~/.ssh/known_hosts"},
    # copies of configuration, files and logs lie next to it
    "backup": {"directory": "/backups/{name}/database"},
}


def usual_for(name: str) -> dict[str, Any]:
    """The values with the environment's name filled in."""

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(inner) for key, inner in value.items()}
        return value.replace("{name}", name) if isinstance(value, str) else value

    return {key: filled(value) for key, value in USUAL.items()}
