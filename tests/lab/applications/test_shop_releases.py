"""Releases of an application that its owners started by hand: deployed, verified and rolled back by its file alone.

The tests run in this order, on the server of test_shop.py: what runs there is adopted by the first deployment.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from lab.applications.registry import SHOP
from lab.applications.sources import releases_of
from lab.resilience.runner import start_run, wait_for
from runbook_lib.core.errors import INCONCLUSIVE, PASSED, REFUSED, ROLLED_BACK
from tests.lab.applications.test_shop import apply, run, sql
from tests.lab_server import Lab

CATALOGUE = {release.tag: release for release in releases_of(SHOP)}
# long enough for the requests that a pass needs, on a machine that is not busy
WATCH = ("-p", "watch_s=8")
# a busy machine is slow: what it measures of speed says nothing about the runbooks
OF_THE_MACHINE = {"response time p95", "error rate", "watch", "verdict"}
OWN = "cd /opt/shop && git status --porcelain --untracked-files=all -- . ':!.runbook' && cat .env"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, lab: Lab) -> Path:
    lab.on_server("install", "-d", "-o", "deploy", "-m", "0700", "/backups/shop", "/backups/shop/database")
    return tmp_path_factory.mktemp("outputs")


def releases(lab: Lab) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lab.on_server("cat", "/opt/shop/.runbook/releases.jsonl").splitlines()]


def image(lab: Lab, service: str) -> str:
    return lab.on_server("docker", "inspect", "--format", "{{.Config.Image}}", f"shop-{service}").strip()


def deploy(lab: Lab, outputs: Path, tag: str, *codes: int) -> str:
    done = lab.runbook("run", "20_deploy", "-e", lab.environment, "-p", f"ref={tag}", *WATCH, "--apply", "--confirm",
                       lab.name, "--reason", "a test", outputs=outputs)
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout + done.stderr


def rows(lab: Lab) -> tuple[str, ...]:
    return tuple(sql(lab, f'SELECT count(*) FROM "{table}"') for table in ("user", "Order", "shop_product"))


def test_a_release_that_its_own_tools_refuse_changes_nothing(lab: Lab, outputs: Path) -> None:
    before = lab.on_server("docker", "ps", "--all", "--format", "{{.ID}} {{.Image}} {{.State}}")
    shown = deploy(lab, outputs, "broken-compose", REFUSED)
    assert 'depends on undefined service "database"' in shown
    assert lab.on_server("docker", "ps", "--all", "--format", "{{.ID}} {{.Image}} {{.State}}") == before


def test_the_first_deployment_keeps_what_ran_and_touches_no_file_of_its_owners(lab: Lab, outputs: Path) -> None:
    ran = lab.on_server("docker", "inspect", "--format", "{{.Image}}", "shop-web").strip()
    own, data = lab.on_server("sh", "-c", OWN, user="deploy"), rows(lab)
    # inconclusive where too few requests were sent meanwhile: it is live all the same
    deploy(lab, outputs, "v1.1.0", PASSED, INCONCLUSIVE)
    adopted, live = releases(lab)
    assert (adopted["adopted"], adopted["images"]["web"]) == (True, f"web:found-{ran.removeprefix('sha256:')[:12]}")
    assert lab.on_server("docker", "image", "inspect", "--format", "{{.Id}}", adopted["images"]["web"]).strip() == ran
    assert image(lab, "web") == image(lab, "worker") == f"web:{live['commit']}"
    assert lab.on_server("sh", "-c", OWN, user="deploy") == own
    assert rows(lab) == data


def test_what_its_owners_have_not_is_not_applicable_in_the_verification(lab: Lab, outputs: Path) -> None:
    lab.runbook("run", "21_verify", "-e", lab.environment, "-p", "watch_s=3", outputs=outputs)
    # an earlier run was refused before the first deployment, and measured nothing
    cases = ElementTree.parse(max(outputs.glob("*21_verify/junit.xml"))).iter("testcase")
    found = {case.get("name", ""): [part.get("message", "") for part in case] for case in cases}
    assert {"the containers run the release's image", "the release's migrations are applied"} <= set(found)
    absent = {name for name, why in found.items() if any(one.startswith("not applicable: ") for one in why)}
    assert absent == {"smoke test", "frontend assets", "monitoring targets", "alerts"}
    assert {name for name, why in found.items() if why} - absent - OF_THE_MACHINE == set()


# the others: `python -m lab catalogue --application shop`; what counts requests or rows depends on the machine
@pytest.mark.parametrize("tag", ["broken-migration", "broken-closed"])
def test_a_broken_release_is_undone_by_the_images_of_before(lab: Lab, outputs: Path, tag: str) -> None:
    before, live, data = releases(lab), image(lab, "web"), rows(lab)
    release = CATALOGUE[tag]
    shown = deploy(lab, outputs, tag, ROLLED_BACK)
    assert release.expect.exit_code == ROLLED_BACK
    assert any(f", step {key}" in shown for key in release.expect.stopped_at), shown
    assert (releases(lab), image(lab, "web"), image(lab, "worker"), rows(lab)) == (before, live, live, data)
    # what the undo removed is kept
    kept, = max(outputs.glob("*20_deploy")).glob("evidence/*-containers.txt")
    assert "shop-web" in kept.read_text()


def test_a_path_that_only_a_newer_release_has_keeps_no_earlier_one_from_coming_back(lab: Lab, outputs: Path) -> None:
    """Found by trying: all was undone, and called a failed rollback (6), because the earlier release has no such path."""
    later = outputs / f"{lab.name}.yaml"
    later.write_text(yaml.safe_dump({
        "extends": [lab.environment], "name": lab.name, "title": "its file names a later path",
        "health": {"endpoints": {"/healthz2": {"title": "new", "service": "web", "contains": "ok"}}}}))
    before, live = releases(lab), image(lab, "web")
    done = lab.runbook("run", "20_deploy", "-e", str(later), "-p", "ref=v1.2.0", *WATCH, "--apply", "--confirm", lab.name,
                       "--reason", "a test", outputs=outputs)
    assert done.returncode == ROLLED_BACK, done.stdout + done.stderr
    assert (releases(lab), image(lab, "web")) == (before, live)
    answers = json.loads(lab.on_server("cat", "/opt/shop/.runbook/endpoints.json"))
    assert answers == {before[-1]["commit"]: {"/healthz2": 404}}


def test_a_rollback_returns_to_what_ran_before_any_runbook(lab: Lab, outputs: Path) -> None:
    data = rows(lab)
    apply(lab, outputs, "22_rollback")
    adopted = releases(lab)[0]
    assert (releases(lab)[-1]["images"], image(lab, "web")) == (adopted["images"], adopted["images"]["web"])
    assert rows(lab) == data
    # a retry does not bring back what was rolled back
    assert "would be brought back" in run(lab, outputs, "22_rollback", code=REFUSED)


def test_a_rollback_with_its_data_brings_a_backup_of_its_time(lab: Lab, outputs: Path) -> None:
    sql(lab, 'DELETE FROM "Order"')
    shown = apply(lab, outputs, "22_rollback", "-p", "to=v1.1.0", "-p", "database=restore",
                  "-p", "confirm_database=shop", "-p", "backup_first=false")
    assert "Replace the containers by v1.1.0" in shown
    assert sql(lab, 'SELECT count(*) FROM "Order"') == "6000"


def test_a_rollback_with_its_data_that_is_killed_leaves_users_a_release_on_data_of_its_time(lab: Lab, outputs: Path) -> None:
    """It left everything stopped until an operator ran it again. Its swap may be done all the same: jobs outlive their run."""
    adopted, live = releases(lab)[0], image(lab, "web")
    given = {"to": "as-found", "database": "restore", "confirm_database": "shop", "backup_first": "false"}
    with start_run(lab.name, lab.environment, outputs, "22_rollback", given, "a test") as run:
        run.until("step_finished", "stop-writers")
        run.kill()
    wait_for(lambda: "stopped-writers" not in lab.on_server("ls", "/opt/shop/.runbook"), "the watchdog", 300)
    swapped = sql(lab, "SELECT count(*) FROM pg_database WHERE starts_with(shobj_description(oid, 'pg_database'), 'runbook: swap in')")
    assert image(lab, "web") == image(lab, "worker") == (adopted["images"]["web"] if swapped == "1" else live)
    assert "started again: web worker" in lab.on_server("cat", "/opt/shop/.runbook/writers-watchdog.log")
    apply(lab, outputs, "22_rollback", *(word for name, value in given.items() for word in ("-p", f"{name}={value}")))
    assert releases(lab)[-1]["images"] == adopted["images"]
    deploy(lab, outputs, "v1.1.0", PASSED, INCONCLUSIVE)  # what the files after this one begin with
