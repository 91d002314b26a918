"""Migrations that are one file each: their names, what is pending of them, and what the database has and they have not."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.findings import Verdict
from runbook_lib.environment.migrations import Migrations
from runbook_lib.release.checks.file_migrations import file_migrations_known
from runbook_lib.release.facts.file_migrations import FileMigrations, applied_if_known, file_migrations, names_of
from runbook_lib.release.facts.repository import ReleaseTree, inspect_release
from tests.unit.environment.test_migrations import DJANGO
from tests.unit.release.repositories import Repositories, ThisMachine
from tests.unit.shop_environment import shop

SHOP = shop()
PATHS = ("shop/migrations/0002_picture.py", "shop/migrations/0001_initial.py")
SURVEY = "".join(f"migration\t{base64.b64encode(path.encode()).decode()}\n" for path in PATHS) + "tree\ttree\tx\tshop\n"
THERE = "to_regclass('\"django_migrations\"')"
NAMES = "FROM django_migrations"


def database(*applied: str, there: bool = True) -> ScriptedConnections:
    return ScriptedConnections(sql={THERE: [{"there": there}], NAMES: [{"name": one} for one in applied]})


def found(*applied: str) -> FileMigrations:
    made = file_migrations(SHOP, SURVEY, database(*applied))  # type: ignore[arg-type]
    assert made is not None
    return made


def test_what_the_release_has_and_the_database_has_not_is_pending_in_the_order_of_the_files() -> None:
    assert found().pending == ("shop.0001_initial", "shop.0002_picture")
    assert found("shop.0001_initial").pending == ("shop.0002_picture",)
    assert found("shop.0001_initial", "shop.0002_picture").pending == ()


def test_files_that_share_a_name_are_named_and_never_merged() -> None:
    """A pending one would count as applied where the other one is."""
    other = base64.b64encode(b"other/shop/migrations/0002_picture.py").decode()
    made = file_migrations(SHOP, f"migration\t{other}\n{SURVEY}", database("shop.0002_picture"))  # type: ignore[arg-type]
    assert made is not None and made.shared == ("shop.0002_picture",)
    (seen,) = file_migrations_known(ReleaseTree("v9", None, file_migrations=made))
    assert (seen.verdict, seen.measured) == (Verdict.FAILED, "several files are called shop.0002_picture")


def test_a_frameworks_own_migrations_are_not_newer_than_the_release() -> None:
    seen = found("auth.0012_first_name", "shop.0001_initial", "shop.0002_picture", "shop.0003_stock")
    assert (seen.pending, seen.newer) == ((), ("shop.0003_stock",))


@pytest.mark.parametrize(("name", "ours", "theirs"), [
    ("{file}", ("0001_initial.py", "0002_picture.py"), "0003_stock.py"), ("{number}", ("1", "2"), "3"),
    ("{stem}", ("0001_initial", "0002_picture"), "0003.stock")])
def test_a_name_without_a_part_in_front_is_newer_than_the_release(name: str, ours: tuple[str, ...], theirs: str) -> None:
    """Knex and Flyway name whole files: what stands before the dot was taken for a part, and no schema was newer."""
    made = file_migrations(shop(migrations={**DJANGO, "name": name}), SURVEY, database(*ours, theirs))  # type: ignore[arg-type]
    assert made is not None
    assert (made.pending, made.newer) == ((), (theirs,))


@pytest.mark.parametrize(("ours", "theirs", "newer", "grouped"), [
    # Rails and Laravel: old files are deleted once every database has them
    (("20240301", "20240401"), ("20200101", "20240201"), (), False), (("20240301",), ("20240302",), ("20240302",), False),
    # of another branch: in between, and none of ours
    (("20240301", "20240401"), ("20240315",), ("20240315",), False),
    (("2024_03_01_a.php",), ("2014_10_12_users.php",), (), False), (("V5__a.sql",), ("V4__b.sql", "V6__c.sql"), ("V6__c.sql",), False),
    # Django: what one file was squashed from keeps its lines
    (("shop.0001_squashed_0007_stock", "shop.0008_a"), ("shop.0001_initial", "shop.0005_b", "auth.0012_c"), (), True),
    (("shop.0001_squashed_0007_stock",), ("shop.0008_a",), ("shop.0008_a",), True), (("shop.0002_a",), ("shop.initial",), ("shop.initial",), True),
    (("a", "b"), ("c",), ("c",), False), ((), ("c",), (), False),
])
def test_what_was_taken_away_is_not_newer_than_the_release(ours: tuple[str, ...], theirs: tuple[str, ...], newer: tuple[str, ...],
                                                           grouped: bool) -> None:
    """NetBox's squashed migrations: each deployment warned of dozens that the database has and no release will have again."""
    assert FileMigrations(ours, frozenset({*ours, *theirs}), grouped=grouped).newer == newer


NUMBERS = {**DJANGO, "name": "{number}", "newest_alone": True, "table": "schema_migrations",
           "applied": "SELECT version FROM schema_migrations", "unfinished": "SELECT version FROM schema_migrations WHERE dirty"}


@pytest.mark.parametrize(("version", "dirty", "pending", "newer"), [
    ((), (), ("1", "2"), ()), (("1",), (), ("2",), ()), (("2",), (), (), ()), (("7",), (), (), ("7",)),
    # the migration that failed is recorded as the newest one
    (("2",), ("2",), ("2",), ()), (("7",), ("7",), (), ()), (("odd",), (), ("1", "2"), ()),
])
def test_up_to_the_newest_number_each_file_is_applied(version: tuple[str, ...], dirty: tuple[str, ...], pending: tuple[str, ...],
                                                      newer: tuple[str, ...]) -> None:
    """golang-migrate keeps one row: only the newest migration of a release counted as applied, and 20 never ended well."""
    answers = {"to_regclass": [{"there": True}], "WHERE dirty": [{"name": one} for one in dirty],
               "FROM schema_migrations )": [{"name": one} for one in version]}
    connections: Any = ScriptedConnections(sql=answers)
    environment = shop(migrations=NUMBERS)
    made = file_migrations(environment, SURVEY, connections)
    assert made is not None
    assert (made.pending, made.newer, made.unfinished) == (pending, newer, dirty)
    assert applied_if_known(environment, made.of_release).fetch(connections) == made.applied


@pytest.mark.parametrize(("baseline", "pending"), [
    ((), ("V1__a.sql", "V1_1__b.sql", "V1.10__c.sql", "V2__d.sql")), (("1.1",), ("V1.10__c.sql", "V2__d.sql")), (("1",), ("V1_1__b.sql", "V1.10__c.sql", "V2__d.sql")),
    (("1", "2.0"), ()), (("0",), ("V1__a.sql", "V1_1__b.sql", "V1.10__c.sql", "V2__d.sql")), (("odd",), ("V1__a.sql", "V1_1__b.sql", "V1.10__c.sql", "V2__d.sql")),
])
def test_what_a_tool_never_runs_because_of_its_baseline_is_not_pending(baseline: tuple[str, ...], pending: tuple[str, ...]) -> None:
    """Flyway on a database that was there before it: the files up to the baseline were pending for ever, and 20 rolled back."""
    answers = {"to_regclass": [{"there": True}], "BASELINE": [{"name": one} for one in baseline], "FROM history )": []}
    names = ("V1__a.sql", "V1_1__b.sql", "V1.10__c.sql", "V2__d.sql")
    survey = "".join(f"migration\t{base64.b64encode(f'db/{one}'.encode()).decode()}\n" for one in names)
    rules = {**DJANGO, "name": "{file}", "table": "history", "applied": "SELECT script FROM history",
             "baseline": "SELECT version FROM history WHERE type = 'BASELINE'"}
    made = file_migrations(shop(migrations=rules), survey, ScriptedConnections(sql=answers))  # type: ignore[arg-type]
    assert made is not None and (set(made.pending or ()), made.newer) == (set(pending), ())


def test_before_the_first_migration_there_is_no_table() -> None:
    made = file_migrations(SHOP, SURVEY, database(there=False))  # type: ignore[arg-type]
    assert made is not None and made.applied == frozenset()


def test_a_database_that_does_not_answer_leaves_it_unknown_with_the_reason() -> None:
    nothing: Any = ScriptedConnections(sql={THERE: FactUnreadable("PostgreSQL does not answer.")})
    made = file_migrations(SHOP, SURVEY, nothing)
    assert made is not None
    assert (made.pending, made.applied, made.newer) == (None, None, ())
    assert made.problem == "PostgreSQL does not answer."
    assert applied_if_known(SHOP).fetch(nothing) is None


def test_without_such_a_tool_there_is_nothing_to_compare() -> None:
    environment = shop(migrations=None, without={**SHOP.without, "migrations": "none"})
    assert file_migrations(environment, SURVEY, database()) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "path", "expected"), [
    ("{above}.{stem}", "backend/shop/migrations/0001_initial.py", "shop.0001_initial"),
    ("{folder}", "prisma/migrations/20240101_init/migration.sql", "20240101_init"),
    ("{file}", "migrations/20240101_init.js", "20240101_init.js"),
    ("{stem}", "db/versions/0001.sql", "0001"),
    ("{number}", "db/migrate/20240101120000_create_orders.rb", "20240101120000"),
    ("{number}", "migrations/00012_orders.sql", "12"),
    ("{number}", "db/migrate/helpers.rb", "helpers"),
])
def test_each_tool_has_names_of_its_own(name: str, path: str, expected: str) -> None:
    rules = Migrations.model_validate({**DJANGO, "name": name, "files": ("*",)})
    assert names_of(rules, [path]) == (expected,)


def test_the_survey_shows_the_paths_that_match_a_pattern_of_the_release(repositories: Repositories) -> None:
    for name in ("shop/migrations/0001_initial.py", "shop/migrations/__init__.py", "node_modules/x/migrations/0001.py",
                 "other/migrations/0001 with a blank.py"):
        path = repositories.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    repositories.commit("second")
    environment = repositories.environment(migrations=Migrations.model_validate({**DJANGO, "files": ("*/migrations/[0-9]*.py",)}))
    here: Any = ThisMachine(database("shop.0001_initial").database)
    tree = inspect_release(environment, "develop").fetch(here)
    assert tree.file_migrations is not None
    assert tree.file_migrations.of_release == ("other.0001 with a blank", "shop.0001_initial")
    assert tree.file_migrations.pending == ("other.0001 with a blank",)
