"""The infrastructure of staging/ on a real server: healthy, confined, and closed where the plan says so. Read-only."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runbook_lib.environment import load_environment
from tests.unit.staging.rule_tests import promtool_input

if TYPE_CHECKING:
    from tests.lab.conftest import Lab

RULES = Path(__file__).parents[3] / "staging/prometheus/rules"


def inside(lab: Lab, service: str, script: str, *, program: str = "sh") -> str:
    """The output of a small script in a container; what it refuses is part of the output."""
    return lab.on_server("docker", "exec", f"gw2-staging-{service}-1", program, "-c", f"{{ {script}\n}} 2>&1 || true")


def test_every_service_of_the_environment_runs_and_is_healthy(lab: Lab) -> None:
    listed = lab.on_server("docker", "ps", "--filter", "label=com.docker.compose.project=gw2-staging",
                           "--format", '{{.Label "com.docker.compose.service"}} {{.Status}}')
    healthy = {line.split()[0] for line in listed.splitlines() if "(healthy)" in line}
    environment = load_environment(lab.environment)
    colour = "green" if "backend-green" in healthy else "blue"
    assert set(environment.running_services(colour)) <= healthy, listed
    assert "grafana" not in healthy, "declared absent: nothing may pretend"


def active_targets(lab: Lab) -> list[dict[str, Any]]:
    reply = json.loads(lab.on_server("curl", "-fsS", "http://127.0.0.1:9090/api/v1/targets"))
    targets: list[dict[str, Any]] = reply["data"]["activeTargets"]
    return targets


def test_prometheus_reaches_every_target_and_agrees_with_the_plans_alerts(lab: Lab) -> None:
    # one that has just started is scraped for the first time within seconds
    deadline = time.monotonic() + 120
    while down := {one["labels"]["job"]: one["lastError"] for one in active_targets(lab) if one["health"] != "up"}:
        assert time.monotonic() < deadline, down
        time.sleep(1)
    targets = active_targets(lab)
    assert {target["labels"]["job"] for target in targets} >= {"backend", "node", "postgres", "redis", "nginx"}
    rules = promtool_input("plan", RULES, "/etc/prometheus/rules")
    encoded = base64.b64encode(rules.encode()).decode()
    said = lab.on_server(
        "bash", "-c", 'base64 -d <<< "$1" | docker exec -i -e TMPDIR=/dev/shm gw2-staging-prometheus-1 '
        "promtool test rules /dev/stdin 2>&1 || true", "rules", encoded,
    )
    assert "SUCCESS" in said, said


@pytest.mark.parametrize(
    ("service", "host", "port"),
    [("frontend", "postgres", 5432), ("frontend", "redis", 6379), ("nginx", "postgres", 5432), ("nginx", "redis", 6379),
     ("backend", "alertmanager", 9093), ("redis", "prometheus", 9090)],
)
def test_a_service_cannot_reach_what_it_does_not_need(lab: Lab, service: str, host: str, port: int) -> None:
    names = lab.on_server("docker", "ps", "--format", '{{.Label "com.docker.compose.service"}}').split()
    name = next(running for running in names if running.removesuffix("-blue").removesuffix("-green") == service)
    said = inside(lab, name, f"exec 3<>/dev/tcp/{host}/{port} && echo reached", program="bash")
    assert "reached" not in said
    assert host in said, "the attempt itself was made"


def test_the_data_network_has_no_way_out(lab: Lab) -> None:
    """The machine around the server refuses a port that is not listened on; from `data` not even the refusal comes back."""
    beyond = lab.on_server("ip", "-4", "route", "show", "default").split()[2]
    knock = f"timeout {{}} bash -c 'exec 3<>/dev/tcp/{beyond}/1'"
    assert "refused" in inside(lab, "alertmanager", knock.format(60)), "mail has to get out"
    assert "refused" not in inside(lab, "redis", knock.format(3))
    assert lab.on_server("docker", "network", "inspect", "gw2-staging_data", "-f", "{{.Internal}}").strip() == "true"


def test_redis_answers_nobody_without_the_password_and_shows_it_nowhere(lab: Lab) -> None:
    assert "NOAUTH" in inside(lab, "redis", "redis-cli ping")
    searched = 'grep -l -- "$REDIS_PASSWORD" /proc/1/cmdline /etc/gw2-redis/*'
    shown = inside(lab, "redis", 'tr "\\0" " " < /proc/1/cmdline; ' + searched)
    assert shown.strip() == "redis-server *:6379"


def test_the_databases_superuser_is_kept_off_the_network_and_the_application_is_no_superuser(lab: Lab) -> None:
    tcp = 'PGPASSWORD="$POSTGRES_PASSWORD" psql --no-psqlrc -At -h "$(hostname -i)" -d staging_db -c "select 1"'
    assert "pg_hba.conf rejects connection" in inside(lab, "postgres", f"{tcp} -U postgres")
    assert inside(lab, "postgres", f"{tcp} -U staging_user").strip() == "1"
    roles = "select rolname from pg_roles where rolsuper or rolcreatedb or rolcreaterole"
    assert inside(lab, "postgres", f'psql --no-psqlrc -At -U postgres -c "{roles}"').split() == ["postgres"]


def test_the_database_runs_with_the_plans_settings(lab: Lab) -> None:
    settings = '-c "show max_connections" -c "show shared_buffers"'
    said = inside(lab, "postgres", f"psql --no-psqlrc -At -U postgres {settings}")
    assert said.split() == ["100", "256MB"]
    policy = inside(lab, "redis", 'REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli config get maxmemory-policy')
    assert policy.split() == ["maxmemory-policy", "allkeys-lru"]
