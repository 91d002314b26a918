"""Migrations as a step of their own: one that works, one that a lock blocks, one that fails half-way; and a candidate.

The tests run in this order, on the server of test_shop_releases.py, where v1.1.0 is live.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from runbook_lib.core.errors import INCONCLUSIVE, PASSED, ROLLED_BACK
from tests.lab.applications.test_shop import sql
from tests.lab.applications.test_shop_releases import WATCH, image, releases, rows
from tests.lab_server import Lab

LIMIT_S = 60
HELD_S = 3600  # until it is let go: longer than a deployment takes to its migration
STEP = {"at_start": False, "upgrade": ["python3", "manage.py", "migrate", "--noinput"]}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, lab: Lab) -> Path:
    lab.on_server("install", "-d", "-o", "deploy", "-m", "0700", "/backups/shop", "/backups/shop/database")
    return tmp_path_factory.mktemp("outputs")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, lab: Lab) -> str:
    """The shop's environment, with migrations as a step of their own, and a web that may run twice for a moment."""
    path = tmp_path_factory.mktemp("environment") / "step.yaml"
    path.write_text(yaml.safe_dump({"extends": lab.environment, "migrations": STEP, "release": {"candidates": ["web"]}}))
    return str(path)


def run(lab: Lab, outputs: Path, notebook: str, environment: str, *words: str, codes: tuple[int, ...] = (PASSED,)) -> str:
    done = lab.runbook("run", notebook, "-e", environment, *words, outputs=outputs)
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout + done.stderr


def deploy(lab: Lab, outputs: Path, environment: str, tag: str, *codes: int) -> str:
    return run(lab, outputs, "20_deploy", environment, "-p", f"ref={tag}", *WATCH, "--apply", "--confirm", lab.name,
               "--reason", "a test", codes=codes)


def findings(outputs: Path, notebook: str) -> dict[str, str]:
    """What each check of the last run measured, in the words of its report."""
    cases = ElementTree.parse(max(outputs.glob(f"*{notebook}/junit.xml"))).iter("testcase")
    return {case.get("name", ""): " ".join("".join(part.itertext()) + part.get("message", "") for part in case) for case in cases}


def report_of(outputs: Path, notebook: str) -> str:
    """The last report of a notebook, without the places at which a browser may break a long name."""
    return max(outputs.glob(f"*{notebook}/report.html")).read_text().replace("<wbr>", "")


def applied(lab: Lab) -> set[str]:
    return set(sql(lab, "SELECT app || '.' || name FROM django_migrations").splitlines())


def started(lab: Lab) -> str:
    return lab.on_server("docker", "inspect", "--format", "{{.Id}} {{.State.StartedAt}}", "shop-web").strip()


@contextmanager
def locked(lab: Lab, table: str) -> Iterator[None]:
    """A session that holds a table against every change of its columns."""
    words = lab.instance.inside("docker", "exec", "shop-db", "psql", "-XqAt", "-U", "shop", "-d", "shop", "-c",
                                f'BEGIN; LOCK TABLE "{table}" IN SHARE MODE; SELECT pg_sleep({HELD_S})')
    session = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + LIMIT_S
        held = f"SELECT count(*) FROM pg_locks WHERE granted AND mode = 'ShareLock' AND relation = '\"{table}\"'::regclass"
        while sql(lab, held) == "0":
            assert time.monotonic() < deadline, "the lock is not held"
            time.sleep(0.1)
        yield
    finally:
        sql(lab, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()")
        session.wait(LIMIT_S)


def test_what_is_pending_is_named_before_anything_is_done(lab: Lab, outputs: Path, environment: str) -> None:
    plan = run(lab, outputs, "20_deploy", environment, "-p", "ref=v1.3.0")
    assert plan
    report = report_of(outputs, "20_deploy")
    assert "1 migration: shop.0004_order_remark" in report
    asked = run(lab, outputs, "20_deploy", lab.environment, "-p", "ref=v1.3.0")
    assert asked
    assert "pending: shop.0004_order_remark" in report_of(outputs, "20_deploy")
    lab.runbook("run", "10_preflight", "-e", environment, "-p", "ref=v1.3.0", outputs=outputs)
    assert "pending: shop.0004_order_remark; 20 Deploy runs them" in report_of(outputs, "10_preflight")


def test_a_lock_ends_the_migration_and_no_container_is_touched(lab: Lab, outputs: Path, environment: str) -> None:
    web, before, history = started(lab), applied(lab), releases(lab)
    with locked(lab, "Order"):
        shown = deploy(lab, outputs, environment, "v1.3.0", ROLLED_BACK)
    assert ", step migrate" in shown
    assert "lock timeout" in shown or "canceling statement" in shown
    assert (started(lab), applied(lab), releases(lab)) == (web, before, history)
    assert lab.on_server("docker", "ps", "--all", "--quiet", "--filter", "name=shop-migration") == ""


def test_a_migration_that_works_has_run_before_the_release_is_live(lab: Lab, outputs: Path, environment: str) -> None:
    data = rows(lab)
    deploy(lab, outputs, environment, "v1.3.0", PASSED, INCONCLUSIVE)
    assert "shop.0004_order_remark" in applied(lab)
    assert image(lab, "web") == image(lab, "worker") == f"web:{releases(lab)[-1]['commit']}"
    assert rows(lab) == data
    assert lab.on_server("docker", "inspect", "--format", "{{json .Config.Cmd}}", "shop-web").count("migrate") == 0
    lab.runbook("run", "21_verify", "-e", environment, "-p", "watch_s=0", outputs=outputs)
    assert findings(outputs, "21_verify")["the release's migrations are applied"] == ""


def test_one_that_fails_half_way_replaces_nothing_and_what_stays_is_named(lab: Lab, outputs: Path, environment: str) -> None:
    web, history, data = started(lab), releases(lab), rows(lab)
    shown = deploy(lab, outputs, environment, "broken-half-way", ROLLED_BACK)
    assert ", step migrate" in shown and "one_order_a_customer" in shown
    assert "the schema is not undone" in shown
    assert (started(lab), releases(lab), rows(lab)) == (web, history, data)
    # the first of the two has finished; the second one left a column, and is not applied
    assert "shop.0005_order_paid" in applied(lab) and "shop.0006_one_order_a_customer" not in applied(lab)
    report = report_of(outputs, "20_deploy")
    assert "applied, and stays: shop.0005_order_paid" in report
    # users noticed nothing
    assert "0.0 s, 0 of" in report


def test_a_schema_that_the_live_code_cannot_work_with_is_found_out_on_a_copy(lab: Lab, outputs: Path, environment: str) -> None:
    """Found by trying: users met the errors, from the migration until the release was there or was undone."""
    web, before = started(lab), applied(lab)
    shown = deploy(lab, outputs, environment, "v2.0.0", ROLLED_BACK)
    assert ", step compatibility-check" in shown
    assert "/api/products: 200 before, 500 after the migration, 500 started anew" in shown
    assert (started(lab), applied(lab)) == (web, before)
    assert lab.on_server("docker", "ps", "--all", "--quiet", "--filter", "label=runbook.job=schema-copy") == ""
    assert lab.on_server("docker", "network", "ls", "--quiet", "--filter", "label=runbook.job=schema-copy") == ""


@pytest.mark.parametrize(("tag", "reason"), [
    ("broken-start", "cannot import name"),
    ("broken-closed", "state is"),
])
def test_a_release_that_does_not_become_healthy_ends_without_an_outage(
        lab: Lab, outputs: Path, environment: str, tag: str, reason: str) -> None:
    web, history = started(lab), releases(lab)
    shown = deploy(lab, outputs, environment, tag, ROLLED_BACK)
    assert ", step candidate-web" in shown and reason in shown
    assert (started(lab), releases(lab)) == (web, history)
    assert lab.on_server("docker", "ps", "--all", "--quiet", "--filter", "name=candidate") == ""
    assert "0.0 s, 0 of" in report_of(outputs, "20_deploy")
