"""The release's Compose file: what data/compose_file.json cannot show."""

from __future__ import annotations

from runbook_lib.environment import load_environment
from runbook_lib.release.checks.compose import CHECKOUT, compose_file
from runbook_lib.release.facts.repository import ComposeConfig, ReleaseTree, Sources


def test_both_colours_of_a_service_must_be_described() -> None:
    environment = load_environment("staging")
    tree = ReleaseTree("v1", None, sources=Sources({}, ComposeConfig(True, "")))
    missing = compose_file(tree, environment)[1].measured.split("; ")
    assert {"backend-blue", "backend-green", "frontend-blue", "frontend-green", "nginx"} <= set(missing)


def test_files_that_the_live_release_lacks_cannot_be_named_yet() -> None:
    environment = load_environment("staging")
    found = compose_file(ReleaseTree("v1", None, not_in_checkout=("new.yml",)), environment)
    assert [(one.check, one.verdict.value, one.measured) for one in found[:1]] == [
        ("the checkout has the Compose files", "failed", "not in it: new.yml")]
    assert CHECKOUT not in {one.check for one in compose_file(ReleaseTree("v1", None), environment)}
