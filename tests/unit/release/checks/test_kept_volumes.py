"""Where the data are found again there is nothing to say: whatever they are called in the file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.release.checks.kept_volumes import volumes_are_kept
from runbook_lib.release.facts.mounted_volumes import MountedVolume
from runbook_lib.release.facts.repository import ComposeConfig
from tests.unit.recovery.plans.test_restore import ENVIRONMENT

DATA = "/var/lib/postgresql/data"
PROJECT = ENVIRONMENT.project
NAMED = MountedVolume(PROJECT, "postgres", f"{PROJECT}_postgres-data", DATA)
ANONYMOUS = MountedVolume(PROJECT, "postgres", "a" * 64, DATA)
FOLDER = MountedVolume(PROJECT, "postgres", "", DATA, "/opt/app/data/postgres")


def release(*volumes: dict[str, Any], **named: str) -> ComposeConfig:
    return ComposeConfig(True, "", {"postgres": {"volumes": list(volumes)}}, project="read",
                         volumes={key: {"name": name} for key, name in named.items()})


def mount(source: str, target: str = DATA, kind: str = "volume") -> dict[str, Any]:
    return {"type": kind, "source": source, "target": target}


def with_exporter(**exporter: Any) -> ComposeConfig:
    kept = release(mount("postgres-data"))
    return ComposeConfig(True, "", {**kept.services, "exporter": exporter}, project="read")


@pytest.mark.parametrize(("config", "mounted"), [
    (release(mount("postgres-data")), NAMED),
    (release(mount("postgres-data", f"{DATA}/")), NAMED),
    (release(mount("postgres-data"), **{"postgres-data": "read_postgres-data"}), NAMED),  # `docker compose -p`
    (release(mount("other"), other=NAMED.name), NAMED),  # `name:` gives another key the volume that is there
    (release(), ANONYMOUS),  # Compose hands it on to the next container
    (release({"type": "volume", "target": DATA}), ANONYMOUS),
    (release(), MountedVolume("another", "postgres", "another_data", DATA)),
    (ComposeConfig(True, ""), NAMED),  # a service that is gone is another check's
    (release(mount("data/postgres", kind="bind")), FOLDER),  # of the checkout, which may be a link
    (release(mount("/opt/app/data/postgres/", f"{DATA}/", "bind")), FOLDER),
    (with_exporter(), MountedVolume(PROJECT, "exporter", "", "/data", FOLDER.folder)),  # whoever keeps files there sees them
])
def test_data_that_are_found_again_are_no_finding(config: ComposeConfig, mounted: MountedVolume) -> None:
    assert volumes_are_kept(config, (mounted,), ENVIRONMENT) == ()


@pytest.mark.parametrize(("live", "subpath"), [
    ("pg", "./pg/"), ("", ""), ("", "."),
    (None, "pg"),  # an engine before 26 mounts all of it, whatever the file says
])
def test_the_same_part_of_a_volume_is_found_again(live: str | None, subpath: str) -> None:
    config = release({**mount("postgres-data"), "volume": {"subpath": subpath}})
    assert volumes_are_kept(config, (replace(NAMED, subpath=live),), ENVIRONMENT) == ()


SIDECAR = MountedVolume(PROJECT, "exporter", NAMED.name, "/data")


@pytest.mark.parametrize("sources", [["postgres"], ["postgres:ro"], ["between"], ["container:made-by-hand:ro"]])
def test_volumes_of_another_service_are_found_again(sources: list[str]) -> None:
    config = with_exporter(volumes_from=sources)
    config.services["between"] = {"volumes_from": ["postgres", "exporter"]}
    assert volumes_are_kept(config, (NAMED, MountedVolume(PROJECT, "exporter", NAMED.name, DATA)), ENVIRONMENT) == ()


def test_a_volume_that_its_database_keeps_refuses_no_release() -> None:
    described = ENVIRONMENT.configuration_backup.model_copy(update={"data_volumes": {"postgres-data": "the dump has it"}})
    environment = ENVIRONMENT.model_copy(update={"configuration_backup": described})
    assert [one.verdict for one in volumes_are_kept(with_exporter(), (SIDECAR, NAMED), environment)] == [Verdict.WARNING]
    # without the database's own view of it, it is not known that another keeps it
    assert [one.verdict for one in volumes_are_kept(with_exporter(), (SIDECAR,), environment)] == [Verdict.FAILED]
