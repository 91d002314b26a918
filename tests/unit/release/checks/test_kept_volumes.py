"""Where the data are found again there is nothing to say: whatever they are called in the file."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.release.checks.kept_volumes import volumes_are_kept
from runbook_lib.release.facts.mounted_volumes import MountedVolume
from runbook_lib.release.facts.repository import ComposeConfig
from tests.unit.recovery.plans.test_restore import ENVIRONMENT

DATA = "/var/lib/postgresql/data"
PROJECT = ENVIRONMENT.project
NAMED = MountedVolume(PROJECT, "postgres", f"{PROJECT}_postgres-data", DATA)
ANONYMOUS = MountedVolume(PROJECT, "postgres", "a" * 64, DATA)


def release(*volumes: dict[str, Any], **named: str) -> ComposeConfig:
    return ComposeConfig(True, "", {"postgres": {"volumes": list(volumes)}}, project="read",
                         volumes={key: {"name": name} for key, name in named.items()})


def mount(source: str, target: str = DATA) -> dict[str, Any]:
    return {"type": "volume", "source": source, "target": target}


@pytest.mark.parametrize(("config", "mounted"), [
    (release(mount("postgres-data")), NAMED),
    (release(mount("postgres-data", f"{DATA}/")), NAMED),
    (release(mount("postgres-data"), **{"postgres-data": "read_postgres-data"}), NAMED),  # `docker compose -p`
    (release(mount("other"), other=NAMED.name), NAMED),  # `name:` gives another key the volume that is there
    (release(), ANONYMOUS),  # Compose hands it on to the next container
    (release({"type": "volume", "target": DATA}), ANONYMOUS),
    (release(), MountedVolume("another", "postgres", "another_data", DATA)),
    (ComposeConfig(True, ""), NAMED),  # a service that is gone is another check's
])
def test_data_that_are_found_again_are_no_finding(config: ComposeConfig, mounted: MountedVolume) -> None:
    assert volumes_are_kept(config, (mounted,), ENVIRONMENT) == ()
