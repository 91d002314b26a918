"""When jobs are due, what the server has of them, and the wrapper that runs them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from runbook_lib.environment import load_environment
from runbook_lib.recovery.facts import installed_schedules
from runbook_lib.recovery.facts.installed_schedules import InstalledSchedules, cron_markers
from runbook_lib.recovery.facts.schedules import planned_schedules

ENVIRONMENT = load_environment("staging")
DATABASE, CONFIGURATION = planned_schedules(ENVIRONMENT)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "daily", "weekly"),
    [
        ("2026-11-22T01:59:59", "2026-11-22T02:00", "2026-11-22T03:00"),  # a Sunday
        ("2026-11-22T02:00:00", "2026-11-23T02:00", "2026-11-22T03:00"),
        ("2026-11-22T03:00:00", "2026-11-23T02:00", "2026-11-29T03:00"),
        ("2026-03-29T01:30:00", "2026-03-29T02:00", "2026-03-29T03:00"),  # summer time begins in Europe: no matter
        ("2024-02-29T23:00:00", "2024-03-01T02:00", "2024-03-03T03:00"),
    ],
)
def test_the_next_run_is_the_plans_time_in_utc(now: str, daily: str, weekly: str) -> None:
    assert (DATABASE.next_run(at(now)), CONFIGURATION.next_run(at(now))) == (at(daily), at(weekly))


def test_systemd_gets_the_same_times() -> None:
    assert DATABASE.on_calendar == "*-*-* 02:00:00 UTC"
    assert CONFIGURATION.on_calendar == "Sun *-*-* 03:00:00 UTC"


def parse_schedules(text: str) -> InstalledSchedules:
    return installed_schedules.parse_schedules(text, (DATABASE, CONFIGURATION))


def reply(*more: str, crontab: str = "") -> str:
    encoded = base64.b64encode(crontab.encode()).decode()
    return "\n".join(("clock\t1795000000", "user\tdeploy", "home\t/home/deploy", "zone\t+0100", f"crontab\t{encoded}",
                      *more, "end"))


def test_systemd_is_taken_only_where_root_allowed_it() -> None:
    assert parse_schedules(reply("has\tsystemd", "has\tuser-manager", "has\tcrontab", "has\tcron-daemon")).scheduler == "cron"
    assert parse_schedules(reply("has\tsystemd", "has\tuser-manager", "has\tlinger")).scheduler == "systemd"
    assert parse_schedules(reply("has\tcrontab")).scheduler == ""


def test_a_line_in_the_crontab_arms_a_job_only_where_cron_runs() -> None:
    begin, end = cron_markers("gw2-staging")
    block = f"{begin}\n*/15 * * * * /opt/x/.runbook/scheduled/backup_database --when-due\n{end}\n"
    assert parse_schedules(reply("has\tcron-daemon", crontab=block)).is_enabled("backup_database")
    assert not parse_schedules(reply("has\tcron-daemon", crontab=block)).is_enabled("backup_configuration")
    assert not parse_schedules(reply(crontab=block)).is_enabled("backup_database")


JOB = "/opt/x/.runbook/scheduled/backup_database --when-due"


@pytest.mark.parametrize(("line", "starts"), [
    (f"*/15 * * * * {JOB}", True), (f"  7 3 * * 1-5\t{JOB}", True), (f"@hourly {JOB}", True),
    (f"*/15 * * * * {JOB} >/dev/null 2>&1", True),
    (f"#*/15 * * * * {JOB}", False), (f"# */15 * * * * {JOB}", False), (f"  #*/15 * * * * {JOB}", False),
    (f"*/15 * * * * {JOB} >/dev/null 2>&1\r", False), (f"*/15 * * * * {JOB}\r", False), (f"*/15 * * * {JOB}", False),
    ("*/15 * * * * /opt/x/.runbook/scheduled/backup_database_old --when-due", False), (JOB, False),
])
def test_only_a_line_that_cron_would_start_counts(line: str, starts: bool) -> None:
    """One that an operator has commented out schedules nothing, nor does one whose end Windows has changed."""
    assert parse_schedules(reply("has\tcron-daemon", crontab=f"{line}\n")).is_enabled("backup_database") is starts


def test_a_crontab_that_cannot_be_read_is_reported_and_is_not_an_empty_one() -> None:
    problem = base64.b64encode(b"you are not allowed to use this program").decode()
    now = parse_schedules(reply(f"crontab-problem\t{problem}"))
    assert "not allowed" in now.crontab_problem and now.scheduler == ""


@pytest.mark.parametrize(("folder", "starts"), [
    ("/opt/x/.runbook/scheduled", True), ("/opt/y/.runbook/scheduled", False), ("/data/opt/x/.runbook/scheduled", False),
    ("/opt/x/.runbook/scheduled/old", False), ("x/.runbook/scheduled", False),
])
def test_a_line_that_starts_a_job_of_another_folder_starts_none_of_ours(folder: str, starts: bool) -> None:
    found = parse_schedules(reply("has\tcron-daemon", "folder\t/opt/x/.runbook/scheduled",
                                  crontab=f"*/15 * * * * {folder}/backup_database --when-due\n"))
    assert found.is_enabled("backup_database") is starts
