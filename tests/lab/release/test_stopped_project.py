"""After `docker compose down` the volumes and the server's files are there: it is not a first deployment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.lab.conftest import Lab
from tests.lab_server import NEXT_RELEASE

pytestmark = [pytest.mark.slow]
COMPOSE = ("cd /opt/gw2-wvwbuilder && docker compose -p gw2-staging --project-directory . -f docker-compose.staging.yml --env-file .env "
           "--env-file .env.secrets ")
LEFT = "docker ps --all --quiet; docker volume ls --quiet | sort; cd /opt/gw2-wvwbuilder && cat .git/HEAD .env .runbook/upstreams/active.conf"


def test_a_deployment_is_refused_and_what_it_advises_starts_the_application_again(lab: Lab, outputs: Path) -> None:
    lab.on_server("sh", "-c", COMPOSE + "--profile '*' down 2>&1")
    try:
        before = lab.on_server("sh", "-c", LEFT)
        done = lab.runbook("run", "20_deploy", "-e", lab.environment, "-p", f"ref={NEXT_RELEASE}", "--apply", "--confirm", lab.name,
                           "--reason", "test", outputs=outputs)
        printed = done.stdout + done.stderr
        assert done.returncode == 3, printed
        assert "what ran here is running: postgres does not run" in printed
        assert lab.on_server("sh", "-c", LEFT) == before
        rollback = lab.runbook("run", "22_rollback", "-e", lab.environment, "--apply", "--confirm", lab.name, "--reason", "test", outputs=outputs)
        assert rollback.returncode == 3, rollback.stdout + rollback.stderr
        assert "what ran here is running: postgres does not run" in rollback.stdout + rollback.stderr
        assert lab.on_server("sh", "-c", LEFT) == before
        advised = re.search(r"Start it again, on the server: (.*); then run this again", printed)
        assert advised, printed
        lab.on_server("bash", "-c", advised[1] + " 2>&1")
        assert lab.serving()["status"] == "ok"
    finally:
        lab.on_server("bash", "-c", COMPOSE + "up --detach --wait 2>&1")


@pytest.mark.parametrize("asked", [("20_deploy", "-p", f"ref={NEXT_RELEASE}"), ("22_rollback",)], ids=["20", "22"])
def test_a_stopped_service_that_others_need_is_started_by_the_plan(lab: Lab, outputs: Path, asked: tuple[str, ...]) -> None:
    """Compose's dry run waits for its health: neither a release nor a rollback had a plan while Redis was stopped."""
    lab.on_server("sh", "-c", "docker stop gw2-staging-redis-1 2>&1")
    try:
        done = lab.runbook("run", asked[0], "-e", lab.environment, *asked[1:], outputs=outputs)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Start data" in done.stdout + done.stderr or "Start the data services" in done.stdout + done.stderr
    finally:
        lab.on_server("sh", "-c", "docker start gw2-staging-redis-1 2>&1")
