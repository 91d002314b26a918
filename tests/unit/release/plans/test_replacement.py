"""Adopting what runs, the override, and the containers that are made anew: each with its undo."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.replaced_release import parse_override, replaced_state
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.compose import compose_up, once_settled, remove_services
from runbook_lib.platform.plans.rollout import Choices, Rollout
from runbook_lib.release.plans.replacement import (
    Replacement,
    adopt_running,
    record_release,
    replace_containers,
    replacement_of,
    write_override,
)
from tests.unit.platform.facts.test_replaced_release import ADOPTED, FOUND, NEW, OLD, images, release, running, text
from tests.unit.shop_environment import shop

SHOP = shop()
TARGET = Target(NEW, "v1.1.0", {}, "", frozenset(), None)


def deployed(override: str | None = None, releases: tuple[Release, ...] = (), containers: tuple[Container, ...] = (),
             head: str | None = OLD) -> Deployed:
    state = replaced_state(SHOP, override, releases, containers)
    return Deployed(None, head, None, None, None, frozenset(), releases, by_hand=state.by_hand, replaced=state)


def change(override: str | None = None, releases: tuple[Release, ...] = (),
           containers: tuple[Container, ...] = running("web:latest")) -> Replacement:
    rollout = Rollout(SHOP, deployed(override, releases, containers), TARGET, Choices("ann", "why"), containers)
    return replacement_of(rollout)


def line_of(command: object) -> dict[str, object]:
    assert isinstance(command, Command)
    found: dict[str, object] = json.loads(command.argv[-1])
    return found


def test_what_runs_by_hand_is_kept_and_recorded_before_anything_and_no_container_is_touched() -> None:
    step, = adopt_running(change())
    tag, line, override = step.actions
    assert isinstance(tag, Command) and isinstance(override, WriteFile)
    assert tag.argv == ("docker", "tag", "sha256:0123456789abcdef", "web:found-0123456789ab")
    assert line_of(line) == {"commit": OLD, "version": "as-found", "colour": "", "schema_revision": None,
                             "images": FOUND, "adopted": True}
    assert override.path == "/opt/shop/.runbook/release.override.yml"
    assert parse_override(str(override.content)).images == FOUND
    assert step.undone_by == ()


def test_an_image_of_each_service_is_kept_where_they_differ() -> None:
    web, worker, db = running("web:latest")
    step, = adopt_running(change(containers=(web, replace(worker, image_id="sha256:fedcba987654321"), db)))
    assert [one.argv[2:] for one in step.actions[:2] if isinstance(one, Command)] == [
        ("sha256:0123456789abcdef", "web:found-0123456789ab"), ("sha256:fedcba987654321", "web:found-fedcba987654")]


def test_what_the_runbooks_have_started_is_not_adopted() -> None:
    assert adopt_running(change(text(OLD, "as-found", FOUND), (ADOPTED,))) == ()
    assert adopt_running(change(containers=())) == ()


def test_a_database_alone_is_no_release_to_return_to() -> None:
    found = change(containers=(running("web:latest")[2],))
    assert (adopt_running(found), found.previous) == ((), None)


def test_an_undo_returns_to_the_images_of_before() -> None:
    found = change()
    step = replace_containers(found, "an outage")
    assert step.actions == (compose_up(SHOP, "web", "worker"),)
    assert step.undo == (once_settled(compose_up(SHOP, "web", "worker")),)
    back, = write_override(found).undo_files
    assert isinstance(back, WriteFile) and parse_override(str(back.content)).images == FOUND


def test_users_of_an_nginx_in_front_are_sent_to_the_new_containers_and_to_those_of_an_undo() -> None:
    """Found on a real engine: an nginx keeps the addresses that it looked up when it loaded its files."""
    found, behind = change(), shop(proxy={"service": "web", "kind": "nginx"})
    step = replace_containers(replace(found, rollout=replace(found.rollout, environment=behind)), "an outage")
    for actions in (step.actions, step.undo):
        assert "nginx_as_started -s reload" in str(actions[-1]) and "nginx" not in str(actions[:-1])
    for followed in ({"service": "web", "kind": "traefik"}, {"kind": "other"}, None):
        other = shop(proxy=followed) if followed else SHOP
        assert "nginx" not in str(replace_containers(replace(found, rollout=replace(found.rollout, environment=other)), ""))


def test_an_undo_after_an_interrupted_run_returns_to_the_recorded_release_and_not_to_what_was_left() -> None:
    found = change(text(NEW, "v1.1.0"), (ADOPTED,), running(f"web:{NEW}", "web:latest"))
    back, = write_override(found).undo_files
    assert isinstance(back, WriteFile) and parse_override(str(back.content)).images == FOUND


def test_a_first_deployment_leaves_no_container_and_no_override() -> None:
    found = change(containers=())
    assert replace_containers(found, "").undo == (remove_services(SHOP, "web", "worker"),)
    assert write_override(found).undo_files == (Command(("rm", "-f", "/opt/shop/.runbook/release.override.yml")),)


def test_a_service_that_the_release_of_before_lacked_is_removed_again() -> None:
    web, _, db = running("web:latest")
    step = replace_containers(change(containers=(web, db)), "")
    assert step.undo == (once_settled(compose_up(SHOP, "web")), remove_services(SHOP, "worker"))


def test_the_record_names_the_image_of_each_service() -> None:
    line = line_of(record_release(change()).actions[0])
    assert (line["commit"], line["version"], line["images"]) == (NEW, "v1.1.0", images(NEW))


def test_a_service_with_several_containers_keeps_their_number() -> None:
    """`up` reduces it to what the Compose file says: a worker that was scaled by hand would lose all but one."""
    web, worker, db = running("web:latest")
    containers = (web, worker, replace(worker, name="shop-worker-2"), db)
    step = replace_containers(change(containers=containers), "")
    for action in (*step.actions, *step.undo):
        assert isinstance(action, Command)
        assert action.argv[-4:] == ("--scale", "worker=2", "web", "worker")


def test_an_earlier_release_brings_its_own_images() -> None:
    rollout = Rollout(SHOP, deployed(text(NEW, "v1.1.0"), (ADOPTED, release(NEW, "v1.1.0")), running(f"web:{NEW}")),
                      Target(OLD, "as-found", {}, ""), containers=running(f"web:{NEW}"))
    found = replacement_of(rollout, FOUND)
    assert parse_override(found.override).images == FOUND
    assert found.previous_images == images(NEW)


@pytest.mark.parametrize("files", [("compose.yml",), ("compose.yml", "compose.override.yml")])
def test_every_compose_command_reads_the_override_last_where_there_is_one(files: tuple[str, ...]) -> None:
    environment = shop(compose={"project": "shop", "files": list(files), "existing": True})
    argv = compose_up(environment, "web", wait=False).argv
    assert argv[:2] == ("env", f"COMPOSE_FILE={':'.join(f'/opt/shop/{name}' for name in files)}")
    assert argv[3:7] == ("sh", "-c", '[ ! -e "$0" ] || COMPOSE_FILE=$COMPOSE_FILE:$0; exec "$@"',
                         "/opt/shop/.runbook/release.override.yml")
