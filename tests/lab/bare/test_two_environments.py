"""Two environments of one user on one server: a real cron's crontab, and containers of a real Docker Engine."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from lab import images
from lab.engine import docker
from lab.processes import output
from runbook_lib.connections import open_connections
from runbook_lib.environment.compose import Compose
from runbook_lib.platform.facts.containers import exec_in
from runbook_lib.platform.facts.server import DATABASE_DATA, DOCKER_DATA, SURVEY, parse_server
from runbook_lib.platform.plans.compose import remove_project, remove_services, stop_services
from runbook_lib.recovery.facts.installed_schedules import survey_schedules
from runbook_lib.recovery.plans.scheduled_programs import cron_block
from runbook_lib.recovery.plans.schedules import INSTALLED, REMOVED, plan_schedules

if TYPE_CHECKING:
    from runbook_lib.connections import OpenConnections
    from runbook_lib.core.commands import Command
    from runbook_lib.environment import Environment
    from tests.lab_server import Lab

FOREIGN = "MAILTO=ops@example.com\n#17 4 * * 1 /usr/local/bin/one\n18 4 * * 1 /usr/local/bin/two"


def environment_of(base: Environment, project: str) -> Environment:
    """Another environment of the same user on the same server."""
    server = base.server.model_copy(update={"directory": f"/home/{base.server.user}/{project}"})
    return base.model_copy(update={"name": project, "server": server, "compose": Compose(project=project, files=base.compose.files)})


def carry_out(environment: Environment, connections: OpenConnections, wanted: str) -> None:
    """The crontab's part of 34, as the plan has it; its programs are files in a folder of the environment."""
    now = survey_schedules(environment).fetch(connections)
    assert (now.scheduler, now.crontab_problem) == ("cron", "")
    for step in plan_schedules(now, environment, wanted).steps:
        for action in step.actions if step.key in ("schedule-save", "schedule-timer") else ():
            connections.server.run(action)  # type: ignore[arg-type]


def test_schedules_of_two_environments_come_and_go_without_touching_each_other(lab: Lab, environment: Environment) -> None:
    user = environment.server.user
    first, second = environment_of(environment, "first"), environment_of(environment, "second")
    lab.on_server("bash", "-c", f"pgrep -x cron >/dev/null || cron; printf %s\\\\n '{FOREIGN}' | crontab -u {user} -")

    def crontab() -> str:
        return lab.on_server("crontab", "-u", user, "-l")

    try:
        with open_connections(environment) as connections:
            for one in (first, second):
                carry_out(one, connections, INSTALLED)
            both = f"{FOREIGN}\n{cron_block(first)}{cron_block(second)}"
            assert crontab() == both
            for one in (first, second):
                assert survey_schedules(one).fetch(connections).crontab == cron_block(one)
                carry_out(one, connections, INSTALLED)
            assert crontab() == both, "a second time changes nothing"
            carry_out(first, connections, REMOVED)
            assert crontab() == f"{FOREIGN}\n{cron_block(second)}"
            # who may not have a crontab is refused, and nothing is taken for empty
            lab.on_server("bash", "-c", f"echo {user} >/etc/cron.deny")
            denied = survey_schedules(second).fetch(connections)
            assert "not allowed" in denied.crontab_problem and denied.scheduler == ""
            lab.on_server("rm", "/etc/cron.deny")
            carry_out(second, connections, REMOVED)
            assert crontab() == f"{FOREIGN}\n"
    finally:
        lab.on_server("bash", "-c", f"rm -f /etc/cron.deny; crontab -u {user} -r; rm -rf /home/{user}/first /home/{user}/second")


@pytest.fixture
def projects(environment: Environment) -> Iterator[tuple[Environment, Environment]]:
    """Two projects with a database each: one's has the names of an interrupted recreation and of Compose 1, and its
    data on a disk of their own; the other's is called as the first one's should be."""
    mark = uuid.uuid4().hex[:8]
    first, second = (environment_of(environment, f"{name}-{mark}") for name in ("first", "second"))
    made = [
        (first, "postgres", f"0123456789ab_{first.project}-postgres-1", ("--tmpfs", "/data:size=64m", "--env", "PGDATA=/data")),
        (first, "nginx", f"{first.project}_nginx_2", ()),
        (second, "postgres", f"{first.project}-postgres-1", ()),
    ]
    try:
        for one, service, name, options in made:
            words = (f"com.docker.compose.project={one.project}", f"com.docker.compose.service={service}",
                     "com.docker.compose.oneoff=False", f"{images.LABEL}=1")
            labels = (word for label in words for word in ("--label", label))
            output((docker(), "run", "--detach", "--rm", "--network", "none", "--name", name, *labels, *options, "--entrypoint",
                    "sleep", images.by_name("base").reference, "600"), timeout_s=120)
        yield first, second
    finally:
        subprocess.run((docker(), "rm", "--force", "--volumes", *(name for _, _, name, _ in made)), capture_output=True, check=False)


def local(command: Command | tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    argv = command if isinstance(command, tuple) else command.argv
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=180)


def running(environment: Environment) -> set[str]:
    listing = (docker(), "ps", "--filter", f"label=com.docker.compose.project={environment.project}", "--format", "{{.Names}}")
    return set(output(listing).split())


def test_containers_are_those_of_the_project_whatever_their_names(projects: tuple[Environment, Environment]) -> None:
    first, second = projects
    assert len(running(first)) == 2 and running(second) == {f"{first.project}-postgres-1"}
    inside = local(exec_in(first, "postgres", "sh", "-c", 'echo "$PGDATA"'))
    assert (inside.returncode, inside.stdout) == (0, "/data\n")
    state = parse_server(local(("bash", "-c", SURVEY, "server", first.project, first.database.service, "10", "/")).stdout, ("/",), 0, 2e12)
    root, data = state.holding(DOCKER_DATA), state.holding(DATABASE_DATA)
    assert root is not None and data is not None
    assert root.path == output((docker(), "info", "--format", "{{.DockerRootDir}}")).strip()
    assert (data.path, data.size_bytes) == ("/data", 64 * 2**20), "of the disk that holds them, not of the engine's"

    assert local(stop_services(first, "nginx")).returncode == 0
    assert len(running(first)) == 1
    assert local(remove_services(first, "postgres")).returncode == 0
    assert local(remove_project(first)).returncode == 0
    assert running(first) == set()
    assert running(second) == {f"{first.project}-postgres-1"}, "its name is the other's, its labels are not"
