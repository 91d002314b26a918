"""How a release migrates, as data: what the tools need, and who runs them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.environment import load_environment
from runbook_lib.environment.migrations import ALEMBIC_UPGRADE
from runbook_lib.platform.plans.migration import LOCK_TIMEOUT
from tests.unit.environment_doubles import overlay
from tests.unit.shop_environment import FILE, shop

DJANGO: dict[str, Any] = yaml.safe_load(FILE.read_text())["migrations"]
STEP = {**DJANGO, "at_start": False, "upgrade": ["python3", "manage.py", "migrate", "--noinput"]}


def test_a_step_runs_the_tools_command_unless_the_application_does_at_its_start() -> None:
    found = [shop(migrations=one).migrations for one in (DJANGO, STEP, {"tool": "alembic"})]
    assert [one.command for one in found if one] == [(), tuple(STEP["upgrade"]), ALEMBIC_UPGRADE]
    assert LOCK_TIMEOUT in ALEMBIC_UPGRADE


@pytest.mark.parametrize(("change", "fault"), [
    ({"files": []}, "files: is missing; the tool files needs files"),
    ({"at_start": False}, "upgrade: is missing; the tool files needs upgrade, or at_start"),
    ({"upgrade": ["migrate"]}, "upgrade: no step runs it with at_start"),
    ({"applied": "SELECT 1; DROP TABLE x"}, "should be one SELECT without ;"),
    ({"applied": "DELETE FROM django_migrations"}, "should be one SELECT without ;"),
    ({"files": ["../other/*.py"]}, "should be a pattern below the repository"),
    ({"files": ["/etc/*"]}, "should be a pattern below the repository"),
    ({"table": "django_migrations; x"}, "migrations.table"),
    ({"name": "{app}.{stem}"}, "migrations.name"),
    ({"newest_alone": True}, "newest_alone: needs the name {number}"),
    ({"unfinished": "DELETE FROM django_migrations"}, "should be one SELECT without ;"),
    ({"tool": "alembic", "files": [], "table": None, "applied": None, "unfinished": "SELECT 1"}, "unfinished: belongs to the tool files"),
    ({"tool": "alembic", "files": [], "table": None, "applied": None, "newest_alone": True, "name": "{number}"},
     "newest_alone: belongs to the tool files"),
    ({"tool": "alembic"}, "files: belongs to the tool files; alembic keeps its own"),
    ({"service": "db"}, "migrations.service: db is not among release.services (web, worker)"),
])
def test_a_slip_is_refused_by_its_place(change: dict[str, Any], fault: str) -> None:
    with pytest.raises(EnvironmentInvalid) as caught:
        shop(migrations={**DJANGO, **change})
    assert fault in caught.value.what


def test_they_are_given_or_explained_and_with_two_colours_neither(tmp_path: Any) -> None:
    with pytest.raises(EnvironmentInvalid, match=r"without\.migrations: migrations is given as well"):
        shop(without={"cache": "none", "monitoring": "none", "smoke": "none", "migrations": "none"})
    with pytest.raises(EnvironmentInvalid, match="with the strategy blue-green they are alembic's"):
        load_environment(overlay(tmp_path, "migrations: {tool: alembic}\n"))
