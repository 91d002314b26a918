"""`runbook adopt`: a folder becomes a draft; nothing in it changes, and no file is replaced."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from runbook_lib.adopting import adopt
from runbook_lib.adopting.adopt import Adoption, adopt_folder, adoption, default_name, write_draft
from runbook_lib.connections.local_compose import LocalProject
from runbook_lib.core.errors import UsageError
from tests.unit.adopting_doubles import KEY, MODEL, PASSWORD, UNRESOLVED, found_project


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What Compose says of the folder, to be changed by a test."""
    reply: dict[str, Any] = {"files": ("compose.yml",), "model": MODEL, "unresolved": UNRESOLVED}
    monkeypatch.setattr(adopt, "read_project", lambda path, profiles, env_files: LocalProject(path, **reply))
    monkeypatch.setattr(adopt, "variable_values", lambda path, env_files: {"ADMIN_TOKEN": "0ur-admin-token", "PWD": "/srv", "PORT": "80"})
    return reply


def test_the_draft_shows_no_secret_and_says_what_it_was_made_from(local: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").touch()
    made = adopt_folder(tmp_path, "shop")
    assert not [secret for secret in (PASSWORD, KEY) if secret in made.text]
    head = made.text.partition("\nname:")[0]
    assert f"{made.todos} TODOs left" in head
    assert "Migrations: alembic, by alembic.ini." in head
    assert "Left out, because their profiles are not active: cache." in head
    assert str(tmp_path) not in made.text


def test_a_secret_that_stands_where_no_secret_belongs_is_not_shown(local: dict[str, Any], tmp_path: Path) -> None:
    services = MODEL["services"] | {"web": MODEL["services"]["web"] | {"image": "ours/web:0ur-admin-token", "build": None}}
    local["model"] = MODEL | {"services": services}
    assert "0ur-admin-token" not in adopt_folder(tmp_path, "shop").text


def test_an_image_with_the_projects_own_word_is_shown_though_a_password_is_that_word(local: dict[str, Any], tmp_path: Path) -> None:
    """Statbus's: its images are called like the project, and a value that was taken for a secret hid each of them."""
    variables = {"API_KEY": "statbus"}
    web = MODEL["services"]["web"] | {"image": "ghcr.io/ours/statbus-app:1", "environment": variables}
    local["model"] = MODEL | {"services": MODEL["services"] | {"web": web}}
    local["unset"] = ("B", "A")
    text = adopt_folder(tmp_path, "shop").text
    assert "image: ghcr.io/ours/statbus-app\n" in text and "taken as empty by Compose: A, B." in text


def test_what_keeps_other_data_is_named_next_to_the_database(local: dict[str, Any], tmp_path: Path) -> None:
    """Plausible's: all visits are in its ClickHouse, of which 30 saves nothing."""
    local["model"] = MODEL | {"services": MODEL["services"] | {"events": {"image": "clickhouse/clickhouse-server:23"}}}
    assert "saves PostgreSQL alone, and nothing of events (ClickHouse)" in " ".join(adopt_folder(tmp_path, "shop").text.split())


def test_a_refusal_quotes_no_secret(local: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, profiles: tuple[str, ...], env_files: tuple[str, ...]) -> LocalProject:
        raise UsageError("Invalid hostPort: 0ur-admin-token, not 80", where="compose.yml", next_step="Correct it.")

    monkeypatch.setattr(adopt, "read_project", refused)
    with pytest.raises(UsageError) as caught:
        adopt_folder(tmp_path, "shop")
    assert caught.value.what == "Invalid hostPort: … (value not shown), not 80"
    assert (caught.value.where, caught.value.next_step) == ("compose.yml", "Correct it.")


def test_a_database_that_no_backup_holds_is_named_at_the_top(local: dict[str, Any], tmp_path: Path) -> None:
    assert "saves PostgreSQL alone" not in adopt_folder(tmp_path, "shop").text
    local["model"] = MODEL | {"services": MODEL["services"] | {"audit": {"image": "mysql:8"}}}
    head = adopt_folder(tmp_path, "shop").text.partition("\nname:")[0]
    assert "nothing of audit (MySQL)" in head


def test_an_image_that_is_called_like_a_password_is_named(local: dict[str, Any], tmp_path: Path) -> None:
    cloud = {"image": "registry.example.com/cloud:apache", "environment": {"ADMIN_PASSWORD": "cloud"}, "ports": [{"target": 80, "published": "80"}]}
    local["model"] = MODEL | {"services": MODEL["services"] | {"cloud": cloud}}
    made = adopt_folder(tmp_path, "cloud-two")
    assert "image: registry.example.com/cloud\n" in made.text
    assert "/backups/cloud-two/database" in made.text


def test_without_postgresql_it_is_said_at_once(local: dict[str, Any], tmp_path: Path) -> None:
    assert adopt_folder(tmp_path, "shop").has_postgres
    local["model"] = local["unresolved"] = MODEL | {"services": {"web": MODEL["services"]["web"]}}
    made = adopt_folder(tmp_path, "shop")
    assert not made.has_postgres
    assert "else say there what keeps the data" in " ".join(made.text.partition("\nname:")[0].replace("\n# ", " ").split())
    draft = yaml.safe_load(made.text)
    assert (draft["without"]["database"], "database" in draft, "migrations" in draft["without"]) == ("TODO", False, False)
    assert "writers" not in draft["release"]


def test_a_job_that_services_wait_for_is_named_at_the_top(local: dict[str, Any], tmp_path: Path) -> None:
    web = MODEL["services"]["web"] | {"depends_on": {"init": {"condition": "service_completed_successfully"}}}
    local["model"] = MODEL | {"services": MODEL["services"] | {"web": web, "init": {"build": {"context": "/srv/web"}}}}
    assert "Runs once and ends: init." in adopt_folder(tmp_path, "shop").text.partition("\nname:")[0]


def test_migrations_are_found_where_images_are_built_from(local: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "deploy"
    folder.mkdir()
    (tmp_path / "alembic.ini").touch()
    local["model"] = MODEL | {"services": MODEL["services"] | {"web": {"build": {"context": str(tmp_path)}}}}
    assert "Migrations: alembic, by alembic.ini." in adopt_folder(folder, "shop").text


def test_variables_without_a_value_are_named(local: dict[str, Any], tmp_path: Path) -> None:
    local["unset"] = ("POSTGRES_USER",)
    assert "taken as empty by Compose: POSTGRES_USER." in adopt_folder(tmp_path, "shop").text


def test_services_whose_names_cannot_be_used_are_named() -> None:
    made = adoption(found_project({"-ui": {"image": "ui"}}), "shop", [])
    assert "begins with a sign, or is longer than 63: -ui." in " ".join(made.text.replace("\n# ", " ").split())


def test_a_tool_is_named_with_what_is_to_be_said_of_it(local: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "knexfile.js").touch()
    assert "Migrations: Knex, by knexfile.js. Say in `migrations` who runs them" in " ".join(adopt_folder(tmp_path, "shop").text.replace("\n# ", " ").split())


def test_without_postgresql_no_line_asks_for_migrations_that_the_file_would_be_refused_with(local: dict[str, Any], tmp_path: Path) -> None:
    """Monica's: 'say in `migrations`', and without.database says that there is nothing to migrate."""
    (tmp_path / "knexfile.js").touch()
    local["model"] = {"services": {"web": MODEL["services"]["web"], "db": {"image": "mariadb:10"}}}
    local["unresolved"] = local["model"]
    text = " ".join(adopt_folder(tmp_path, "shop").text.replace("\n# ", " ").split())
    assert "Migrations: Knex, by knexfile.js. 20 runs none without PostgreSQL" in text and "Say in `migrations`" not in text


@pytest.mark.parametrize("name", ["My App", "-x", "a/b", "é", ""])
def test_a_name_that_no_environment_can_have_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is not a name for an environment"):
        adoption(found_project(), name, [])


@pytest.mark.parametrize(("folder", "name"), [
    ("shop", "shop"), ("My Shop (2)", "my-shop-2"), ("2nd", "app-2nd"), ("...", "app"), ("Büro Läden", "buro-laden"), ("Straße", "strasse"), ("日本", "app"), ("a" * 90, "app-" + "a" * 59),
])
def test_a_name_is_made_from_any_folders(folder: str, name: str) -> None:
    assert default_name(folder) == name


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        adopt_folder(tmp_path / "gone")
    with pytest.raises(UsageError, match="no such folder"):
        adopt_folder(None)


def test_no_file_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("mine")
    with pytest.raises(UsageError, match="was not changed") as caught:
        write_draft(Adoption("shop", "theirs", 0), file)
    assert (file.read_text(), caught.value.exit_code) == ("mine", 2)
    dangling = tmp_path / "link.yaml"
    dangling.symlink_to(tmp_path / "elsewhere.yaml")
    with pytest.raises(UsageError, match="was not changed"):
        write_draft(Adoption("shop", "theirs", 0), dangling)


@pytest.mark.parametrize(("number", "next_step"), [(errno.ENOSPC, "Free space"), (errno.EDQUOT, "Free space"), (errno.EIO, "-o -")])
def test_a_disk_that_fails_leaves_no_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, next_step: str) -> None:
    def fails(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("runbook_lib.adopting.adopt.os.fsync", fails)
    with pytest.raises(UsageError, match=r"cannot be written .*Nothing was left there") as caught:
        write_draft(Adoption("shop", "text", 0), tmp_path / "shop.yaml")
    assert next_step in caught.value.next_step
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_links_gets_a_whole_file_and_replaces_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*names: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("runbook_lib.adopting.adopt.os.link", fails)
    write_draft(Adoption("shop", "text", 0), tmp_path / "shop.yaml")
    with pytest.raises(UsageError, match="was not changed"):
        write_draft(Adoption("shop", "other", 0), tmp_path / "shop.yaml")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("shop.yaml", "text")]


def test_another_file_that_comes_meanwhile_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbook_lib.adopting.adopt.os.fsync", lambda descriptor: (tmp_path / "shop.yaml").write_text("theirs"))
    with pytest.raises(UsageError, match="was not changed"):
        write_draft(Adoption("shop", "ours", 0), tmp_path / "shop.yaml")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("shop.yaml", "theirs")]


@pytest.mark.parametrize("name", ["folder", "folder/", "a\0b"])
def test_a_name_that_no_file_can_have_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match=r"a folder of that name|cannot be written"):
        write_draft(Adoption("shop", "text", 0), tmp_path / name)
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]


def test_a_folder_that_cannot_be_written_is_an_error_with_a_next_step(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written") as caught:
        write_draft(Adoption("shop", "text", 0), tmp_path / "no" / "shop.yaml")
    assert "-o -" in caught.value.next_step


@pytest.mark.parametrize(("tag", "old"), [("12.3", True), ("13", True), ("14-alpine", False), ("18", False), ("alpine", False)])
def test_a_postgresql_that_is_too_old_is_named_before_an_hour_goes_into_the_file(tag: str, old: bool) -> None:
    """taiga has 12, openproject 13: the draft said nothing."""
    head = adoption(found_project({"db": MODEL["services"]["db"] | {"image": f"postgres:{tag}"}}), "shop", ()).text.partition("\nname:")[0]
    assert (f"db runs PostgreSQL {tag.partition('.')[0]}. The runbooks know 14 and newer" in " ".join(head.replace("#", "").split())) == old
