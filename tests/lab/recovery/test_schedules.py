"""The server takes its own backups: installed, run from cron's bare environment, seen when they fail, and taken away again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.dashboards.building import dashboards
from lab.resilience.runner import wait_for
from runbook_lib.connections import OpenConnections
from runbook_lib.core.findings import Verdict
from runbook_lib.environment import Environment
from runbook_lib.recovery.checks.schedules import schedule_findings
from runbook_lib.recovery.facts.installed_schedules import survey_schedules
from runbook_lib.recovery.plans.configuration_backup import commit_command
from tests.lab.conftest import Lab

STATE = "/opt/gw2-wvwbuilder/.runbook/scheduled"
METRICS = "/opt/gw2-wvwbuilder/.runbook/metrics"
FOREIGN = "MAILTO=ops@example.com\n17 4 * * 1 /usr/local/bin/another-program"


def runbook(lab: Lab, outputs: Path, name: str, *words: str) -> tuple[int, str]:
    done = lab.runbook("run", name, "-e", lab.environment, "--apply", "--confirm", lab.name, "--reason", "test", *words,
                       outputs=outputs)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def no_schedules(lab: Lab) -> Iterator[None]:
    """Afterwards the server is without schedules, as it was."""
    dumps = set(lab.on_server("ls", "/backups/postgres").split())
    yield
    lab.on_server("bash", "-c", f"crontab -u deploy -r 2>/dev/null; rm -rf {STATE} {METRICS} /backups/configuration.git"
                  " /backups/files /backups/logs /var/log/gw2/scheduled_*; true")
    for name in set(lab.on_server("ls", "/backups/postgres").split()) - dumps:
        lab.on_server("rm", "-f", f"/backups/postgres/{name}")


def commit(lab: Lab, environment: Environment) -> str:
    """What the commit step says on the server, past every precondition."""
    command = commit_command(environment)
    assert isinstance(command.stdin, str)
    lab.on_server("bash", "-c", 'printf %s "$1" > /tmp/commit-program', "write", command.stdin)
    return lab.on_server("bash", "-c", f"{shlex.join(command.argv)} </tmp/commit-program 2>&1; rm -f /tmp/commit-program; true",
                         user="deploy")


def assert_dashboards_show_scheduled_jobs(lab: Lab) -> None:
    """The panels that tests/lab/read_only/test_dashboards.py cannot see: a scheduled job has run and succeeded here."""
    later = sorted({one.expression for board in dashboards() for panel in board.panels for one in panel.queries
                    if one.exists_after})
    for one in later:
        lab.on_server("bash", "-c", "for _ in $(seq 240); do curl -sG 127.0.0.1:9090/api/v1/query --data-urlencode"
                      " \"query=$1\" | grep -q '\"value\"' && exit; sleep 1; done; exit 1", "ask", one)
    assert len(later) >= 4


def test_schedules_come_work_and_go_and_lines_of_others_stay(
    lab: Lab, environment: Environment, connections: OpenConnections, outputs: Path, no_schedules: None
) -> None:
    lab.on_server("bash", "-c", f"printf '%s\\n' '{FOREIGN}' | crontab -", user="deploy")
    code, said = runbook(lab, outputs, "34_install_schedules", "-p", "try_now=backup_database")
    assert code == 0, said
    crontab = lab.on_server("crontab", "-l", user="deploy")
    assert crontab.startswith(FOREIGN + "\n")
    assert crontab.count("--when-due") == 2
    status = json.loads(lab.on_server("cat", f"{STATE}/backup_database.status.json"))
    assert (status["outcome"], status["trigger"]) == ("succeeded", "test-run")
    assert lab.on_server("ls", status["file"]).strip() == status["file"]

    now = survey_schedules(environment).fetch(connections)
    assert [one.verdict for one in schedule_findings(now)] == [Verdict.PASSED, Verdict.PASSED]

    # a scheduled run of its own accord: it takes the lock itself
    lab.on_server("env", "-i", "HOME=/home/deploy", "PATH=/usr/bin:/bin", "/bin/sh", "-c", f"{STATE}/backup_configuration",
                  user="deploy")
    assert json.loads(lab.on_server("cat", f"{STATE}/backup_configuration.status.json"))["outcome"] == "succeeded"
    assert_dashboards_show_scheduled_jobs(lab)
    assert lab.on_server("git", "-C", "/backups/configuration.git", "ls-tree", "--name-only", "main:project/nginx", user="deploy")

    code, said = runbook(lab, outputs, "34_install_schedules", "-p", "schedules=removed")
    assert code == 0, said
    assert lab.on_server("crontab", "-l", user="deploy") == FOREIGN + "\n"
    assert not survey_schedules(environment).fetch(connections).installed


def test_a_scheduled_backup_that_fails_is_seen_here_and_by_prometheus(
    lab: Lab, environment: Environment, connections: OpenConnections, outputs: Path, no_schedules: None
) -> None:
    code, said = runbook(lab, outputs, "34_install_schedules")
    assert code == 0, said
    lab.on_server("chmod", "0555", "/backups/postgres")
    try:
        lab.on_server("bash", "-c", f"{STATE}/backup_database; echo status $?", user="deploy")
    finally:
        lab.on_server("chmod", "0755", "/backups/postgres")
    (database, configuration) = schedule_findings(survey_schedules(environment).fetch(connections))
    assert (database.verdict, configuration.verdict) == (Verdict.FAILED, Verdict.PASSED)
    assert "backup-dump: Cannot write" in database.measured
    firing = 'ALERTS{alertname="ScheduledJobFailed",schedule="backup_database"}'
    ask = ("curl", "-sG", "127.0.0.1:9090/api/v1/query", "--data-urlencode", f"query={firing}")
    wait_for(lambda: "firing" in lab.on_server(*ask), "the alert", 300)

    # never run, and installed three days ago: missed
    lab.on_server("bash", "-c", f"rm {STATE}/backup_database.status.json; echo $(($(date +%s) - 259200)) > "
                  f"{STATE}/backup_database.installed; {STATE}/backup_database --announce", user="deploy")
    (missed, _) = schedule_findings(survey_schedules(environment).fetch(connections))
    assert (missed.verdict, missed.measured) == (Verdict.FAILED, "missed: it never succeeded")


def test_a_secret_in_a_configuration_file_is_in_no_object_of_the_repository(
    lab: Lab, environment: Environment, outputs: Path, no_schedules: None
) -> None:
    code, said = runbook(lab, outputs, "33_backup_configuration")
    assert code == 0, said
    place = "/opt/gw2-wvwbuilder/nginx/snippets/planted.txt"
    secrets = dict(line.split("=", 1) for line in lab.on_server("cat", "/opt/gw2-wvwbuilder/.env.secrets").split("\n") if line)
    value = secrets["STAGING_DB_PASSWORD"].strip("'")
    program = ("bash", "-c", f"""printf '%s' "$1" | base64 > {place}""", "plant", f"user:{value}")
    lab.on_server(*program, user="deploy")
    try:
        code, said = runbook(lab, outputs, "33_backup_configuration")
        # past the precondition, straight at the program: it refuses too
        refused = commit(lab, environment)
    finally:
        lab.on_server("rm", "-f", place)
    assert code == 3, said
    assert "STAGING_DB_PASSWORD in project/nginx/snippets/planted.txt" in said
    assert "Nothing was committed: STAGING_DB_PASSWORD is in" in refused
    assert value not in said + refused
    objects = lab.on_server("bash", "-c", "cd /backups/configuration.git && git cat-file --batch-all-objects --batch-check="
                            "'%(objectname)' | git cat-file --batch | tr -c '[:print:]\\n' '?'", user="deploy")
    assert "ssl_protocols" in objects
    assert not [name for name, secret in secrets.items() if secret.strip("'") in objects]
    code, said = runbook(lab, outputs, "33_backup_configuration")
    assert code == 0, said
    assert lab.on_server("git", "-C", "/backups/configuration.git", "rev-list", "--count", "main", user="deploy").strip() == "1"
