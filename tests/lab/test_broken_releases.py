"""Releases of the catalogue that stand for the others: one stopped by each kind of look, and users none the wiser.

All of them together are deployed by `python -m lab.proofs releases`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.proofs.releases import commit_of, deploy, ends_as_told, schema, serving
from lab.repository import releases
from tests.lab.conftest import Lab

BASE = "v3.2.0"
CATALOGUE = {release.tag: release for release in releases()}
pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module", autouse=True)
def base_is_live(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the broken releases are based on serves; it stays afterwards."""
    if serving(lab.instance).commit != commit_of(lab.instance, BASE):
        ended = deploy(lab.instance, BASE, tmp_path_factory.mktemp("base"), watch_s="6")
        assert ended.code == 0, ended.said


@pytest.mark.parametrize("tag", ["broken-migration-old-code", "broken-database-unreachable"])
def test_a_broken_release_ends_as_the_catalogue_says(lab: Lab, outputs: Path, tag: str) -> None:
    case = ends_as_told(lab.instance, CATALOGUE[tag], outputs, rate=5.0)
    assert case.held, case.measured


def test_a_migration_that_the_live_code_cannot_live_with_leaves_the_schema_and_no_copy_behind(lab: Lab) -> None:
    assert schema(lab.instance) == CATALOGUE[BASE].schema_revision
    assert lab.on_server("docker", "ps", "--all", "--quiet", "--filter", "label=org.gw2.runbook=schema-copy").strip() == ""
