"""The server's files: log rotation, schedules' alerts, sshd."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from runbook_lib.environment import Environment
from tests.unit.staging.files import ROOT, text


def test_logs_rotate_daily_for_thirty_days_compressed(environment: Environment) -> None:
    rules = text("server/logrotate/gw2-wvwbuilder")
    for folder in ("/var/log/gw2/*.log", "/var/log/nginx/*.log"):
        body = rules[rules.index(folder) :].split("\n}")[0]
        for word in ("daily", f"rotate {environment.logging.keep_days}", "compress"):
            assert re.search(rf"^\s+{word}$", body, re.M), f"{folder}: {word}"


def test_a_missed_schedule_is_told_when_the_environment_says(environment: Environment) -> None:
    rules = {rule["alert"]: rule for rule in yaml.safe_load(text("prometheus/rules/schedules.yml"))["groups"][0]["rules"]}
    hours = [int(found) for found in re.findall(r"> (\d+) \* 3600", rules["ScheduledJobMissed"]["expr"])]
    assert hours == [environment.backup.maximum_age_h, environment.configuration_backup.maximum_age_h]


def test_node_exporter_reads_what_scheduled_jobs_say(services: dict[str, Any]) -> None:
    exporter = services["node-exporter"]
    assert "--collector.textfile.directory=/runbook/metrics" in exporter["command"]
    assert "./.runbook:/runbook:ro" in exporter["volumes"]


def test_ssh_takes_keys_only_and_one_user_only(environment: Environment) -> None:
    ssh = text("server/ssh/60-gw2-staging.conf").splitlines()
    for line in ("PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin no"):
        assert line in ssh
    assert f"AllowUsers {environment.server.user}" in ssh


# an engine with three containers: two environments' nginx under names of their own, and one that mounts something else
DOCKER = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
    ps*service=nginx*"volume=$FOLDER") [ -z "$NONE" ] || exit 0; echo 4f2c; echo 5e3b ;;
    ps*) exit 1 ;;
    "exec 4f2c nginx -t -q") exit "$BROKEN" ;;
    inspect*"4f2c 5e3b") printf '%s\\n' "${CALLS%/*}/a project" "${CALLS%/*}/without jobs" ;;
esac
"""
RUNUSER = """#!/bin/sh
shift 3
exec "$@"
"""


def run_with_docker(tmp_path: Path, program: str, folder: str, broken: int = 0, none: str = "") -> tuple[int, list[str]]:
    """The program's exit code, and what it did to containers."""
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    (tmp_path / "calls").touch()
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CALLS": str(tmp_path / "calls"), "FOLDER": folder,
                   "BROKEN": str(broken), "NONE": none}
    done = subprocess.run(("sh", "-c", program), env=environment, check=False, capture_output=True)
    return done.returncode, [line for line in (tmp_path / "calls").read_text().splitlines() if line.startswith("exec")]


def postrotate() -> str:
    rules = text("server/logrotate/gw2-wvwbuilder")
    return rules.partition("postrotate\n")[2].partition("endscript")[0]


def test_after_a_rotation_each_nginx_that_writes_there_opens_its_files_again(tmp_path: Path) -> None:
    code, calls = run_with_docker(tmp_path, postrotate(), "/var/log/nginx")
    assert (code, calls) == (0, ["exec 4f2c nginx -s reopen", "exec 5e3b nginx -s reopen"])


def test_a_rotation_without_nginx_is_a_rotation_all_the_same(tmp_path: Path) -> None:
    assert run_with_docker(tmp_path, postrotate(), "/var/log/nginx", none="1") == (0, [])


def test_after_a_renewal_each_nginx_is_reloaded_and_a_broken_one_is_reported(tmp_path: Path) -> None:
    hook = text("server/certbot/reload-nginx")
    code, calls = run_with_docker(tmp_path, hook, "/etc/letsencrypt", broken=1)
    assert code != 0, "certbot reports it"
    assert calls == ["exec 4f2c nginx -t -q", "exec 5e3b nginx -t -q", "exec 5e3b nginx -s reload"]


def test_after_a_renewal_the_job_notes_the_new_certificate_and_its_failure_is_not_certbots(tmp_path: Path) -> None:
    (tmp_path / "runuser").write_text(RUNUSER)
    (tmp_path / "runuser").chmod(0o755)
    job = tmp_path / "a project/.runbook/scheduled/backup_database"
    job.parent.mkdir(parents=True)
    job.write_text('#!/bin/sh\necho "$*" >"$0.called"\nexit 1\n')
    job.chmod(0o755)
    assert run_with_docker(tmp_path, text("server/certbot/reload-nginx"), "/etc/letsencrypt")[0] == 0
    assert job.with_suffix(".called").read_text() == "--announce\n"


def test_a_renewal_without_an_nginx_is_reported(tmp_path: Path) -> None:
    code, calls = run_with_docker(tmp_path, text("server/certbot/reload-nginx"), "/etc/letsencrypt", none="1")
    assert code != 0 and calls == []


def test_no_file_of_the_server_names_a_container() -> None:
    """An interrupted recreation, a scaled service and Compose 1 all give other names than `project-service-1`."""
    for path in (*(ROOT / "staging" / "server").rglob("*"), *(ROOT / "runbook_lib").rglob("*")):
        if path.is_file() and path.suffix in ("", ".py", ".sh"):
            written = path.read_text(encoding="utf-8")
            assert not re.search(r"(gw2-staging|\{?project\}?)[-_][a-z{}$]+[-_][0-9]\b", written), path
            assert "gw2-staging" not in written or path.suffix != ".py", f"{path}: the environment file names the project"
