"""The deployment that replaces containers, as values: its order, what it leaves out, and when it has nothing to do."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Plan, Step
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.release.facts.repository import ComposeConfig, ReleaseTree, Sources
from runbook_lib.release.plans.deploy import plan_deploy
from runbook_lib.release.plans.replace_release import EXCLUDE
from tests.unit.platform.facts.test_replaced_release import ADOPTED, FOUND, NEW, OLD, release, running, text
from tests.unit.release.plans.test_replace_images import COMPOSE as IMAGES
from tests.unit.release.plans.test_replacement import SHOP, TARGET, deployed
from tests.unit.release.repositories import git
from tests.unit.shop_environment import shop

BACKUP = Plan("back up", "shop", (Step("backup-dump", "Dump", (Command(("true",)),)),))
COMPOSE = {**IMAGES, "web": {**IMAGES["web"], "healthcheck": {"test": ["CMD", "true"], "interval": "2s"}}}
TREE = ReleaseTree("v1.1.0", None, sources=Sources({}, ComposeConfig(True, "", COMPOSE)))


def plan(found: Deployed, containers: tuple[Container, ...], environment: Environment = SHOP,
         tree: ReleaseTree | None = TREE) -> Plan:
    return plan_deploy(environment, found, containers, TARGET, secrets={}, backup=BACKUP, operator="ann", tree=tree)


def keys(of: Plan) -> list[str]:
    return [str(step.key) for step in of.steps]


def live(head: str = NEW, override: str = text(NEW, "v1.1.0")) -> Deployed:
    return deployed(override, (ADOPTED, release(NEW, "v1.1.0")), running(f"web:{NEW}"), head)


def test_what_runs_is_recorded_first_and_everything_that_can_fail_comes_before_the_outage() -> None:
    containers = running("web:latest")
    assert "is live on" in plan(deployed(containers=containers), containers).achieves
    assert keys(plan(deployed(containers=containers), containers)) == [
        "record-pre-image", "record-running", "backup-dump", "fetch", "build-web", "check-out", "configure", "switch",
        "gate-external", "watch", "commit-release",
    ]


def test_a_proxy_is_asked_whether_it_would_load_its_files_before_the_backup() -> None:
    containers = running("web:latest")
    made = plan(deployed(containers=containers), containers, shop(proxy={"service": "web", "kind": "nginx"}))
    assert keys(made)[:4] == ["record-pre-image", "record-running", "test-proxy", "backup-dump"]
    assert made.steps[2].undone_by == ()


def test_an_adopted_release_is_not_adopted_again() -> None:
    containers = running("web:latest")
    found = deployed(text(OLD, "as-found", FOUND), (ADOPTED,), containers)
    assert "record-running" not in keys(plan(found, containers))


def test_the_release_that_runs_healthily_has_nothing_to_do() -> None:
    made = plan(live(), running(f"web:{NEW}"))
    assert made.steps == ()
    assert made.reason == f"already at {NEW[:12]} (v1.1.0): recorded, running, all healthy"


def test_a_service_without_a_health_check_is_not_called_healthy() -> None:
    first, *others = running(f"web:{NEW}")
    containers = (replace(first, health=None, unchecked="it has no port"), *others)
    assert plan(live(), containers).reason.endswith(f"running, all healthy but {first.service} (no health check: it has no port)")


def test_each_part_that_is_missing_is_done_again() -> None:
    containers = running(f"web:{NEW}")
    assert plan(live(head=OLD), containers).steps
    assert plan(live(override=text(NEW, "another name")), containers).steps
    sick = (replace(containers[0], health="unhealthy"), *containers[1:])
    assert plan(live(), sick).steps
    assert plan(deployed(text(NEW, "v1.1.0"), (ADOPTED,), containers, NEW), containers).steps
    assert plan(deployed(text(NEW, "v1.1.0"), (release(NEW, "v1.1.0"),), containers[:1], NEW), containers[:1]).steps


def test_the_checkout_keeps_what_the_owners_changed_and_its_undo_is_the_commit_of_before() -> None:
    containers = running("web:latest")
    step = next(one for one in plan(deployed(containers=containers), containers).steps if one.key == "check-out")
    git = ("git", "-C", "/opt/shop", "checkout", "--quiet", "--no-overwrite-ignore", "--detach")
    assert step.actions == (Command((*git, NEW)),)
    assert step.undo_files == (Command((*git, OLD)),)


def test_a_run_that_ended_after_its_checkout_is_undone_to_the_recorded_commit() -> None:
    containers = running("web:latest")
    found = deployed(text(NEW, "v1.1.0"), (ADOPTED,), containers, head=NEW)
    step = next(one for one in plan(found, containers).steps if one.key == "check-out")
    undo, = step.undo_files
    assert isinstance(undo, Command) and undo.argv[-1] == OLD


def test_the_plan_announces_the_outage_and_the_schema_that_stays() -> None:
    containers = running("web:latest")
    made = plan(deployed(containers=containers), containers)
    why = next(step.why for step in made.steps if step.key == "switch")
    assert "an outage for users of web and worker" in why
    assert "web has 10s to stop and is first asked for its health after 2 s, which the step waits for; worker has" in why
    assert [one.key for one in made.steps if "A schema that the release brought up to date stays" in one.undone_note] == ["switch"]
    assert 'to="as-found"' in made.failed_rollback_hint
    assert "32 Restore the database" in made.failed_rollback_hint
    assert made.rollback_check is not None


def test_a_first_deployment_starts_what_the_release_needs_and_backs_nothing_up() -> None:
    made = plan(deployed(), ())
    assert "backup-dump" not in keys(made)
    assert "start-infrastructure" in keys(made)
    assert made.rollback_check is None


def test_a_proxy_that_does_not_run_is_started_when_the_release_runs() -> None:
    """An nginx ends at once while a container that its files name is not there: no first deployment got behind one."""
    entrance = {"title": "The entrance", "published": True, "ports": [8443]}
    behind = shop(proxy={"service": "entrance", "kind": "nginx"},
                  services={**{name: one.model_dump(exclude_unset=True) for name, one in SHOP.services.items()}, "entrance": entrance})
    made = plan(deployed(), (), behind)
    assert [one for one in keys(made) if one.startswith("start-") or one in ("switch", "gate-external")] == [
        "start-infrastructure", "switch", "start-proxy", "gate-external"]
    first = next(step for step in made.steps if step.key == "start-infrastructure")
    assert "entrance" not in first.title
    containers = (*running("web:latest"), replace(running("web:latest")[0], service="entrance"))
    assert "start-proxy" not in keys(plan(deployed(containers=containers), containers, behind))


def test_no_text_of_the_plan_names_a_colour() -> None:
    containers = running("web:latest")
    made = plan(deployed(containers=containers), containers)
    texts = [made.name, made.after_rollback_hint, *(text for step in made.steps for text in (step.title, step.why))]
    assert not [one for one in texts if "blue" in one or "green" in one or "colour" in one]


@pytest.mark.parametrize("folder", ["", "deploy"])
def test_git_on_the_server_does_not_see_our_folder_and_no_file_of_the_application_is_changed(
        tmp_path: Path, folder: str) -> None:
    """`git clean` of the owners would delete the release history."""
    git(tmp_path, "init", "-q")
    project = tmp_path / folder
    (project / ".runbook").mkdir(parents=True)
    (project / ".runbook/releases.jsonl").touch()
    for _ in range(2):
        subprocess.run(("sh", "-ec", EXCLUDE, "exclude", str(project)), check=True, timeout=60)
    assert git(tmp_path, "status", "--short") == ""
    assert (tmp_path / ".git/info/exclude").read_text().splitlines().count(".runbook/") == 1
