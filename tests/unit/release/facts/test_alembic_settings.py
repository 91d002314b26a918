"""Which tree of migrations counts: the one that the application's own alembic.ini names."""

from __future__ import annotations

import pytest

from runbook_lib.release.facts.alembic_settings import version_folders
from runbook_lib.release.facts.migrations import parse_migrations


def folders(text: str, path: str = "backend/alembic.ini", **more: str) -> tuple[str, ...] | None:
    found = version_folders({path: text, **more}, "backend")
    return found.folders if found else None


@pytest.mark.parametrize(("settings", "expected"), [
    ("script_location = migrations", ("backend/migrations/versions",)),
    ("script_location = ./migrations/", ("backend/migrations/versions",)),
    ("script_location = %(here)s/migrations", ("backend/migrations/versions",)),
    ("base = %(here)s/db\nscript_location = %(base)s/alembic", ("backend/db/alembic/versions",)),
    ("script_location = app.db:migrations", ("backend/app/db/migrations/versions",)),
    ("script_location = ../shared/migrations", ("shared/migrations/versions",)),
    ("script_location = m\nversion_locations = m/a m/b", ("backend/m/a", "backend/m/b")),
    ("script_location = m\nversion_locations = %(here)s/m/a, m/b", ("backend/m/a", "backend/m/b")),
    ("script_location = m\nversion_path_separator = os\nversion_locations = m/a:m/b", ("backend/m/a", "backend/m/b")),
    ("script_location = m\npath_separator = ;\nversion_locations = m/a;app:b", ("backend/m/a", "backend/app/b")),
    ("script_location = m\npath_separator = newline\nversion_locations =\n  m/a\n  m/b", ("backend/m/a", "backend/m/b")),
    ("script_location = m\npath_separator = space\nversion_path_separator = os\nversion_locations = m/a m/b",
     ("backend/m/a", "backend/m/b")),
    ("script_location = m\nversion_locations = app:a, app.db:b", ("backend/app/a", "backend/app/db/b")),
    ("script_location = %(missing)s", ("backend/versions",)),
])
def test_the_folders_are_those_that_alembic_reads(settings: str, expected: tuple[str, ...]) -> None:
    assert folders(f"[alembic]\n{settings}\n[loggers]\nkeys = root\n") == expected


@pytest.mark.parametrize("text", ["", "[other]\nscript_location = m\n", "[alembic]\n", "no section at all", "[alembic\n"])
def test_a_file_that_names_nothing_decides_nothing(text: str) -> None:
    assert folders(text) is None


def test_of_several_settings_files_the_one_where_the_image_is_built_counts() -> None:
    own, other = "[alembic]\nscript_location = m\n", "[alembic]\nscript_location = n\n"
    assert folders(own, **{"tools/alembic.ini": other}) == ("backend/m/versions",)
    assert folders(own, "service/alembic.ini") == ("service/m/versions",)
    assert folders(own, "service/alembic.ini", **{"tools/alembic.ini": other}) is None


def test_a_second_tree_is_neither_a_second_head_nor_a_duplicate() -> None:
    files = {
        "backend/alembic.ini": "[alembic]\nscript_location = migrations\n",
        "backend/migrations/versions/1.py": 'revision = "0001"\ndown_revision = None\n',
        "backend/migrations/versions/old/2.py": 'revision = "0002"\ndown_revision = "0001"\n',
        "backend/migrations/versions/.#1.py": "an editor's lock",
        "backend/alembic/versions/1.py": 'revision = "0001"\ndown_revision = None\n',
        "analytics/versions/9.py": 'revision = "a"\ndown_revision = None\n',
    }
    found = parse_migrations(files, "backend")
    assert (found.heads, found.duplicates, found.unreadable) == (("0001",), (), ())
    recursive = files | {"backend/alembic.ini": files["backend/alembic.ini"] + "recursive_version_locations = true\n"}
    assert parse_migrations(recursive).heads == ("0002",)
    # another one with settings of its own: the image is built from the first
    other = files | {"analytics/alembic.ini": "[alembic]\nscript_location = .\n"}
    assert (parse_migrations(other, "backend").heads, parse_migrations(other, "analytics").heads) == (("0001",), ("a",))


def test_migrations_in_a_folder_of_another_name_count() -> None:
    files = {"backend/alembic.ini": "[alembic]\nscript_location = m\nversion_locations = m/steps\n",
             "backend/m/steps/1.py": 'revision = "0001"\ndown_revision = None\n'}
    assert parse_migrations(files, "backend").heads == ("0001",)


PROJECT = "[project]\nname = 'a'\n[tool.alembic]\n"


@pytest.mark.parametrize(("settings", "expected"), [
    ('script_location = "migrations"', ("backend/migrations/versions",)),
    ('script_location = "%(here)s/db/alembic"', ("backend/db/alembic/versions",)),
    ('script_location = "app.db:migrations"', ("backend/app/db/migrations/versions",)),
    ('script_location = "m"\nversion_locations = ["%(here)s/m/a", "app:b"]', ("backend/m/a", "backend/app/b")),
    ('script_location = "m"\nversion_locations = []', ("backend/m/versions",)),
    ('script_location = 7', None),
    ('file_template = "%%(rev)s"', None),
    ('script_location = ', None),
])
@pytest.mark.parametrize("ini", [{}, {"backend/alembic.ini": "[alembic]\n# all of it is in pyproject.toml\n[loggers]\nkeys = root\n"}])
def test_settings_may_be_in_the_projects_own_file(settings: str, expected: tuple[str, ...] | None, ini: dict[str, str]) -> None:
    assert folders(PROJECT + settings + "\n", "backend/pyproject.toml", **ini) == expected


def test_of_two_files_next_to_each_other_the_older_form_counts_first() -> None:
    own = "[alembic]\nscript_location = m\n"
    assert folders(own, **{"backend/pyproject.toml": PROJECT + 'script_location = "n"\nversion_locations = ["o"]\n'}) == ("backend/o",)
    assert folders(own, **{"backend/pyproject.toml": "[project]\nname = 'a'\n"}) == ("backend/m/versions",)


def test_a_project_that_runs_no_alembic_decides_nothing() -> None:
    other = {"tools/pyproject.toml": "[tool.ruff]\n", "docs/pyproject.toml": "# tool.alembic\n"}
    assert folders(PROJECT + 'script_location = "m"\n', "backend/pyproject.toml", **other) == ("backend/m/versions",)
    assert version_folders(other) is None


def test_migrations_of_a_project_that_has_no_ini_file_are_read() -> None:
    files = {"pyproject.toml": PROJECT + 'script_location = "%(here)s/db"\nrecursive_version_locations = true\n',
             "db/versions/2026/1.py": 'revision = "0001"\ndown_revision = None\n',
             "old/versions/9.py": 'revision = "9"\ndown_revision = None\n'}
    assert parse_migrations(files).heads == ("0001",)
