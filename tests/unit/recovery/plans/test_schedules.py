"""Plans that install only what is missing of the schedules, or remove all of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from runbook_lib.core.errors import BadParameter
from runbook_lib.environment import load_environment
from runbook_lib.recovery.facts.installed_schedules import InstalledSchedules
from runbook_lib.recovery.facts.schedules import planned_schedules
from runbook_lib.recovery.plans.scheduled_programs import cron_block, job_programs, units
from runbook_lib.recovery.plans.schedules import plan_schedules
from tests.unit.shop_environment import shop

ENVIRONMENT = load_environment("staging")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FOLDER = "/opt/gw2-wvwbuilder/.runbook/scheduled"
NAMES = ("backup_database", "backup_configuration")
EMPTY = InstalledSchedules(planned_schedules(ENVIRONMENT), NOW, "deploy", "/home/deploy", "+0000", frozenset({"crontab", "cron-daemon"}), "", {}, {}, {},
                          frozenset())
INSTALLED = replace(
    EMPTY, crontab=cron_block(ENVIRONMENT), installed=dict.fromkeys(NAMES, NOW - timedelta(days=30)),
    files={f"{FOLDER}/{name}": hashlib.sha256(text.encode()).hexdigest() for name, text in job_programs(ENVIRONMENT).items()},
)


def test_an_installed_server_needs_nothing_and_says_so() -> None:
    plan = plan_schedules(INSTALLED, ENVIRONMENT)
    assert (plan.steps, plan.reason) == ((), "every program and timer is as planned")


def test_only_what_differs_is_written() -> None:
    changed = replace(INSTALLED, files={**INSTALLED.files, f"{FOLDER}/job_wrapper.sh": "0" * 64})
    programs_step = next(step for step in plan_schedules(changed, ENVIRONMENT).steps if step.key == "schedule-programs")
    assert [action.path for action in programs_step.actions] == [f"{FOLDER}/job_wrapper.sh"]  # type: ignore[union-attr]
    assert "schedule-timer" not in [step.key for step in plan_schedules(changed, ENVIRONMENT).steps]


def test_what_a_plan_achieves_is_a_sentence() -> None:
    assert plan_schedules(EMPTY, ENVIRONMENT).achieves == "The schedules are installed on staging"
    assert plan_schedules(INSTALLED, ENVIRONMENT, "removed").achieves == "The schedules are removed on staging"


def test_every_step_that_changes_something_has_a_way_back() -> None:
    for wanted, now in (("installed", EMPTY), ("removed", INSTALLED)):
        for step in plan_schedules(now, ENVIRONMENT, wanted).steps:
            assert step.undo or step.key == "schedule-save", step.key


UNIT_FOLDER = "/home/deploy/.config/systemd/user"
SYSTEMD = replace(EMPTY, has=frozenset({"systemd", "linger", "user-manager", "crontab", "cron-daemon"}))


def armed_by_systemd() -> InstalledSchedules:
    files = {f"{UNIT_FOLDER}/{name}": hashlib.sha256(text.encode()).hexdigest() for name, text in units(ENVIRONMENT).items()}
    return replace(SYSTEMD, installed=INSTALLED.installed, files={**INSTALLED.files, **files}, timers=frozenset(NAMES))


def said(now: InstalledSchedules, wanted: str = "installed") -> str:
    return " | ".join(str(action) for step in plan_schedules(now, ENVIRONMENT, wanted).steps for action in step.actions)


def test_where_systemd_keeps_the_users_timers_they_are_used_and_once_there_nothing_is_to_do() -> None:
    assert "enable_timers" in said(SYSTEMD)
    assert "set_crontab" not in said(SYSTEMD)
    assert plan_schedules(armed_by_systemd(), ENVIRONMENT).steps == ()


def test_a_server_that_moved_to_systemd_loses_its_crontab_lines_or_every_job_would_run_twice() -> None:
    moved = said(replace(SYSTEMD, crontab=INSTALLED.crontab, files=INSTALLED.files, installed=INSTALLED.installed))
    assert moved.index("enable_timers") < moved.index("set_crontab")


def test_units_are_taken_away_even_when_somebody_has_stopped_their_timers() -> None:
    assert "remove_units" in said(armed_by_systemd(), "removed")
    assert "remove_units" in said(replace(armed_by_systemd(), timers=frozenset()), "removed")
    assert "remove_units" not in said(INSTALLED, "removed")


def test_another_word_than_installed_or_removed_is_refused() -> None:
    with pytest.raises(BadParameter, match="installed, removed"):
        plan_schedules(EMPTY, ENVIRONMENT, "gone")
    with pytest.raises(BadParameter, match="backup_configuration"):
        plan_schedules(EMPTY, ENVIRONMENT, "installed", "everything")


def test_schedules_are_announced_to_a_prometheus_only_where_there_is_one() -> None:
    titles = [{step.key: step.title for step in plan_schedules(EMPTY, environment).steps}["schedule-announce"]
              for environment in (ENVIRONMENT, shop())]
    assert ["Prometheus" in title for title in titles] == [True, False]
