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


def test_migrations_in_a_folder_of_another_name_count() -> None:
    files = {"backend/alembic.ini": "[alembic]\nscript_location = m\nversion_locations = m/steps\n",
             "backend/m/steps/1.py": 'revision = "0001"\ndown_revision = None\n'}
    assert parse_migrations(files, "backend").heads == ("0001",)
