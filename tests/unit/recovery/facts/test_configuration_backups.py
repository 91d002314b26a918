"""Which paths a configuration backup takes."""

from __future__ import annotations

import pytest

from runbook_lib.environment import Environment, load_environment
from runbook_lib.recovery.facts.configuration_backups import source_arguments

STAGING = load_environment("staging")


def with_files(*names: str) -> Environment:
    return STAGING.model_copy(update={"compose": STAGING.compose.model_copy(update={"files": names})})


def test_the_compose_files_are_backed_up_without_being_named_again() -> None:
    taken = source_arguments(with_files("compose.yml", "deploy/compose.staging.yml"))
    assert taken[:2] == ("compose.yml", "deploy/compose.staging.yml")
    assert taken[2:] == (*STAGING.configuration_backup.project_paths, "--", *STAGING.configuration_backup.server_paths)


@pytest.mark.parametrize("name", ["nginx/compose.yml", "nginx", ".env"])
def test_what_a_path_holds_already_is_taken_once(name: str) -> None:
    assert source_arguments(with_files(name)) == source_arguments(with_files())


def test_a_name_that_begins_like_a_folder_is_another_file() -> None:
    assert source_arguments(with_files("nginx.yml"))[0] == "nginx.yml"
