"""Releases of the catalogue that stand for the others: one stopped by each kind of look, and users none the wiser.

All of them together are deployed by `python -m lab.resilience releases`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.repository import releases
from lab.resilience.configurations import is_rolled_back
from lab.resilience.releases import deploys_as_expected, schema_revision
from tests.lab.conftest import Lab, tried
from tests.lab_server import NEXT_RELEASE

CATALOGUE = {release.tag: release for release in releases()}
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("new_is_live")]


@pytest.mark.parametrize("tag", ["broken-migration-incompatible", "broken-database-unreachable",
                                 "broken-published-port", "broken-rate-limit", "broken-sessions-cut",
                                 "broken-nginx-configuration", "broken-postgres-configuration"])
def test_a_broken_release_ends_as_the_catalogue_says(lab: Lab, outputs: Path, tag: str) -> None:
    case = tried(lambda: deploys_as_expected(lab.instance, CATALOGUE[tag], outputs, rate=5.0))
    assert case.passed, case.measured


def test_a_file_that_is_spoilt_after_the_check_out_is_rolled_back(lab: Lab, outputs: Path) -> None:
    # the undo of the switch once reloaded nginx with the spoilt file still there, and the rollback failed
    case = tried(lambda: is_rolled_back(lab.instance, "nginx/snippets/gzip.conf", outputs))
    assert case.passed, case.measured


def test_a_migration_that_the_live_code_cannot_live_with_leaves_the_schema_and_no_copy_behind(lab: Lab) -> None:
    assert schema_revision(lab.instance) == CATALOGUE[NEXT_RELEASE].schema_revision
    assert lab.on_server("docker", "ps", "--all", "--quiet", "--filter", "label=runbook.job=schema-copy").strip() == ""
