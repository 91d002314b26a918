"""Files that Compose gives to a service by `configs:` and `secrets:`, as mounts that a run can make. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runbook_lib.release.facts.repository import ComposeConfig

Service = Mapping[str, Any]
Definitions = Mapping[str, Mapping[str, Any]]

# where a run finds what stands in the Compose file itself; a message names it so; no such file is deployed
FOLDER = "content-of-"
# a secret's value is not known here, and a program that reads it takes any text
PLACEHOLDER = "placeholder"
DEFAULT_TARGETS = {"configs": "/", "secrets": "/run/secrets/"}


def services_with_files(compose: ComposeConfig | None) -> dict[str, Service]:
    """The services with each config and secret among their volumes, read-only; empty without a Compose file.

    One that is `external`, or that names nothing, is left out: Compose says what is wrong with it.
    """
    if compose is None:
        return {}
    return {name: {**service, "volumes": [*(service.get("volumes") or ()), *_mounts(service, compose)]}
            for name, service in compose.services.items()}


def texts_of(compose: ComposeConfig | None) -> dict[str, str]:
    """What stands in the Compose file, or comes from a variable, by its path for a run."""
    # Compose prints each dollar sign twice, as it does in variables
    return {_path(kind, name): PLACEHOLDER if one.get("content") is None else str(one["content"]).replace("$$", "$")
            for kind, known in _kinds(compose) for name, one in known.items()
            if not one.get("file") and _has_text(one)} if compose else {}


def _kinds(compose: ComposeConfig) -> tuple[tuple[str, Definitions], ...]:
    return (("configs", compose.configs), ("secrets", compose.secrets))


def _mounts(service: Service, compose: ComposeConfig) -> Iterator[dict[str, Any]]:
    for kind, known in _kinds(compose):
        for one in service.get(kind) or ():
            name = str(one["source"] if isinstance(one, dict) else one)
            target = str((one.get("target") if isinstance(one, dict) else "") or name)
            found = known.get(name) or {}
            source = str(found.get("file") or (_path(kind, name) if _has_text(found) else ""))
            if source:
                # Compose puts a name without a folder where the kind of it belongs
                place = target if target.startswith("/") else DEFAULT_TARGETS[kind] + target
                yield {"type": "bind", "source": source, "target": place, "read_only": True}


def _has_text(one: Mapping[str, Any]) -> bool:
    return one.get("content") is not None or bool(one.get("environment"))


def _path(kind: str, name: str) -> str:
    return f"{FOLDER}{kind}/{name}"
