"""Migration tools are known by files alone; nothing is imported, and links are not followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.adopting.migrations import LIKE_GOLANG, find_migrations


def tree(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("raise SystemExit('was executed')\n")


@pytest.mark.parametrize(("names", "tool", "file"), [
    (("backend/alembic.ini",), "alembic", "backend/alembic.ini"),
    (("src/manage.py", "src/shop/migrations/0001_initial.py"), "Django", "src/manage.py"),
    (("manage.py", "shop/migrations/0001_initial.py"), "Django", "manage.py"),
    (("api/prisma/schema.prisma", "api/prisma/migrations/20250101_a/migration.sql"), "Prisma", "api/prisma/schema.prisma"),
    (("knexfile.ts",), "Knex", "knexfile.ts"),
    (("db/migrate/20240102_b.rb", "db/migrate/20240101_a.rb", "db/schema.rb"), "Rails", "db/migrate/20240101_a.rb"),
    (("api/database/migrations/2014_10_12_000000_users.php",), "Laravel", "api/database/migrations/2014_10_12_000000_users.php"),
    (("src/main/resources/db/migration/V1__a.sql",), "Flyway", "src/main/resources/db/migration/V1__a.sql"),
    (("priv/repo/migrations/20240101_a.exs",), "Ecto", "priv/repo/migrations/20240101_a.exs"),
])
def test_a_tool_is_found_by_its_files(tmp_path: Path, names: tuple[str, ...], tool: str, file: str) -> None:
    tree(tmp_path, *names)
    assert [(one.tool, one.file) for one in find_migrations(tmp_path)] == [(tool, file)]


@pytest.mark.parametrize("names", [
    (), ("manage.py",), ("manage.py", "migrations/README.md"), ("other/shop/migrations/0001_initial.py",),
    ("db/migrate/README.rb", "db/migration/undo.sql", "mydb/migrate/1_a.rb", "database/migrations/README.php"), ("vendor/x/db/migrate/1_a.rb",),
    ("prisma/schema.prisma",), ("node_modules/knex/knexfile.js",), (".venv/alembic.ini",)])
def test_what_is_no_migration_of_the_project_is_not_taken_for_one(tmp_path: Path, names: tuple[str, ...]) -> None:
    tree(tmp_path, *names)
    assert find_migrations(tmp_path) == ()


@pytest.mark.parametrize(("contexts", "files"), [
    (("..",), ["api/alembic.ini"]), (("../api",), ["alembic.ini"]), (("../api", ".."), ["api/alembic.ini"]), ((".", "./web"), []), ((), [])])
def test_code_outside_of_the_compose_files_folder_is_read_too(tmp_path: Path, contexts: tuple[str, ...], files: list[str]) -> None:
    tree(tmp_path, "api/alembic.ini", "deploy/compose.yml", "deploy/web/Dockerfile")
    folder = tmp_path / "deploy"
    found = find_migrations(folder, [str((folder / one).resolve()) for one in contexts])
    assert [one.file for one in found] == files


def test_alembic_may_be_set_up_in_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.alembic]\nscript_location = 'x'\n")
    assert [one.tool for one in find_migrations(tmp_path)] == ["alembic"]


def test_links_that_lead_round_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "knexfile.js").symlink_to(tmp_path / "gone")
    assert find_migrations(tmp_path) == ()


@pytest.mark.parametrize(("more", "names", "tools"), [
    ({"go.mod": "require github.com/golang-migrate/migrate/v4 v4.17.0"}, ("db/migration/000001_a.up.sql", "db/migration/000001_a.down.sql"),
     [("golang-migrate", "db/migration/000001_a.up.sql")]),
    ({}, ("migrations/2024_a.up.sql", "migrations/2024_a.down.sql"), [(LIKE_GOLANG, "migrations/2024_a.up.sql")]),
    ({"migrations/00001_a.sql": "-- +goose Up\nCREATE TABLE a ();"}, ("migrations/00002_b.sql",), [("goose", "migrations/00001_a.sql")]),
    ({"db/migrations/2024_a.sql": "-- migrate:up\n"}, (), [("dbmate", "db/migrations/2024_a.sql")]),
    ({"Cargo.toml": '[dependencies]\nsqlx = "0.8"'}, ("migrations/2024_a.sql",), [("SQLx", "migrations/2024_a.sql")]),
    # what PostgreSQL's image runs once is none
    ({"go.mod": "module shop"}, ("docker/01_init.sql", "migrations/x_1.down.sql"), []),
])
def test_migrations_in_sql_are_known_by_what_they_hold(tmp_path: Path, more: dict[str, str], names: tuple[str, ...],
                                                       tools: list[tuple[str, str]]) -> None:
    """Simplebank's, Ente's and Statbus's: a draft said that there were none."""
    tree(tmp_path, *names)
    for name, text in more.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert [(one.tool, one.file) for one in find_migrations(tmp_path)] == tools
