"""How Compose is called, and where files of ours lie in the way of none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.environment.compose import Compose, compose_faults
from tests.unit.shop_environment import shop

TWO = {"files": ["c.yml"], "project": "p"}


@pytest.mark.parametrize(("keys", "fault"), [
    ({"variables_file": "deploy/our.env"}, "compose.variables_file: deploy/our.env is neither in the project's folder"),
    ({"secrets_file": ".runbook/lock.json"}, "compose.secrets_file: .runbook/lock.json could be a file that runs keep"),
    ({"variables_file": "c.yml"}, "compose.variables_file: c.yml is one of compose.files"),
    ({"secrets_file": ".env"}, "compose.secrets_file: .env is compose.variables_file too"),
    ({"variables_file": ".runbook/a.env", "secrets_file": ".env"}, "compose.secrets_file: .env is the application's own"),
])
def test_our_files_lie_where_they_are_in_the_way_of_none(keys: dict[str, Any], fault: str) -> None:
    (found,) = compose_faults(Compose.model_validate_json(json.dumps({**TWO, **keys})), "p", replaced=False)
    assert found.startswith(fault)


@pytest.mark.parametrize(("files", "fault"), [
    (["a.env", "a.env"], "compose.env_files: a.env is named twice"),
    ([".env"], "compose.env_files: .env is compose.variables_file, which a deployment writes"),
    (["prod.env", ".env.secrets"], "compose.env_files: .env.secrets is compose.secrets_file"),
])
def test_files_of_variables_of_owners_are_not_those_that_a_deployment_writes(files: list[str], fault: str) -> None:
    (found,) = compose_faults(Compose.model_validate_json(json.dumps({**TWO, "env_files": files})), "p", replaced=False)
    assert found.startswith(fault)


@pytest.mark.parametrize(("file", "fault"), [
    ("prod env", r"compose\.env_files\.0: should be a path of A-Z a-z 0-9 \. _ - /, below the project's folder or absolute"),
    ("../prod.env", r"compose\.env_files\.0: .*should be a plain path"),
    ("/etc/", r"compose\.env_files\.0: .*should be a plain path"),
    ("/", r"compose\.env_files\.0: should be a path of"),
])
def test_a_file_of_variables_is_a_plain_path_of_the_server(file: str, fault: str) -> None:
    with pytest.raises(EnvironmentInvalid, match=fault):
        shop(compose={**TWO, "env_files": [file]})


def test_an_application_that_runs_once_may_name_its_env_among_its_files_of_variables() -> None:
    assert shop(compose={**TWO, "env_files": [".env", "/etc/shop/prod.env"]}).compose.own_variables == ".env, /etc/shop/prod.env"


def test_with_recreate_there_are_no_files_of_ours_for_compose() -> None:
    with pytest.raises(EnvironmentInvalid, match=r"compose\.secrets_file: with release\.strategy recreate no such file"):
        shop(compose={**TWO, "secrets_file": ".runbook/secrets.env"})


def test_in_our_own_folder_nothing_lies_next_to_a_release_but_that_folder() -> None:
    ours = Compose.model_validate_json(json.dumps({**TWO, "variables_file": ".runbook/variables.env", "secrets_file": ".runbook/secrets.env"}))
    assert (ours.files_of_ours, ours.has_own_env) == ((".runbook",), True)
    assert Compose.model_validate_json(json.dumps(TWO)).files_of_ours == (".env", ".env.secrets", ".runbook")
    assert compose_faults(ours, "p", replaced=False) == []
