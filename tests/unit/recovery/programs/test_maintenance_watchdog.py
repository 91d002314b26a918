"""The watchdog that ends a maintenance mode whose run died: the real program on real locks, with a docker that only records its calls."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.connections.lock import MAINTENANCE_WATCHDOG
from runbook_lib.environment import load_environment
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.recovery.plans.restore_steps import (
    MAINTENANCE_MARK,
    MAINTENANCE_PORT,
    maintenance_page,
    watchdog_program,
)
from tests.unit.recovery.programs.waiting import within

ENVIRONMENT = load_environment("staging")

RUN = "20261122T210000Z-abcdef"
# An engine with two projects, whose containers are known by labels alone: an interrupted recreation has changed their names.
# nginx answers in maintenance mode while there is a note of it, and until it reloads its files.
DOCKER = """#!/bin/sh
echo 'WARNING: Error loading config file: /home/deploy/.docker/config.json: permission denied' >&2
case "$*" in
    ps*project=ours*service=nginx*) echo 4f2c; exit;;
    ps*project=ours*service=entrance*) echo 6d2a; exit;;
    ps*project=ours*service=backend-blue*) echo 5e3b; exit;;
    ps*project=ours*service=worker-blue*) echo 8c1f; exit;;
    ps*project=theirs*) echo 9999; exit;;
    ps*) exit;;
    *" grep -c "*) [ -e "$NOTES.closed" ] && echo 1 || echo 0; exit;;
    *psql*) cat >> "$NOTES.sql"; [ -s "$NOTES.refuse" ] || exit 0; sed -i 1d "$NOTES.refuse"; exit 2;;
    *" -s reload") rm -f "$NOTES.closed";;
esac
echo "$*" >> "$NOTES"
case $1 in
    inspect) echo "$HEALTH";;
    start) [ ! -e "$NOTES.cannot-start" ];;
esac
"""


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """A checkout without maintenance mode and a lock that a run holds."""
    folder = tmp_path / ".runbook"
    (folder / "upstreams").mkdir(parents=True)
    (folder / "upstreams/active.conf").write_text(upstreams_file(ENVIRONMENT, "blue"))
    (folder / "lock.json").write_text(f'{{"owner": "operator", "run_id": "{RUN}"}}')
    (folder / "jobs.lock").touch()
    return tmp_path


def start_watchdog(server: Path, health: str = "healthy", proxy: str = "nginx", services: str = "backend-blue",
                   limit_s: int = 90) -> None:
    """Start the watchdog as the step maintenance-on does, with ten probes a second."""
    commands = server / "programs"
    commands.mkdir()
    (commands / "docker").write_text(DOCKER)
    (commands / "docker").chmod(0o755)
    variables = {**os.environ, "PATH": f"{commands}:{os.environ['PATH']}", "NOTES": str(server / "notes"),
                 "HEALTH": health, "WATCHDOG_LIMIT_S": str(limit_s)}
    (server / "notes").touch()
    subprocess.run(("bash", "-s", "--", str(server), "ours", proxy, services, "0.1", "shop", "docker", "exec", "77aa", "psql"),
                   env=variables, check=True, input=watchdog_program(), text=True, timeout=60)


def upstreams(server: Path) -> Path:
    return server / ".runbook/upstreams/active.conf"


def test_maintenance_mode_stays_on_while_its_run_holds_the_lock_and_ends_once_the_run_is_gone(server: Path) -> None:
    with (server / ".runbook/lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        start_watchdog(server)
        upstreams(server).write_text(maintenance_page(ENVIRONMENT, "blue"))
        assert not within(lambda: upstreams(server).read_text() == upstreams_file(ENVIRONMENT, "blue"), 1.5)
        assert (server / "notes").read_text() == ""
    assert within(lambda: upstreams(server).read_text() == upstreams_file(ENVIRONMENT, "blue"))
    assert within(lambda: "nginx -s reload" in (server / "notes").read_text())
    assert (server / "notes").read_text().splitlines()[0] == "start 5e3b"


def test_the_run_whose_maintenance_mode_was_ended_cannot_go_on(server: Path) -> None:
    start_watchdog(server)
    upstreams(server).write_text(maintenance_page(ENVIRONMENT, "blue"))
    assert within(lambda: (server / f".runbook/broken/{RUN}").exists())
    assert MAINTENANCE_WATCHDOG in (server / f".runbook/broken/{RUN}").read_text()


def test_upstreams_that_were_written_back_and_not_reloaded_are_reloaded(server: Path) -> None:
    (server / "notes.closed").touch()
    start_watchdog(server)
    assert within(lambda: (server / "notes").read_text() == "exec 4f2c nginx -s reload\n")
    assert upstreams(server).read_text() == upstreams_file(ENVIRONMENT, "blue"), "what the run wrote"
    assert (server / f".runbook/broken/{RUN}").exists()


def test_the_watchdog_knows_the_port_and_the_mark_of_maintenance_mode() -> None:
    program = watchdog_program()
    assert f"0100007F:{MAINTENANCE_PORT:04X} " in program
    assert f"MAINTENANCE='{MAINTENANCE_MARK}'" in program


def test_the_page_of_version_0_1_0_is_not_what_maintenance_mode_ends_with(server: Path) -> None:
    upstreams(server).write_text("# Written by a runbook: the API is closed for a moment; blue keeps serving the pages.\n")
    (server / ".runbook/door-open.conf").write_text(upstreams_file(ENVIRONMENT, "blue"))
    start_watchdog(server)
    assert within(lambda: upstreams(server).read_text() == upstreams_file(ENVIRONMENT, "blue"))
    assert within(lambda: "nginx -s reload" in (server / "notes").read_text())


def test_a_backend_that_is_not_healthy_gets_no_users(server: Path) -> None:
    start_watchdog(server, health="starting")
    upstreams(server).write_text(maintenance_page(ENVIRONMENT, "blue"))
    assert within(lambda: "inspect" in (server / "notes").read_text())
    assert upstreams(server).read_text() == maintenance_page(ENVIRONMENT, "blue")
    subprocess.run(("pkill", "-f", f"maintenance-watchdog ours nginx backend-blue {RUN} "))


def test_containers_are_found_by_their_labels_and_none_of_another_project_is_touched(server: Path) -> None:
    start_watchdog(server)
    upstreams(server).write_text(maintenance_page(ENVIRONMENT, "blue"))
    assert within(lambda: "exec 4f2c nginx -s reload" in (server / "notes").read_text())
    assert "9999" not in (server / "notes").read_text()


def test_a_backend_that_cannot_start_keeps_no_run_from_the_lock(server: Path) -> None:
    """With the locks kept, the watchdog would wait for itself and every run for the watchdog, for ever."""
    (server / "notes.cannot-start").touch()
    start_watchdog(server)
    upstreams(server).write_text(maintenance_page(ENVIRONMENT, "blue"))
    assert within(lambda: (server / "notes").read_text().count("start 5e3b") >= 2), "it tries again"
    (server / "notes.cannot-start").unlink()
    assert within(lambda: upstreams(server).read_text() == upstreams_file(ENVIRONMENT, "blue"))


def test_a_database_that_a_swap_had_closed_lets_the_backend_in_and_is_asked_until_it_answers(server: Path) -> None:
    (server / "notes.refuse").write_text("1\n2\n")
    start_watchdog(server)
    upstreams(server).write_text(maintenance_page(ENVIRONMENT, "blue"))
    assert within(lambda: upstreams(server).read_text() == upstreams_file(ENVIRONMENT, "blue"))
    assert (server / "notes.sql").read_text().count("CONNECTION LIMIT %2$s") == 3
    assert "could not be asked" not in (server / ".runbook/maintenance-watchdog.log").read_text()


def test_a_database_that_never_answers_is_named_and_a_healthy_backend_gets_its_users(server: Path) -> None:
    (server / "notes.refuse").write_text("no\n" * 1000)
    start_watchdog(server, limit_s=1)
    upstreams(server).write_text(maintenance_page(ENVIRONMENT, "blue"))
    assert within(lambda: upstreams(server).read_text() == upstreams_file(ENVIRONMENT, "blue"))
    assert "shop could not be asked" in (server / ".runbook/maintenance-watchdog.log").read_text()


def test_everything_that_writes_is_started_and_the_proxy_has_any_name(server: Path) -> None:
    start_watchdog(server, proxy="entrance", services="backend-blue,worker-blue")
    upstreams(server).write_text(maintenance_page(ENVIRONMENT, "blue"))
    assert within(lambda: "exec 6d2a nginx -s reload" in (server / "notes").read_text())
    notes = (server / "notes").read_text().splitlines()
    assert notes[:2] == ["start 5e3b", "start 8c1f"]
    assert {one.split()[-1] for one in notes if one.startswith("inspect")} == {"5e3b", "8c1f"}


def test_a_maintenance_mode_that_its_run_ended_is_left_alone(server: Path) -> None:
    start_watchdog(server)
    upstreams(server).write_text(maintenance_page(ENVIRONMENT, "blue"))
    upstreams(server).write_text(upstreams_file(ENVIRONMENT, "green"))
    assert not within(lambda: (server / "notes").read_text() != "", 1.5)
    assert upstreams(server).read_text() == upstreams_file(ENVIRONMENT, "green")
