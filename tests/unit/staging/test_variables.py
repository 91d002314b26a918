"""The example and variable files name what Compose and the application read."""

from __future__ import annotations

import re

import pytest

from runbook_lib.environment import Environment
from tests.unit.staging.files import ROOT, text, variables_in


@pytest.mark.parametrize("path", ["backend/.env.staging", "frontend/.env.staging"])
def test_the_applications_variable_files_are_the_environments(environment: Environment, path: str) -> None:
    written = variables_in((ROOT / "lab" / "app" / path).read_text(encoding="utf-8"))
    assert written == environment.environment_files[path].variables


def test_the_example_files_name_what_compose_reads(environment: Environment) -> None:
    example = variables_in(text("env.example"))
    assert {name: value for name, value in example.items() if name.endswith("_IMAGE")} == environment.images
    asked = set(re.findall(r"\$\{([A-Z_]+)", text("docker-compose.staging.yml")))
    secrets = {name for name, need in environment.secrets.items() if need.side == "server"}
    assert set(variables_in(text("env.secrets.example"))) == secrets
    assert asked <= set(example) | secrets
