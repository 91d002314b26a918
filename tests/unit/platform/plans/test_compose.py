"""Calling Compose, and ending containers without it: what is absent is gone, and an engine that is silent is an error."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.containers import exec_in
from runbook_lib.platform.facts.traffic import cutover_marker
from runbook_lib.platform.plans import compose as commands
from runbook_lib.platform.plans.migration import alembic, stop_migration
from runbook_lib.platform.plans.nginx import reload_if_running, reload_nginx, wait_until_drained
from tests.unit.environment_doubles import overlay
from tests.unit.shop_environment import shop

ENVIRONMENT = load_environment("staging")


def test_every_call_names_folder_file_and_both_environment_files() -> None:
    argv = commands.compose(ENVIRONMENT, "ps").argv
    assert argv.count("--env-file") == 2 and "--project-directory" in argv and argv[-1] == "ps"


@pytest.mark.parametrize("tracked", [True, False])
def test_our_variables_come_after_the_applications_own_where_they_lie_elsewhere(tracked: bool, tmp_path: Path) -> None:
    """Compose reads no `.env` unasked once files are named, and ends at one that is not there."""
    given = load_environment(overlay(tmp_path, f"""
        server: {{directory: {tmp_path}}}
        compose: {{variables_file: .runbook/variables.env, secrets_file: .runbook/secrets.env}}
        """))
    if tracked:
        (tmp_path / ".env").touch()
    _, call = run_with(tmp_path, "exit 0", commands.compose(given, "ps"))
    words = call.split()
    named = [words[place + 1].removeprefix(f"{tmp_path}/") for place, word in enumerate(words) if word == "--env-file"]
    assert named == [*[".env"] * tracked, ".runbook/variables.env", ".runbook/secrets.env"]
    assert (words[0], words[-1]) == ("compose", "ps") and "--project-directory" in words


def test_files_of_variables_that_owners_name_come_in_their_order_before_ours(tmp_path: Path) -> None:
    """With two colours; a `.env` that is there too is read only where it is named."""
    given = load_environment(overlay(tmp_path, f"""
        server: {{directory: {tmp_path}}}
        compose: {{variables_file: .runbook/v.env, secrets_file: .runbook/s.env, env_files: [prod.env, /etc/a.env]}}
        """))
    (tmp_path / ".env").touch()
    words = commands.compose(given, "ps").argv
    named = [words[place + 1] for place, word in enumerate(words) if word == "--env-file"]
    assert named == [f"{tmp_path}/prod.env", "/etc/a.env", f"{tmp_path}/.runbook/v.env", f"{tmp_path}/.runbook/s.env"]


def test_real_compose_takes_what_owners_name_for_an_application_that_runs_once(tmp_path: Path) -> None:
    server = shop().server.model_copy(update={"directory": str(tmp_path)})
    compose = shop().compose.model_copy(update={"files": ("c.yml",), "env_files": ("a.env", "b.env")})
    (tmp_path / "c.yml").write_text("services: {web: {image: 'web:${A}-${B}-${C:-none}'}}\n")
    for name, text in ((".env", "C=3\n"), ("a.env", "A=1\nB=1\n"), ("b.env", "B=2\n")):
        (tmp_path / name).write_text(text)
    command = commands.compose(shop().model_copy(update={"server": server, "compose": compose}), "config", "--images")
    done = subprocess.run(command.argv, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.stderr) == ("web:1-2-none", "")


@pytest.mark.parametrize(("recreate", "flag"), [(True, "--force-recreate"), (False, "--no-recreate"), (None, None)])
def test_what_exists_is_made_anew_always_never_or_as_compose_sees_it(recreate: bool | None, flag: str | None) -> None:
    words = set(commands.compose_up(ENVIRONMENT, "redis", recreate=recreate).argv) & {"--force-recreate", "--no-recreate"}
    assert words == ({flag} if flag else set())


def run_with(tmp_path: Path, docker: str, command: Command, given: str = "") -> tuple[int, str]:
    """The command with a program in Docker's place; its exit code, and the calls that were made."""
    (tmp_path / "docker").write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\n{docker}\n')
    (tmp_path / "docker").chmod(0o755)
    done = subprocess.run(command.argv, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, capture_output=True, timeout=120,
                          check=False, input=given.encode())
    return done.returncode, (tmp_path / "calls").read_text()


CONFLICT = ('Error response from daemon: Conflict. The container name "/56d1d5f4a1b2_shop-worker" is already in use by container '
            '"9f8e". You have to remove (or rename) that container to be able to reuse that name.')


@pytest.mark.parametrize("message", [CONFLICT, "Error response from daemon: removal of container 9f8e is already in progress"])
def test_an_undo_waits_for_what_a_stopped_up_has_left_the_engine_to_do(message: str, tmp_path: Path) -> None:
    docker = f"[ $(wc -l <{tmp_path}/calls) -gt 1 ] || {{ echo '{message}' >&2; exit 1; }}"
    code, calls = run_with(tmp_path, docker, commands.once_settled(commands.compose_up(ENVIRONMENT, "redis")))
    assert (code, len(calls.splitlines())) == (0, 2)


def test_an_up_that_fails_for_another_reason_fails_at_once_with_its_own_status_and_words(tmp_path: Path) -> None:
    up = commands.once_settled(commands.compose_up(ENVIRONMENT, "redis"))
    code, calls = run_with(tmp_path, "echo 'no such image' >&2; exit 14", up)
    assert (code, len(calls.splitlines())) == (14, 1)
    assert up.timeout_s > commands.compose_up(ENVIRONMENT, "redis").timeout_s


def test_an_undo_is_tried_also_where_no_temporary_file_can_be_made(tmp_path: Path) -> None:
    up = commands.once_settled(commands.compose_up(ENVIRONMENT, "redis"))
    nowhere = Command(("env", f"TMPDIR={tmp_path}/none", *up.argv))
    code, calls = run_with(tmp_path, "exit 0", nowhere)
    assert (code, len(calls.splitlines())) == (0, 1)


ENDING = [commands.remove_services(ENVIRONMENT, "nginx", "redis"), commands.stop_services(ENVIRONMENT, "redis"),
          commands.remove_project(ENVIRONMENT), commands.exec_if_running(ENVIRONMENT, "nginx", "true", timeout_s=5)]


@pytest.mark.parametrize("command", ENDING)
def test_an_engine_that_does_not_answer_is_never_taken_for_an_absent_container(command: Command, tmp_path: Path) -> None:
    code, _ = run_with(tmp_path, "exit 1", command)
    assert code != 0


@pytest.mark.parametrize("answers", [0, 1])
def test_an_engine_that_goes_away_in_between_is_not_a_container_that_has_ended(answers: int, tmp_path: Path) -> None:
    docker = f"""
case "$*" in
    version*) ;;
    ps*) [ "$(grep -c ^ps {tmp_path}/calls)" -le {answers} ] || exit 1; echo abc ;;
    *) exit 1 ;;
esac
"""
    code, calls = run_with(tmp_path, docker, commands.exec_if_running(ENVIRONMENT, "nginx", "true", timeout_s=5))
    assert (code, "exec" in calls) == (1, answers == 1)


@pytest.mark.parametrize("command", ENDING)
def test_what_is_absent_is_gone_already(command: Command, tmp_path: Path) -> None:
    code, calls = run_with(tmp_path, "exit 0", command)
    assert code == 0 and " rm " not in calls and "exec" not in calls


def test_a_container_that_is_still_there_in_the_end_is_a_failure(tmp_path: Path) -> None:
    docker = 'case "$*" in *status=removing*) ;; ps*) echo abc ;; esac'
    code, calls = run_with(tmp_path, docker, commands.remove_services(ENVIRONMENT, "nginx"))
    assert code == 1 and "rm --force --volumes abc" in calls


def test_of_a_whole_project_a_volume_without_a_name_stays_for_it_may_hold_data(tmp_path: Path) -> None:
    docker = 'case "$*" in *status=removing*) ;; ps*) echo abc ;; esac'
    _, calls = run_with(tmp_path, docker, commands.remove_project(ENVIRONMENT))
    assert "rm --force abc" in calls and "--volumes" not in calls


@pytest.mark.parametrize("command", [commands.remove_services(ENVIRONMENT, "nginx"), commands.remove_project(ENVIRONMENT)])
def test_a_container_that_the_engine_is_removing_already_is_awaited(command: Command, tmp_path: Path) -> None:
    """After the stop of a container with --rm: the engine refuses ours, "removal … is already in progress"."""
    docker = f"""
asked() {{ grep -c status=removing {tmp_path}/calls; }}
case "$*" in
    *status=removing*) [ "$(asked)" -gt 3 ] || echo abc ;;
    "network ls"*) ;;
    ps*) [ "$(asked)" -gt 3 ] || echo abc ;;
    rm*) exit 1 ;;
esac"""
    code, calls = run_with(tmp_path, docker, command)
    assert code == 0 and calls.count("status=removing") == 4


def test_the_exit_code_of_a_program_inside_is_the_commands(tmp_path: Path) -> None:
    code, _ = run_with(tmp_path, 'case $1 in ps) echo abc ;; exec) exit 4 ;; esac', ENDING[3])
    assert code == 4


@pytest.mark.parametrize(("failing", "code"), [("none", 0), ("one", 4), ("two", 4), ("gone", 0)])
def test_each_container_of_a_scaled_service_is_asked_and_the_first_that_fails_counts(
        tmp_path: Path, failing: str, code: int) -> None:
    """Of three proxies one was reloaded, and the others sent users to the previous addresses. One may end meanwhile."""
    docker = f"""case "$*" in
    ps*) printf 'one\ntwo\n'; [ -e {tmp_path}/over ] || echo gone ;;
    exec*) case $2 in gone) touch {tmp_path}/over; exit 9 ;; {failing}) exit 4 ;; esac ;;
esac"""
    got, calls = run_with(tmp_path, docker, ENDING[3])
    assert got == code
    assert sorted(line.split()[1] for line in calls.splitlines() if line.startswith("exec")) == ["gone", "one", "two"]


def test_the_containers_of_a_scaled_service_are_asked_at_once(tmp_path: Path) -> None:
    """Three proxies were drained one after the other: thrice 12 s, and more than the step may take with a few more."""
    docker = f"""case "$*" in
    ps*) printf 'one\ntwo\nthree\n' ;;
    exec*) touch {tmp_path}/begun-$2
        tries=0
        until [ "$(ls {tmp_path}/begun-* | wc -l)" = 3 ]; do [ "$((tries += 1))" -lt 100 ] || exit 7; sleep 0.1; done ;;
esac"""
    assert run_with(tmp_path, docker, ENDING[3])[0] == 0


def test_one_that_was_made_anew_meanwhile_is_asked_too(tmp_path: Path) -> None:
    docker = f"""case "$*" in
    ps*) if [ -e {tmp_path}/again ]; then echo new; else echo old; fi ;;
    exec*) touch {tmp_path}/again; [ "$2" = new ] ;;
esac"""
    code, calls = run_with(tmp_path, docker, ENDING[3])
    assert code == 0 and "exec old sh -c true\n" in calls and "exec new sh -c true\n" in calls


def test_what_stands_on_standard_input_is_for_each_of_them(tmp_path: Path) -> None:
    docker = f"""case "$*" in ps*) printf 'one\ntwo\n' ;; exec*) cat >{tmp_path}/read-$3 ;; esac"""
    secret = "one 'two' $three\n"
    command = commands.exec_if_running(ENVIRONMENT, "redis", "true", timeout_s=5, stdin=Secret("P", secret))
    assert run_with(tmp_path, docker, command, secret)[0] == 0
    assert [(tmp_path / f"read-{one}").read_text() for one in ("one", "two")] == [secret] * 2
    assert secret.strip() not in str(command.argv)


def test_no_command_of_one_environment_names_the_project_of_another(tmp_path: Path) -> None:
    second = load_environment(overlay(tmp_path, "name: second\nserver: {directory: /opt/second}\n"))
    command: Command
    for command in (
        commands.compose(second, "ps"), commands.compose_up(second, "nginx"), commands.remove_project(second),
        commands.remove_services(second, "nginx"), commands.stop_services(second, "nginx"),
        commands.exec_if_running(second, "nginx", "true", timeout_s=5), reload_if_running(second), reload_nginx(second),
        wait_until_drained(second), stop_migration(second), alembic(second, "blue", "upgrade", "head"),
        cutover_marker(second, "blue"), Command(exec_in(second, "postgres", "true")),
    ):
        words = " ".join(command.argv)
        assert "gw2-second" in words and "gw2-staging" not in words and "/opt/gw2-wvwbuilder" not in words


def test_several_files_are_given_in_their_order_and_no_others_are_read(tmp_path: Path) -> None:
    several = load_environment(overlay(tmp_path, "compose: {files: [compose.yml, deploy/staging.yml]}\n"))
    argv = commands.compose(several, "ps").argv
    named = [argv[place + 1] for place, word in enumerate(argv) if word == "--file"]
    assert named == ["/opt/gw2-wvwbuilder/compose.yml", "/opt/gw2-wvwbuilder/deploy/staging.yml"]


def test_what_an_interrupted_recreation_left_is_not_started_next_to_the_service(tmp_path: Path) -> None:
    """Docker lists the newest first; a scaled service has containers of other numbers."""
    docker = """case "$*" in ps*) printf 'new1 1\nnew2 2\nold1 1\n' ;; inspect*) echo '/shop-web-1 running healthy' ;; esac"""
    code, calls = run_with(tmp_path, docker, commands.start_services(ENVIRONMENT, "web"))
    assert code == 0
    assert "start new1 new2\n" in calls
