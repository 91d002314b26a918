"""A start command tells who migrates and whether a password is asked for, and is kept nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.adopting.known import known_tree
from runbook_lib.adopting.start_commands import is_locked, is_migrating
from tests.unit.adopting_doubles import found_project


@pytest.mark.parametrize(("command", "migrates"), [
    ("sh -c 'python manage.py migrate && gunicorn shop.wsgi'", True), (["./listmonk", "--upgrade", "--yes"], True),
    (["bin/rails", "db:prepare"], True), (["puma", "-C", "immigration.rb"], False), (None, False)])
def test_a_start_command_that_speaks_of_migrations_is_known(command: Any, migrates: bool) -> None:
    assert is_migrating(command) is is_migrating(None, command) is migrates


@pytest.mark.parametrize(("command", "locked"), [(["redis-server", "--requirepass", "x"], True), ("redis-server", False)])
def test_a_start_command_that_asks_for_a_password_is_known(command: Any, locked: bool) -> None:
    assert is_locked(command, None) is locked


def test_the_draft_says_whose_start_command_migrates() -> None:
    """listmonk's: the how-to's at_start was to be found by its owner, and a wrong word there is a failed deployment."""
    web = {"image": "ours/web", "command": "sh -c './web migrate && ./web'"}
    whose = known_tree(found_project({"web": web}), "shop")["without"]["migrations"].comment
    assert whose.endswith("By its start command web seems to: at_start: true.")
    assert "seems" not in known_tree(found_project(), "shop")["without"]["migrations"].comment


def test_the_draft_says_what_runs_once_and_may_be_what_migrates() -> None:
    """Zammad's: its service of that kind migrates, and its draft said nothing of at_start."""
    project = found_project({"app-init": {"image": "ours/web"}})
    whose = known_tree(project, "shop")["without"]["migrations"].comment
    assert whose.endswith("Where app-init does so, which runs once: at_start: true.")
