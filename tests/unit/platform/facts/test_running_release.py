"""What runs, where the server's own files about it are lost: never a first deployment."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable, PreconditionFailed
from runbook_lib.core.text import parse_assignments
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import Deployed, deployed_state
from runbook_lib.platform.facts.running_release import (
    STRANGERS,
    RunningRelease,
    env_file_of,
    refuse_another_project,
    running_release,
    upstreams_file,
)

ENVIRONMENT = load_environment("staging")
BLUE, GREEN = "a" * 40, "b" * 40
NO_REPLY = EndpointUnavailable("refused")
FOLDER = ENVIRONMENT.server.directory


def backend(colour: str, commit: str, state: str = "running") -> Container:
    name = f"backend-{colour}"
    return Container(name, name, f"gw2-backend:{commit}", "d", state, "healthy", 0, False, 0, None)


def inspected(service: str, image: str, state: str = "running", **labels: str) -> dict[str, Any]:
    return {"Name": f"/gw2-staging-{service}-1", "Image": "sha256:1", "Id": service, "HostConfig": {},
            "State": {"Status": state}, "Config": {"Image": image, "Labels": {"com.docker.compose.service": service, **labels}}}


def state(*containers: dict[str, Any], env: str | None = None, upstreams: str | None = None, record: str | None = None,
          others: str = "", health: Any = NO_REPLY, volumes: str = "", pre_image: str | None = None,
          answers: str | None = None) -> Deployed:
    connections: Any = ScriptedConnections(
        commands={"rev-parse": f"{GREEN}\n", "sha256sum": (1, ""), "image ls": "", "volume ls": volumes, "system df": "[]",
                  "strangers": others,
                  "containers gw2-staging": json.dumps(containers)},
        files={f"{FOLDER}/.env": env, f"{FOLDER}/.runbook/upstreams/active.conf": upstreams,
               f"{FOLDER}/.runbook/releases.jsonl": record, f"{FOLDER}/.runbook/pre-image.json": pre_image,
               f"{FOLDER}/.runbook/endpoints.json": answers},
        replies={"/health": health})
    return deployed_state(ENVIRONMENT).fetch(connections)


RUNNING = (inspected("backend-green", f"gw2-backend:{GREEN}"), inspected("frontend-green", f"gw2-frontend:{GREEN}"),
           inspected("nginx", "nginx:latest"), inspected("postgres", "postgres:15.3", **{"org.gw2.config-hash": "cafe"}))


def test_a_server_without_files_and_without_containers_is_a_first_deployment() -> None:
    found = state()
    assert (found.live_colour, found.env_text, found.upstreams_text, found.lost) == (None, None, None, ())


NOTHING_WAS_THERE = json.dumps({"live_colour": None, "env": None, "running": {}})
DATA = "gw2-staging_postgres_data\tgw2-staging\n"


def test_data_without_a_container_are_shown_with_the_state() -> None:
    found = state(env="", volumes=DATA)
    assert found.left_volumes == ("gw2-staging_postgres_data",)
    assert found.summary["data without a container"] == "gw2-staging_postgres_data"


@pytest.mark.parametrize(("pre_image", "undone"), [
    (NOTHING_WAS_THERE, True), (None, False), ("{", False), ("[]", False), ("{}", False),
    (json.dumps({"live_colour": "blue", "env": "x", "running": {}}), False),
    (json.dumps({"live_colour": None, "env": None, "running": {"postgres": {}}}), False),
])
def test_a_first_deployment_that_was_undone_is_known_by_what_it_had_found(pre_image: str | None, undone: bool) -> None:
    assert state(volumes=DATA, pre_image=pre_image).first_undone is undone


def test_what_was_live_once_is_never_a_first_deployment_that_was_undone() -> None:
    assert not state(volumes=DATA, pre_image=NOTHING_WAS_THERE, env="BLUE_COMMIT=a").first_undone
    assert not state(volumes=DATA, pre_image=NOTHING_WAS_THERE, upstreams=upstreams_file(ENVIRONMENT, "blue"), env="A=b").first_undone


@pytest.mark.parametrize(("env", "upstreams", "lost"), [
    (None, None, (".env", ".runbook/upstreams/active.conf")),
    (f"COMPOSE_PROFILES=green\nGREEN_COMMIT={GREEN}\n", None, (".runbook/upstreams/active.conf",)),
    (None, upstreams_file(ENVIRONMENT, "green"), (".env",)),
    ("", "", (".env", ".runbook/upstreams/active.conf")),
])
def test_a_lost_file_is_read_from_what_runs(env: str | None, upstreams: str | None, lost: tuple[str, ...]) -> None:
    found = state(*RUNNING, env=env, upstreams=upstreams)
    assert (found.live_colour, found.live_commit, found.lost) == ("green", GREEN, lost)
    assert found.upstreams_text == upstreams_file(ENVIRONMENT, "green")
    assert "lost, read from Docker" in found.summary


def test_the_env_file_made_from_containers_changes_none_of_them() -> None:
    variables = state(*RUNNING).variables
    assert (variables["POSTGRES_IMAGE"], variables["POSTGRES_CONFIG_HASH"]) == ("postgres:15.3", "cafe")
    assert (variables["GREEN_COMMIT"], variables["BLUE_COMMIT"], variables["COMPOSE_PROFILES"]) == (GREEN, "", "green")
    assert variables["GREEN_VERSION"] == GREEN[:12]


def test_the_name_of_a_release_comes_from_the_history() -> None:
    text = env_file_of(ENVIRONMENT, [backend("green", GREEN)], "green", {GREEN: "v3.2.0"})
    assert parse_assignments(text)["GREEN_VERSION"] == "v3.2.0"


def test_a_stopped_application_is_still_there() -> None:
    assert state(inspected("backend-blue", f"gw2-backend:{BLUE}", "exited")).live_commit == BLUE


def test_a_database_alone_is_no_live_release_and_no_empty_server() -> None:
    found = state(inspected("postgres", "postgres:15"))
    assert found.live_colour is None
    assert found.env_text is not None


BOTH = [backend("blue", BLUE), backend("green", GREEN)]


def test_of_two_colours_the_one_counts_that_users_get() -> None:
    assert running_release(ENVIRONMENT, BOTH, named_colour="blue") == RunningRelease("blue", BLUE)
    assert running_release(ENVIRONMENT, BOTH, served_commit=GREEN) == RunningRelease("green", GREEN)
    with pytest.raises(FactUnreadable, match="Both colours"):
        running_release(ENVIRONMENT, BOTH)
    with pytest.raises(FactUnreadable, match="Both colours"):
        running_release(ENVIRONMENT, [backend("blue", BLUE), backend("green", BLUE)], served_commit=BLUE)


def test_a_running_colour_comes_before_a_stopped_one() -> None:
    assert running_release(ENVIRONMENT, [backend("blue", BLUE), backend("green", GREEN, "exited")]) == RunningRelease("blue", BLUE)
    assert running_release(ENVIRONMENT, [backend("blue", "latest")]) == RunningRelease("blue", None)


def test_the_colour_that_users_get_is_asked_of_the_application() -> None:
    both = (inspected("backend-blue", f"gw2-backend:{BLUE}"), *RUNNING)
    assert state(*both, health=(200, {"commit": BLUE})).live_colour == "blue"
    with pytest.raises(FactUnreadable):
        state(*both)


@pytest.mark.parametrize("case", [
    {"others": "project\tgw2-wvwbuilder\tgw2-wvwbuilder-backend-1\n"},
    {"containers": (inspected("backend", "app:latest"),)},
    {"containers": (inspected("my-backend", "app:latest"), inspected("postgres", "postgres:15"))},
    {"containers": (inspected("nginx", "nginx:latest"), inspected("web-backend", "web:latest"), inspected("db", "postgres:15"))},
])
def test_an_application_that_no_runbook_deployed_is_refused_by_name(case: dict[str, Any]) -> None:
    with pytest.raises(PreconditionFailed, match=r"no runbook has deployed: .*backend"):
        state(*case.get("containers", ()), others=case.get("others", ""))


def test_a_helper_next_to_a_release_is_no_other_application() -> None:
    found = state(*RUNNING, inspected("pgadmin", "pgadmin:latest"))
    assert (found.live_colour, found.live_commit) == ("green", GREEN)


def test_what_of_another_compose_file_has_ended_is_not_in_the_way() -> None:
    assert state(inspected("web", "web:latest", "exited"), inspected("postgres", "postgres:15")).live_colour is None


def test_a_project_that_runs_from_another_folder_is_another_environments() -> None:
    with pytest.raises(PreconditionFailed, match="gw2-staging belongs to /opt/second: gw2-staging-backend-1") as refused:
        state(others="folder\t/opt/second\tgw2-staging-backend-1\n")
    assert "compose.project" in refused.value.next_step


@pytest.mark.parametrize("value", ["gw2-staging # since May", "'gw2-staging' # x", "${PROJECT}", "${PROJECT:-second}", '"$PROJECT"', "# nothing"])
def test_a_comment_and_a_name_that_only_compose_knows_are_no_other_project(value: str) -> None:
    refuse_another_project(ENVIRONMENT, parse_assignments(f"COMPOSE_PROJECT_NAME={value}\n"))


@pytest.mark.parametrize("owner", ["gw2-second", '"gw2-second"', "'gw2-second'", "gw2-second # theirs"])
def test_a_folder_whose_env_names_another_project_is_another_environments(owner: str) -> None:
    """Another project's name would make a second, empty database; nothing says so later."""
    with pytest.raises(PreconditionFailed, match="belongs to the Compose project gw2-second") as refused:
        state(*RUNNING, env=f"COMPOSE_PROJECT_NAME={owner}\nGREEN_COMMIT={GREEN}\n", upstreams=upstreams_file(ENVIRONMENT, "green"))
    assert "compose.project to gw2-second" in refused.value.next_step


# project, state, name and folder of each container
ENGINE = """#!/bin/sh
[ -z "$GONE" ] || exit 1
tab=$(printf '\\t')
printf '%s\\n' "$ROWS" | tr ' ' "$tab"
"""


@pytest.mark.parametrize(("row", "found"), [
    ("ours running ours-db-1 {here}", ""),
    ("ours exited ours-db-1 {link}", ""),
    ("ours exited ours-db-1 {other}", "folder\t{other}\tours-db-1\n"),
    ("other running other-db-1 {here}", "project\tother\tother-db-1\n"),
    ("other running other-db-1 {link}", "project\tother\tother-db-1\n"),
    ("other exited other-db-1 {here}", ""),
    ("other running other-db-1 {other}", ""),
    ("ours running ours-db-1 ", ""),
    ("", ""),
])
def test_folder_and_project_are_compared_by_what_they_are(tmp_path: Path, row: str, found: str) -> None:
    places = {name: str(tmp_path / name) for name in ("here", "other", "link")}
    for name in ("here", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "here")
    done = strangers(tmp_path, row.format(**places), places["here"])
    assert (done.returncode, done.stdout) == (0, found.format(**places))


def test_an_engine_that_does_not_answer_is_not_one_without_strangers(tmp_path: Path) -> None:
    assert strangers(tmp_path, "", str(tmp_path), gone="1").returncode != 0


def strangers(folder: Path, rows: str, here: str, gone: str = "") -> subprocess.CompletedProcess[str]:
    (folder / "docker").write_text(ENGINE)
    (folder / "docker").chmod(0o755)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "ROWS": rows, "GONE": gone}
    return subprocess.run(("sh", "-c", STRANGERS, "strangers", here, "ours"), env=environment, capture_output=True, text=True,
                          check=False)
