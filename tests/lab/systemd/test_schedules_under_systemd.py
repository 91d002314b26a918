"""systemd's own timers: installed by the runbook on a server that systemd booted, fired by it, and taken away again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import container, images, snapshots, states, volumes
from lab.engine import docker, ensure_engine
from lab.instance import Instance, down, start_new
from lab.processes import log_file, output, run, succeeds
from lab.resilience.runner import wait_for
from runbook_lib.archive import journal
from runbook_lib.environment import load_environment
from runbook_lib.recovery.plans.schedules import _sh
from tests.lab.conftest import Lab
from tests.lab_server import FIRST_RELEASE, watch_shortly

IMAGE = "gw2-lab/server-with-systemd"
# where a release and its data live, next to the engine's own volume
FOLDERS = ("/opt/gw2-wvwbuilder", "/srv/git", "/backups", "/var/log/gw2", "/var/log/nginx")
SECRETS = "/opt/gw2-wvwbuilder/.env.secrets"
STATE = "/opt/gw2-wvwbuilder/.runbook/scheduled"
JOB = "runbook-gw2-staging"  # what the units of the project begin with
USER_UNITS = "XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user"


@pytest.fixture(scope="module")
def booted() -> Iterator[Lab]:
    """A server whose first process is systemd, which also starts its engine. The first release is deployed on it."""
    ensure_engine()
    state = states.ensure(FIRST_RELEASE)
    instance, log = Instance("systemd"), log_file("up-systemd")
    down(instance)
    run((docker(), "build", "--force-rm", "--build-arg", f"BASE={container.server_image()}", "--label", f"{images.LABEL}=1",
         "--tag", IMAGE, Path(__file__).parent), log)
    notes = snapshots.notes_of(state)
    instance.address.create(notes.secrets)
    volumes.create(instance.container, instance.labels, log)
    volumes.copy(state.volume, instance.container, log)
    try:
        start_new(instance, log, "--cgroupns", "private", "--tmpfs", "/run", "--tmpfs", "/run/lock", image=IMAGE,
                  prepare=lambda name: snapshots.copy_files(state, name, FOLDERS, log))
        wait_for(lambda: succeeds(instance.inside("pgrep", "-u", "deploy", "-x", "systemd")), "the user's systemd", 300)
        snapshots.wait_until_healthy(instance, notes.healthy)
        watch_shortly(instance)
        yield Lab(instance)
    finally:
        down(instance)


def install(lab: Lab, outputs: Path, *words: str) -> tuple[int, str]:
    done = lab.runbook("run", "34_install_schedules", "-e", lab.environment, "--apply", "--confirm", lab.name, "--reason", "test",
                       *words, outputs=outputs)
    return done.returncode, done.stdout + done.stderr


def of_user(lab: Lab, words: str) -> str:
    return lab.on_server("bash", "-c", f"{USER_UNITS} {words}", user="deploy")


def status(lab: Lab, name: str) -> dict[str, str]:
    recorded: dict[str, str] = json.loads(lab.on_server("cat", f"{STATE}/{name}.status.json"))
    return recorded


def test_timers_are_armed_for_the_times_of_the_plan(booted: Lab, outputs: Path) -> None:
    code, said = install(booted, outputs)
    assert code == 0, said
    timers = of_user(booted, "show 'runbook-gw2-staging-*.timer' --property=Id,ActiveState,TimersCalendar,Persistent")
    assert timers.count("ActiveState=active") == 2
    assert "OnCalendar=*-*-* 02:00:00 UTC" in timers
    assert timers.count("Persistent=yes") == 2
    assert of_user(booted, f"is-enabled {JOB}-backup_database.timer {JOB}-backup_configuration.timer").split() == ["enabled"] * 2
    code, said = install(booted, outputs)
    assert (code, "every program and timer is as planned" in said) == (0, True), said


@pytest.fixture
def without_secrets(booted: Lab) -> Iterator[None]:
    """The server's secrets cannot be read, so a backup of the configuration must fail."""
    booted.on_server("mv", SECRETS, f"{SECRETS}.away")
    yield
    booted.on_server("mv", f"{SECRETS}.away", SECRETS)


def test_a_job_that_systemd_starts_tells_how_it_ended(booted: Lab, outputs: Path, without_secrets: None) -> None:
    code, said = install(booted, outputs, "-p", "try_now=backup_configuration")
    assert code == 1, said
    assert ".env.secrets cannot be read, so the files cannot be searched for secrets" in said
    recorded = status(booted, "backup_configuration")
    assert (recorded["outcome"], recorded["trigger"]) == ("failed", "test-run")
    # the job has recorded its end before its process has ended, which is what systemd goes by
    state = "is-failed runbook-gw2-staging-backup_configuration.service || true"
    wait_for(lambda: of_user(booted, state).strip() == "failed", "the service, failed", 60)


def owe(lab: Lab, name: str) -> None:
    """As after a week in which the server was off: systemd's stamp is older than the last time of the schedule."""
    lab.on_server("rm", "-f", f"{STATE}/{name}.status.json")
    timer = f"{JOB}-{name}.timer"
    stamp = f"~/.local/share/systemd/timers/stamp-{timer}"
    of_user(lab, f"stop {timer} && touch -d '9 days ago' {stamp} && {USER_UNITS} start {timer}")


def ended(lab: Lab, name: str) -> str:
    """How the job that was owed ended."""
    look = lab.instance.inside("grep", "-qE", '"outcome": "(succeeded|failed|refused)"', f"{STATE}/{name}.status.json")
    wait_for(lambda: succeeds(look), f"the end of {name}", 300)
    recorded = status(lab, name)
    assert recorded["trigger"] == "schedule"
    return recorded["outcome"] + recorded.get("message", "")


def test_a_timer_fires_by_itself_and_makes_up_for_a_missed_time(booted: Lab, without_secrets: None) -> None:
    owe(booted, "backup_configuration")
    assert ended(booted, "backup_configuration").startswith("failed")


def armed(lab: Lab) -> tuple[str, int]:
    """What systemd says of the database's timer, and how many unit files of ours there are."""
    state = of_user(lab, "is-active runbook-gw2-staging-backup_database.timer || true").strip()
    return state, len(lab.on_server("bash", "-c", "ls ~/.config/systemd/user | grep ^runbook- || true", user="deploy").split())


def test_what_was_installed_is_removed_and_the_undo_restores_it(booted: Lab, outputs: Path) -> None:
    assert armed(booted) == ("active", 4)
    code, said = install(booted, outputs, "-p", "schedules=removed")
    assert code == 0, said
    assert armed(booted) == ("inactive", 0)
    assert booted.on_server("bash", "-c", f"ls {STATE}/backup_database 2>/dev/null || echo gone").strip() == "gone"
    undo = _sh(load_environment(booted.environment), "restore_units", "backup_database", "backup_configuration")
    output(booted.instance.inside(*undo.argv, user="deploy"), input=str(undo.stdin))
    assert armed(booted) == ("active", 4)


@pytest.mark.slow
def test_what_systemd_starts_backs_up_a_deployed_environment_and_the_overview_says_so(booted: Lab, outputs: Path) -> None:
    code, said = install(booted, outputs)
    assert code == 0, said
    for name in ("backup_database", "backup_configuration"):
        owe(booted, name)
        assert ended(booted, name).startswith("succeeded")
    assert booted.on_server("sh", "-c", "ls /backups/postgres/*.manifest.json").strip()
    assert booted.on_server("git", "-C", "/backups/configuration.git", "log", "--oneline", user="deploy").strip()
    looked = booted.runbook("run", "00_start_here", "-e", booted.environment, "--json", outputs=outputs)
    folder = Path(json.loads(looked.stdout)["folder"])
    (checks,) = [event["findings"] for event in journal.read(folder) if event.get("stage") == "Scheduled jobs"]
    assert {one["verdict"] for one in checks} == {"passed"}, checks
