"""What only the server shows: every answer is a met requirement, one that is not, or not known; never a traceback."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.adopting.server_answers import ANSWERED, PROGRAM, ask_server, parse_survey
from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.contract.requirements import Answer
from runbook_lib.core import programs
from runbook_lib.core.errors import (
    DockerUnavailable,
    EndpointUnavailable,
    FactUnreadable,
    HostKeyUnknown,
    HostUnreachable,
    RunbookError,
)
from runbook_lib.environment import Environment, load_environment
from runbook_lib.platform.facts import written_rows
from tests.unit.environment_doubles import ENVIRONMENTS

GOOD = "".join(f"{name}=yes\n" for name in ANSWERED)


@pytest.fixture(scope="module")
def staging() -> Environment:
    return load_environment(str(ENVIRONMENTS / "staging.yaml"))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written_rows, "PAUSE_S", 0.0)


def asked(staging: Environment, survey: Any = GOOD, rows: Any = (), reply: Any = (200, {}), secrets: Mapping[str, object] = {},
          probes: Any = "web\tup\t0.1\t10.0.0.2\t\tanswers\n",
          rows_written: Iterable[int] = (1, 2, 3, 4), extension: Any = ({"schema": "public", "has_info": False},)) -> dict[str, Answer]:
    written = iter(rows_written)
    paths = staging.health.endpoints if not isinstance(reply, dict) else reply
    connections = ScriptedConnections(commands={"requirements": survey, "bash": probes}, replies=reply if isinstance(reply, dict) else dict.fromkeys(paths, reply),
                                      sql={"has_table_privilege": rows if isinstance(rows, RunbookError) else list(rows),
                                           "pg_extension": list(extension), "FROM public.pg_stat_statements": [],
                                           "pg_is_in_recovery": FactUnreadable("nothing"),
                                           "pg_stat_database": lambda: [{"rows": next(written), "late": False}]})
    return ask_server(staging, connections, secrets)


def test_a_server_that_has_everything(staging: Environment) -> None:
    answers = asked(staging, secrets=dict.fromkeys(staging.server_secrets, "x"))
    assert [name for name, one in answers.items() if one.met is not True and name != "browser"] == []


def test_docker_that_may_not_be_used_comes_with_the_change(staging: Environment) -> None:
    answers = asked(staging, GOOD.replace("docker=yes", "docker=no: permission denied"))
    assert (answers["docker"].met, answers["docker"].measured) == (False, "permission denied")
    assert "usermod -aG docker" in answers["docker"].change
    assert answers["project"].met is None


@pytest.mark.parametrize("text", ["", "noise\n", "docker=maybe\n", "docker", "=yes\n"])
def test_a_reply_that_says_nothing_is_not_known(text: str) -> None:
    assert {one.met for one in parse_survey(text).values()} == {None}


@pytest.mark.parametrize(("error", "met"), [
    (HostUnreachable("refused", next_step="start it"), None), (HostKeyUnknown("no key", next_step="record it"), False)])
def test_a_server_that_is_not_reached_leaves_the_rest_open(staging: Environment, error: RunbookError, met: bool | None) -> None:
    answers = asked(staging, error)
    assert (answers["ssh"].met, answers["ssh"].measured, answers["ssh"].change) == (met, error.what, error.next_step)
    assert {answers[name].met for name in (*ANSWERED, "database", "dump")} == {None}


def test_tables_that_the_owner_may_not_read_end_a_dump(staging: Environment) -> None:
    answers = asked(staging, rows=[{"name": 'public."user"'}])
    assert (answers["database"].met, answers["dump"].met) == (True, False)
    assert 'public."user"' in answers["dump"].measured
    assert "GRANT SELECT" in answers["dump"].change


@pytest.mark.parametrize(("error", "met"), [
    (FactUnreadable('role "shop" does not exist'), False), (DockerUnavailable("no engine"), None)])
def test_a_database_that_does_not_answer(staging: Environment, error: RunbookError, met: bool | None) -> None:
    answers = asked(staging, rows=error)
    assert (answers["database"].met, answers["database"].measured) == (met, error.what)
    assert answers["dump"].met is None


def test_a_public_address_that_does_not_answer_is_not_known(staging: Environment) -> None:
    answers = asked(staging, reply=EndpointUnavailable("refused"))
    assert (answers["public"].met, answers["public"].measured) == (None, "refused")
    # behind a name that this machine cannot resolve, or a certificate that it does not know, these two keys help
    assert "public.connect_to (HOST:PORT)" in answers["public"].change
    assert "public.ca_file vouches for a private certificate" in answers["public"].change


def test_secrets_that_are_not_available_are_named(staging: Environment) -> None:
    first, *others = staging.server_secrets
    answer = asked(staging, secrets=dict.fromkeys(others, "x"))["secrets"]
    assert (answer.met, answer.measured) == (False, f"not available here: {first}")


def survey(folder: Path, *, docker: str, backups: str) -> dict[str, Answer]:
    """The program itself, with a `docker` of our own."""
    (folder / "bin").mkdir(exist_ok=True)
    program = folder / "bin" / "docker"
    program.write_text(f"#!/bin/sh\n{docker}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    done = subprocess.run(["sh", "-c", programs.text(*PROGRAM), "requirements", str(folder), "shop",
                           backups, str(folder / "configuration.git"), ".env", ".env.secrets"], capture_output=True, text=True, check=True,
                          env={"PATH": f"{folder}/bin:{os.environ['PATH']}", "LC_ALL": "C"})
    return parse_survey(done.stdout)


def test_the_program_changes_nothing_and_says_what_there_is(tmp_path: Path) -> None:
    found = survey(tmp_path, docker='case $1 in version) echo 20.10;; ps) echo 0123;; esac', backups=str(tmp_path / "a/b"))
    assert (found["docker"].met, found["project"].met, found["configuration_folder"].met) == (True, True, True)
    assert (found["backup_folder"].met, found["backup_folder"].measured) == (False, f"there is no folder {tmp_path}/a/b")
    assert found["variable_files"].measured == f"not in {tmp_path}: .env .env.secrets"
    assert found["checkout"].met is False
    assert "git" in found["checkout"].measured
    assert sorted(one.name for one in tmp_path.iterdir()) == ["bin"]


def test_a_user_who_needs_sudo_for_docker_is_named(tmp_path: Path) -> None:
    """What docker prints then begins with an empty line, and goes on with one that is longer than the bound: nothing was shown."""
    found = survey(tmp_path, docker=f"echo; echo 'permission denied while trying to connect: {'x' * 300}' >&2; exit 1", backups="/")
    assert found["docker"].met is False
    assert found["docker"].measured.endswith("may not use it (permission denied at its socket)")


def test_the_program_on_a_server_without_docker_or_containers(tmp_path: Path) -> None:
    found = survey(tmp_path, docker="echo; echo 'cannot connect\nto it' >&2; exit 1", backups="/proc/none/here")
    assert (found["docker"].met, found["docker"].measured) == (False, "cannot connect to it ")
    assert found["backup_folder"].met is False or os.geteuid() == 0
    for name in (".env", ".env.secrets"):
        (tmp_path / name).touch()
    empty = survey(tmp_path, docker='[ "$1" = version ] && echo 20.10', backups=str(tmp_path))
    assert (empty["variable_files"].met, empty["backup_folder"].met) == (True, True)
    assert (empty["project"].met, empty["project"].measured) == (False, "no container of shop is running")


def test_a_health_path_with_another_status_than_declared_is_said(staging: Environment) -> None:
    answer = asked(staging, reply=(502, {}))["public"]
    assert answer.met is False
    assert f"{next(iter(staging.health.endpoints))} answers 502, not 200 as declared" in answer.measured
    assert "the proxy leads elsewhere" in answer.change


def test_where_nothing_runs_another_status_is_no_second_fault(staging: Environment) -> None:
    answers = asked(staging, GOOD.replace("project=yes", "project=no: nothing runs"), reply=(502, {}))
    assert (answers["project"].met, answers["public"].met) == (False, None)


@pytest.mark.parametrize(("line", "met", "words"), [
    ("web\tup\t0.1\t10.0.0.2\t\tanswers", True, "each that has a probe answers"),
    ("web\tdown\t0.1\t10.0.0.2\t\t/up answers 400", False, "web: /up answers 400"),
    ("web\tsilent\t\t10.0.0.2\t\tno reply within 4 s", None, "web: no reply within 4 s"),
])
def test_a_probe_that_is_not_answered_is_named_before_40_is_red(staging: Environment, line: str, met: bool | None, words: str) -> None:
    answer = asked(staging, probes=f"{line}\n")["probes"]
    assert (answer.met, answer.measured) == (met, words)
    if not met:
        assert "host" in answer.change


def test_a_service_without_a_probe_hides_none_that_does_not_answer(staging: Environment) -> None:
    """As a worker of the same image, whose port is that of its image: 40 would be red for the other one all the same."""
    services = staging.services | {"worker": staging.services["backend"].model_copy(update={"probe": None, "coloured": False})}
    environment = staging.model_copy(update={"services": services})
    both = asked(environment, probes="web\tdown\t0.1\t10.0.0.2\t\t/up answers 301\n")["probes"]
    assert (both.met, both.measured) == (False, "web: /up answers 301; not asked itself, its container alone: worker")
    assert "correct services.NAME.probe" in both.change and "leave `ports` out" in both.change
    lacking = asked(environment)["probes"]
    assert (lacking.met, lacking.measured) == (False, "not asked itself, its container alone: worker")
    assert "correct services.NAME.probe" not in lacking.change


STOPPED, UP = "stopped\t\t\t\tno container runs it\n", "up\t0.1\t10.0.0.2\t\tanswers\n"


@pytest.mark.parametrize(("lines", "met", "words"), [
    (f"backend-blue\t{UP}backend-green\t{STOPPED}", True, "each that has a probe answers"),
    (f"backend-blue\tdown\t0.1\t10.0.0.2\t\t/health answers 503\nbackend-green\t{STOPPED}", False, "backend-blue: /health answers 503"),
    (f"backend-blue\t{STOPPED}backend-green\t{STOPPED}", False, "backend-blue: no container runs it; backend-green: no container"),
    (f"redis\t{STOPPED}", False, "redis: no container runs it"),
])
def test_the_colour_without_users_is_not_asked(staging: Environment, lines: str, met: bool, words: str) -> None:
    answer = asked(staging, probes=lines)["probes"]
    assert answer.met is met and answer.measured.startswith(words)


def test_of_the_database_its_own_line_speaks(staging: Environment) -> None:
    assert staging.services["postgres"].probe is not None
    assert asked(staging, probes="postgres\tdown\t0.1\t10.0.0.3\t\tit is starting\n")["probes"].met is True


def test_a_service_that_need_not_run_is_not_asked(staging: Environment) -> None:
    services = staging.services | {"redis": staging.services["redis"].model_copy(update={"required": False})}
    assert asked(staging.model_copy(update={"services": services}), probes=f"redis\t{STOPPED}")["probes"].met is True


@pytest.mark.parametrize(("counts", "met"), [((1, 2, 3, 4), True), ((1, 1, 3, 4), False)])
def test_an_application_that_writes_seldom_is_named_before_its_first_deployment(staging: Environment, counts: tuple[int, ...],
                                                                                met: bool) -> None:
    answer = asked(staging, rows_written=counts)["rows"]
    assert answer.met is met
    assert "without.writes" in answer.change and "3 rows in" in answer.measured


def test_a_folder_that_is_missing_comes_with_the_command_that_makes_it(staging: Environment) -> None:
    answers = asked(staging, GOOD.replace("backup_folder=yes", "backup_folder=no: there is no folder"))
    folder, user = staging.backup.directory, staging.server.user
    assert answers["backup_folder"].change.startswith(f"as root on the server: install -d -o {user} -m 0700 ")
    assert answers["backup_folder"].change.endswith(folder)
    assert "DIRECTORY" not in answers["backup_folder"].change


def test_statements_that_are_not_counted_are_named_before_62_is_inconclusive(staging: Environment) -> None:
    """Doctor said that 62 can run, and 62 ended inconclusive, always."""
    answer = asked(staging, extension=())["statements"]
    assert (answer.met, answer.declared) == (False, False)
    assert "was not created" in answer.measured
    assert "CREATE EXTENSION" in answer.change and "62 ends inconclusive (4)" in answer.change and "without.statements" in answer.change
