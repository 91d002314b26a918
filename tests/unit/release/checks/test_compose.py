"""The release's Compose file: what data/compose_file.json cannot show."""

from __future__ import annotations

from runbook_lib.environment import load_environment
from runbook_lib.release.checks.compose import compose_file
from runbook_lib.release.facts.repository import ComposeConfig, ReleaseTree, Sources


def test_both_colours_of_a_service_must_be_described() -> None:
    environment = load_environment("staging")
    tree = ReleaseTree("v1", None, sources=Sources({}, ComposeConfig(True, "")))
    missing = compose_file(tree, environment)[1].measured.split("; ")
    assert {"backend-blue", "backend-green", "frontend-blue", "frontend-green", "nginx"} <= set(missing)
