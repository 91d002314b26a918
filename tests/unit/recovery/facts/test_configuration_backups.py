"""Which paths a configuration backup takes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runbook_lib.connections.scripted import ScriptedServer
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.environment import Environment, load_environment
from runbook_lib.recovery.facts.configuration_backups import (
    Change,
    Commit,
    ConfigurationBackups,
    reader_of,
    source_arguments,
    unlisted_files,
    unsaved_secrets,
)
from tests.unit.recovery.facts.test_compose_sources import as_written
from tests.unit.shop_environment import shop

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


def test_files_that_compose_reads_and_no_path_covers_are_named() -> None:
    environment = with_files("compose.yml")
    include = "include: [nginx/part.yml, parts/db.yml, ../shared.yml, closed.yml, /etc/nginx/x.yml, gone.yml]\n"
    at = environment.server.path
    files = {at("compose.yml"): include, at("parts/db.yml"): "", at("nginx/part.yml"): "", "/opt/shared.yml": "",
             "/etc/nginx/x.yml": "", at("closed.yml"): FactUnreadable("not yours"), at("gone.yml"): None}
    rules = environment.configuration_backup.model_copy(update={"server_paths": ("/etc/nginx/",)})
    environment = environment.model_copy(update={"configuration_backup": rules})
    read = reader_of(environment, ScriptedServer(files=files))
    assert unlisted_files(environment, read, as_written) == ("../shared.yml", "parts/db.yml")


def no_file(path: str) -> None:
    return None


def test_files_with_secrets_that_no_backup_takes_are_named_where_the_application_has_its_own() -> None:
    server = ScriptedServer(commands={"bash": ".env\nweb.env\n"}, files={})
    assert unsaved_secrets(shop(), server, no_file, as_written) == (".env", "web.env")
    # the rest of the review has an answer where the folder is gone: what else is missing is what it is run for
    assert unsaved_secrets(shop(), ScriptedServer(commands={"bash": (66, "")}, files={}), no_file, as_written) is None
    # with two colours a deployment delivers them
    assert unsaved_secrets(STAGING, ScriptedServer(), no_file, as_written) == ()


def test_before_the_first_backup_there_is_a_row_for_each_folder_and_afterwards_for_each_file() -> None:
    """69 rows, each of them new, filled the screen."""
    now = datetime(2026, 11, 28, tzinfo=UTC)
    paths = ("compose.yml", "nginx/nginx.conf", "nginx/snippets/gzip.conf", "nginx/snippets/tls.conf", "grafana/a/b/c.json")
    first = ConfigurationBackups(now, now, 5, True, True, changes=tuple(Change(path, "new") for path in paths))
    assert [row["file"] for row in first.change_table] == [
        "compose.yml", "nginx/: 1 file", "nginx/snippets/: 2 files", "grafana/a/: 1 file"]
    later = ConfigurationBackups(now, now, 5, True, True, changes=first.changes, commits=(Commit("1f" * 20, now, "daily"),))
    assert [row["file"] for row in later.change_table] == list(paths)
