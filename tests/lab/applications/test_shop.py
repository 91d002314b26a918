"""The runbooks on an application that they have never deployed, by its environment file alone.

The tests run in this order: the drill needs the backup, the restore replaces the database.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from runbook_lib.core.errors import PASSED, REFUSED
from tests.lab_server import Lab

FILES = "cd /srv/uploads && find . -type f -exec sha256sum {} + | sort -k2"
LIMIT_S = 120


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, lab: Lab) -> Path:
    """The archive of these runs; the folder of backups is there, as a refusal asks an operator for it."""
    lab.on_server("install", "-d", "-o", "deploy", "-m", "0700", "/backups/shop", "/backups/shop/database")
    return tmp_path_factory.mktemp("outputs")


def sql(lab: Lab, text: str) -> str:
    return lab.on_server("docker", "exec", "shop-db", "psql", "-XqAt", "-U", "shop", "-d", "shop", "-c", text).strip()


def run(lab: Lab, outputs: Path, notebook: str, *words: str, code: int = PASSED) -> str:
    done = lab.runbook("run", notebook, "-e", lab.environment, *words, outputs=outputs)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def apply(lab: Lab, outputs: Path, notebook: str, *words: str) -> str:
    return run(lab, outputs, notebook, "--apply", "--confirm", lab.name, "--reason", "a test", *words)


def test_it_runs_as_its_owners_started_it_with_rows_and_files(lab: Lab) -> None:
    assert lab.on_server("sh", "-c", "ls -a /opt/shop").split().count(".runbook") == 0
    assert lab.on_server("git", "-C", "/opt/shop", "status", "--porcelain", user="deploy") == ""
    assert int(sql(lab, 'SELECT count(*) FROM "user"')) == 600
    assert sql(lab, "SELECT rolname FROM pg_roles WHERE rolsuper") == "shop"
    assert len(lab.on_server("docker", "exec", "shop-web", "sh", "-c", FILES).splitlines()) == 12


def test_the_overview_says_that_no_runbook_has_deployed_it(lab: Lab, outputs: Path) -> None:
    shown = lab.runbook("run", "00_start_here", "-e", lab.environment, outputs=outputs)
    # without a backup the overview is red; it is neither refused nor an error
    assert shown.returncode == 1, shown.stdout + shown.stderr
    report = next(outputs.glob("*00_start_here/report.html")).read_text()
    assert "an application runs that no runbook has deployed" in report


def test_before_the_first_deployment_there_is_nothing_to_verify_or_to_return_to(lab: Lab, outputs: Path) -> None:
    before = lab.on_server("docker", "ps", "--all", "--format", "{{.ID}} {{.Image}} {{.State}}")
    shown = run(lab, outputs, "21_verify", code=REFUSED)
    assert "An application runs that no runbook has deployed: db (postgres:15" in shown
    assert "There is no recorded release" in run(lab, outputs, "22_rollback", code=REFUSED)
    assert lab.on_server("docker", "ps", "--all", "--format", "{{.ID}} {{.Image}} {{.State}}") == before


def test_it_is_backed_up_and_the_backup_is_restored_in_a_drill(lab: Lab, outputs: Path) -> None:
    apply(lab, outputs, "30_backup_database")
    assert "not applicable" in apply(lab, outputs, "31_restore_drill")  # what the shop itself would read


def test_a_restore_brings_every_row_back_and_the_worker_writes_on(lab: Lab, outputs: Path) -> None:
    sql(lab, 'DELETE FROM "Order"; UPDATE "user" SET email = \'gone-\' || id')
    apply(lab, outputs, "32_restore_database", "-p", "confirm_database=shop", "-p", "backup_first=false")
    assert sql(lab, 'SELECT count(*) FROM "Order"') == "6000"
    assert sql(lab, 'SELECT count(*) FROM "user" WHERE email LIKE \'customer-%\'') == "600"
    reports, deadline = int(sql(lab, "SELECT max(id) FROM shop_report")), time.monotonic() + LIMIT_S
    while int(sql(lab, "SELECT max(id) FROM shop_report")) <= reports:
        assert time.monotonic() < deadline, "the worker writes no more"
        time.sleep(0.5)


def test_uploads_in_a_volume_come_back_byte_for_byte(lab: Lab, outputs: Path) -> None:
    apply(lab, outputs, "33_backup_configuration")
    lab.on_server("sh", "-c", "rm -rf /tmp/back && mkdir -p /tmp/back && tar -C /tmp/back -xzf /backups/shop/files/*.tar.gz")
    archived = lab.on_server("sh", "-c", FILES.replace("/srv/uploads", "/tmp/back"))
    assert archived == lab.on_server("docker", "exec", "shop-web", "sh", "-c", FILES)
    kept = lab.on_server("git", "--git-dir=/backups/shop/configuration.git", "ls-tree", "-r", "--name-only", "main",
                         user="deploy").split()
    assert {"project/compose.yml", "project/compose.override.yml"} <= set(kept)
    assert "project/.env" not in kept
