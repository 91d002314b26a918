"""Whether a release replaces every service that runs its code: by the Compose file, and by what runs."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.core.findings import Finding
from runbook_lib.environment import Environment
from runbook_lib.environment.migrations import Migrations
from runbook_lib.environment.release import Job
from runbook_lib.platform.checks.replaced_release import NAMED, release_runs
from runbook_lib.release.checks.compose import compose_file
from runbook_lib.release.checks.replaced_deploy import _awaited
from runbook_lib.release.facts.repository import ComposeConfig, ReleaseTree, Sources
from tests.unit.platform.facts.test_replaced_release import NEW, OLD, container, release, running
from tests.unit.shop_environment import shop
from tests.unit.smallest_environment import smallest

WEB = {"build": {"context": "/opt/app", "dockerfile": "Dockerfile"}, "image": "web:latest"}


def named(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(one.verdict.value, one.measured) for one in findings if one.check == NAMED]


def by_compose(other: dict[str, Any], web: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    config = ComposeConfig(True, "", {"web": web or WEB, "db": {"image": "postgres:15"}, "other": other})
    return named(compose_file(ReleaseTree("v1", None, sources=Sources({}, config)), smallest()))


@pytest.mark.parametrize(("other", "verdict"), [
    ({"image": "web"}, "failed"),
    ({"image": "web:2@sha256:00"}, "failed"),
    ({"image": "app-web:latest"}, "failed"),
    ({"build": {"context": "/opt/app", "dockerfile": "Dockerfile"}}, "failed"),
    ({"build": {"context": "/opt/app", "dockerfile": "other.Dockerfile"}}, "passed"),
    ({"image": "registry.example.com:5000/web"}, "passed"),
    ({"image": "web", "profiles": ["tools"]}, "passed"),
    ({}, "passed"),
])
def test_the_compose_file_shows_a_service_of_the_same_code(other: dict[str, Any], verdict: str) -> None:
    assert by_compose(other) == [(verdict, "not named: other" if verdict == "failed" else "yes")]


def test_a_service_that_is_named_is_none_that_is_left_out() -> None:
    config = ComposeConfig(True, "", {"web": WEB, "worker": {"image": "web:latest"}, "db": {"image": "postgres:15"}})
    assert named(compose_file(ReleaseTree("v1", None, sources=Sources({}, config)), shop())) == [("passed", "yes")]


def without_worker() -> Environment:
    found = shop()
    services = {"web": found.release.services["web"]}
    return found.model_copy(update={"release": found.release.model_copy(update={"services": services})})


def test_a_worker_on_the_earlier_image_is_no_release_that_runs() -> None:
    live = release(NEW, "v1.1.0", {"web": f"web:{NEW}"})
    for image in ("web:latest", f"web:{OLD}", f"web:{NEW}"):
        found = release_runs(without_worker(), running(f"web:{NEW}", image), live)
        assert [(one.verdict.value, "worker: web:" in one.measured) for one in found] == [("passed", False), ("failed", True)]


def test_what_has_stopped_or_is_another_image_is_left_alone() -> None:
    live = release(NEW, "v1.1.0", {"web": f"web:{NEW}"})
    others = (container("web", f"web:{NEW}"), container("worker", "web:latest", state="exited"),
              container("mail", "mail/web:1"))
    assert [one.verdict.value for one in release_runs(without_worker(), others, live)] == ["passed"]
    assert len(release_runs(shop(), running(f"web:{NEW}"), release(NEW, "v1.1.0"))) == 1


JOB = {"build": WEB["build"], "command": ["python3", "manage.py", "migrate"]}


def with_job(**changes: Any) -> tuple[Environment, ReleaseTree]:
    """The shop with a job that runs once and ends, and that `web` waits for."""
    base = shop()
    job = base.services["worker"].model_copy(update={"title": "Migrations", "required": False, "absent_reason": "it runs once and ends",
                                                     "no_health_check_reason": None})
    environment = base.model_copy(update={"services": {**base.services, "migrate": job}, **changes})
    web = WEB | {"depends_on": {"migrate": {"condition": "service_completed_successfully"}, "db": {"condition": "service_healthy"}}}
    config = ComposeConfig(True, "", {"web": web, "worker": {"image": "web:latest"}, "db": {"image": "postgres:15"}, "migrate": JOB})
    return environment, ReleaseTree("v1", None, sources=Sources({}, config))


def test_a_job_that_ends_is_none_that_is_left_out_and_needs_no_health_check() -> None:
    environment, tree = with_job()
    found = compose_file(tree, environment)
    assert named(found) == [("passed", "yes")]
    unchecked = next(one for one in found if one.check.startswith("every service in the Compose file has a health check"))
    assert "migrate" not in unchecked.measured and "web" in unchecked.measured


@pytest.mark.parametrize("restart", ["always", "unless-stopped"])
def test_what_is_started_again_when_it_ends_is_no_job_whatever_it_is_called(restart: str) -> None:
    """It was taken for one by `required: false`, and ran the earlier code on."""
    environment, tree = with_job()
    assert tree.sources.compose is not None
    tree.sources.compose.services["migrate"] = JOB | {"restart": restart}
    found = compose_file(tree, environment)
    assert named(found) == [("failed", "not named: migrate")]
    assert "migrate" in next(one.measured for one in found if one.check.startswith("every service in the Compose file has a health check"))


def test_a_job_that_no_step_runs_is_named() -> None:
    def judged(environment: Environment, tree: ReleaseTree) -> list[tuple[str, str]]:
        return [(one.verdict.value, one.measured) for one in _awaited(tree, environment)]

    environment, tree = with_job(migrations=None)
    assert judged(environment, tree) == [("warning", "not run: migrate, before web")]
    assert judged(*with_job()) == [("warning", "not run: migrate, before web")], "it is not the application's start that migrates"
    assert judged(*with_job(migrations=step(["python3", "manage.py", "migrate", "--noinput"]))) == []
    assert judged(environment, ReleaseTree("v1", None, sources=Sources({}, ComposeConfig(True, "", {"web": WEB})))) == []


def step(upgrade: list[str]) -> Migrations:
    return Migrations(tool="files", upgrade=tuple(upgrade), files=("a/migrations/0*.py",), table="t", applied="SELECT name FROM t")


@pytest.mark.parametrize(("command", "upgrade", "named"), [
    (["python3", "manage.py", "migrate"], ["sh", "-c", "python manage.py migrate"], False),
    ("sh -c 'python manage.py migrate && echo done'", ["python3", "manage.py", "migrate"], False),
    (None, ["npx", "prisma", "migrate", "deploy"], False),  # the image's own command: by its name
    (["python3", "manage.py", "collectstatic"], ["python3", "manage.py", "migrate"], True),
    (["mc", "mb", "store/uploads"], ["python3", "manage.py", "migrate"], True),
])
def test_a_step_that_migrates_is_no_step_for_another_job(command: Any, upgrade: list[str], named: bool) -> None:
    """With any command for migrations no job was named that nothing runs."""
    environment, tree = with_job(migrations=step(upgrade))
    assert tree.sources.compose is not None
    tree.sources.compose.services["migrate"] = {"build": WEB["build"]} | ({"command": command} if command else {})
    found = _awaited(tree, environment)
    assert [one.measured for one in found] == (["not run: migrate, before web"] if named else [])
    assert not named or (found[0].next_step.startswith("Name it in release.jobs") and "migrations.upgrade" not in found[0].next_step)


def test_alembic_of_the_step_is_alembic_of_the_job() -> None:
    environment, tree = with_job(migrations=Migrations(tool="alembic"))
    assert tree.sources.compose is not None
    tree.sources.compose.services["migrate"] = {"build": WEB["build"], "command": ["alembic", "upgrade", "heads"]}
    assert _awaited(tree, environment) == ()


def test_checks_of_a_compose_file_are_called_what_they_are_where_there_is_no_proxy_and_no_health_check() -> None:
    base = smallest()
    web = next(iter(base.services.values())).model_copy(update={"published": False, "no_health_check_reason": "it has no port"})
    environment = base.model_copy(update={"services": {"web": web}, "proxy": None})
    found = [one.check for one in compose_file(ReleaseTree("v1", None, sources=Sources({}, ComposeConfig(True, "", {"web": WEB}))), environment)]
    assert "every service in the Compose file has a health check, or the environment file says why not" in found
    assert "the Compose file publishes no port, but on the server's own addresses" in found


def test_a_job_that_20_runs_is_waited_for() -> None:
    environment, tree = with_job(migrations=None)
    assert [one.verdict.value for one in _awaited(tree, environment)] == ["warning"]
    release_rules = environment.release.model_copy(update={"jobs": {"migrate": Job(image="web")}})
    assert _awaited(tree, environment.model_copy(update={"release": release_rules})) == ()
