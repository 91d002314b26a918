"""Ref, variables and rollback target: what their data files cannot show."""

from __future__ import annotations

from runbook_lib.environment import load_environment
from runbook_lib.release.checks.preflight import variables
from runbook_lib.release.facts.repository import ReleaseTree, Sources


def test_a_secret_in_plain_text_is_never_shown() -> None:
    environment = load_environment("staging")
    files = {path: "".join(f"{name}=hunter2\n" for name, value in file.variables.items() if "${" in value) + "A_PASSWORD=hunter2\n"
             for path, file in environment.environment_files.items()}
    found = variables(ReleaseTree("v1", None, sources=Sources(files, None)), environment)
    assert "secret in plain text" in str(found)
    assert "hunter2" not in str(found)
