"""What a schedule runs: the very steps of the runbook, found next to the launcher, at the times of the environment."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runbook_lib.environment import load_environment
from runbook_lib.recovery.facts.installed_schedules import cron_markers
from runbook_lib.recovery.facts.schedules import planned_schedules
from runbook_lib.recovery.plans.scheduled_programs import (
    JOB_WRAPPER,
    cron_block,
    job_programs,
    launcher,
    schedules_folder,
    unit_name,
    units,
)

ENVIRONMENT = load_environment("staging")
DATABASE, CONFIGURATION = planned_schedules(ENVIRONMENT)


def at(folder: str) -> object:
    """The environment with another folder on the server."""
    return ENVIRONMENT.model_copy(update={"server": ENVIRONMENT.server.model_copy(update={"directory": folder})})


def test_a_launcher_runs_the_steps_of_the_runbook_in_their_order() -> None:
    database, configuration = (launcher(ENVIRONMENT, one) for one in (DATABASE, CONFIGURATION))
    places = [database.index(f"step {key} ") for key in
              ("backup-clear", "backup-dump", "backup-check", "backup-publish", "backup-expire")]
    assert places == sorted(places)
    assert "expire /backups/postgres staging_db gw2-staging 7 30" in database
    assert configuration.index("configuration-commit") < configuration.index("step logs")


@pytest.mark.parametrize(("folder", "line"), [("/var/log/gw2", "logs=/var/log/gw2\n"), (None, "logs=''\n")])
def test_a_launcher_knows_where_its_job_logs(folder: str | None, line: str) -> None:
    server = ENVIRONMENT.server.model_copy(update={"log_directory": folder})
    assert line in launcher(ENVIRONMENT.model_copy(update={"server": server}), DATABASE)


def test_a_launcher_knows_its_times() -> None:
    text = launcher(ENVIRONMENT, CONFIGURATION)
    assert f"every_s={7 * 86400} offset_s={CONFIGURATION.offset_s} wait_s=5400" in text
    assert "Sundays at 03:00 UTC" in text


def test_a_launcher_knows_where_the_certificate_is_served_and_where_none_is() -> None:
    assert " served=staging.gw2wvwbuilder.example.com:443\n" in launcher(ENVIRONMENT, DATABASE)
    nginx = ENVIRONMENT.services["nginx"].model_copy(update={"ports": (8080,)})
    without = ENVIRONMENT.model_copy(update={"services": {**ENVIRONMENT.services, "nginx": nginx}})
    assert " served=\n" in launcher(without, DATABASE)
    # a second environment on the same server has a port of its own: the certificate at 443 is the other one's
    second = ENVIRONMENT.model_copy(update={"public": ENVIRONMENT.public.model_copy(update={"url": "https://a.example.com:8443"})})
    assert " served=a.example.com:8443\n" in launcher(second, DATABASE)
    published = {**without.services, "web": ENVIRONMENT.services["backend"].model_copy(update={"published": True})}
    assert " served=a.example.com:8443\n" in launcher(second.model_copy(update={"services": published}), DATABASE)
    plain = ENVIRONMENT.public.model_copy(update={"url": "http://a.example.com:443", "no_tls_reason": "a closed network"})
    assert " served=\n" in launcher(ENVIRONMENT.model_copy(update={"public": plain}), DATABASE)


@pytest.mark.parametrize("folder", ["/opt/gw2-wvwbuilder", "/srv/a folder/it's $HOME; true"])
@pytest.mark.parametrize("schedule", [DATABASE, CONFIGURATION], ids=lambda one: one.name)
def test_a_launcher_hands_every_step_to_its_program_whatever_the_folder_is_called(tmp_path: Path, folder: str, schedule: object) -> None:
    name = schedule.name  # type: ignore[attr-defined]
    (tmp_path / JOB_WRAPPER).write_text('printf "%s\\n" "$directory"; step() { printf "%s|" "$@"; echo; }; steps\n')
    (tmp_path / name).write_text(launcher(at(folder), schedule))  # type: ignore[arg-type]
    done = subprocess.run(("bash", str(tmp_path / name)), capture_output=True, text=True, check=True).stdout.split("\n")
    assert done[0] == folder
    for line in done[1:-1]:
        _, limit_s, *words = line.split("|")[:-1]
        assert int(limit_s) > 0
        assert words[:2] == ["bash", f"{tmp_path}/{name}.sh"]
    assert any(folder in line for line in done[1:]) or name == "backup_database"


def test_every_file_is_a_program_that_bash_can_read_and_launchers_come_last(tmp_path: Path) -> None:
    made = job_programs(ENVIRONMENT)
    assert list(made) == [JOB_WRAPPER, "backup_database.sh", "backup_configuration.sh", "backup_database", "backup_configuration"]
    for name, text in made.items():
        (tmp_path / name).write_text(text)
        assert subprocess.run(("bash", "-n", str(tmp_path / name)), capture_output=True, check=False).returncode == 0, name


def test_our_lines_of_the_crontab_lie_between_their_markers_and_name_each_job_once() -> None:
    lines = cron_block(ENVIRONMENT).split("\n")
    begin, end = cron_markers("gw2-staging")
    assert (lines[0], lines[-2], lines[-1]) == (begin, end, "")
    jobs = [line for line in lines if line.startswith("*/15")]
    folder = schedules_folder(ENVIRONMENT)
    assert jobs == [f"*/15 * * * * {folder}/{name} --when-due" for name in ("backup_database", "backup_configuration")]
    settings = [line for line in lines[:-1] if not line.startswith(("#", "*/15"))]
    assert settings == [], "one would hold for all lines below, whoever wrote them"


def test_a_folder_with_blanks_is_quoted_in_the_crontab() -> None:
    assert "'/srv/a folder/.runbook/scheduled'/backup_database --when-due" in cron_block(at("/srv/a folder"))  # type: ignore[arg-type]


def test_each_timer_has_its_service_its_time_and_makes_up_for_a_server_that_was_off() -> None:
    made = units(ENVIRONMENT)
    assert set(made) == {f"runbook-gw2-staging-{one.name}.{kind}" for one in (DATABASE, CONFIGURATION) for kind in ("service", "timer")}
    for one in (DATABASE, CONFIGURATION):
        timer = made[f"{unit_name(ENVIRONMENT, one.name)}.timer"]
        assert f"OnCalendar={one.on_calendar}\n" in timer
        assert "Persistent=true" in timer
        assert f"ExecStart={schedules_folder(ENVIRONMENT)}/{one.name}\n" in made[f"{unit_name(ENVIRONMENT, one.name)}.service"]
