"""The images of a release that replaces another one: built by the commit's own Compose file, or taken as it names them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from runbook_lib.core.commands import Command
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.release.plans.replace_images import TAKE, image_steps
from runbook_lib.release.plans.replacement import Replacement, replacement_of
from tests.unit.platform.facts.test_replaced_release import NEW, running
from tests.unit.release.plans.test_replacement import SHOP, TARGET, deployed

COMPOSE: dict[str, dict[str, Any]] = {
    "web": {"build": {"context": "."}, "image": "web:latest"}, "worker": {"image": "web:latest"},
    "db": {"image": "postgres:15"},
}


class Reset(yaml.SafeLoader):
    """Compose's own tag, for a value that is taken away."""


Reset.add_constructor("!reset", lambda loader, node: "reset")


def change(*images: str) -> Replacement:
    found = replace(deployed(containers=running("web:latest")), images=frozenset(images))
    return replacement_of(Rollout(SHOP, found, TARGET, containers=running("web:latest")))


def test_services_of_one_image_have_one_build_by_the_service_that_has_a_context() -> None:
    (step,), skipped = image_steps(change(), COMPOSE)
    command, = step.actions
    assert isinstance(command, Command)
    assert (str(step.key), skipped) == ("build-web", [])
    words = command.argv[3:]
    assert words[:5] == ("compose", "shop-build.invalid", "/opt/shop", NEW, "shop")
    assert words[6:] == ("2", "compose.yml", "compose.override.yml", "0", "web")


def test_the_build_has_our_tag_and_mark_and_reads_no_file_of_variables() -> None:
    (step,), _ = image_steps(change(), COMPOSE)
    command, = step.actions
    assert isinstance(command, Command)
    services = yaml.load(command.argv[8], Loader=Reset)["services"]
    assert services["web"]["image"] == f"web:{NEW}"
    assert services["web"]["build"] == {"extra_hosts": ["shop-build.invalid:127.0.0.1"],
                                        "labels": {"runbook.commit": NEW}}
    assert {name: one["env_file"] for name, one in services.items()} == dict.fromkeys(COMPOSE, "reset")


def test_an_image_that_is_there_is_not_built_again() -> None:
    steps, (skipped,) = image_steps(change(f"web:{NEW}"), COMPOSE)
    assert steps == []
    assert skipped.title == "Build the image of web and worker"


def test_an_image_that_nobody_builds_is_taken_as_the_commit_names_it() -> None:
    (step,), _ = image_steps(change(), {"web": {"image": "registry.example.com/web:7", "pull_policy": "always"}})
    command, = step.actions
    assert isinstance(command, Command)
    assert command.argv == ("sh", "-ec", TAKE, "take", "registry.example.com/web:7", "always", f"web:{NEW}")


@pytest.mark.parametrize(("policy", "there", "asked"), [
    ("", True, ["tag"]), ("missing", True, ["tag"]), ("if_not_present", False, ["pull", "tag"]), ("", False, ["pull", "tag"]),
    ("always", True, ["pull", "tag"]), ("daily", True, ["pull", "tag"]), ("every_12h", True, ["pull", "tag"]), ("never", True, ["tag"]), ("never", False, []),
])
def test_an_image_is_pulled_when_its_policy_says_so(tmp_path: Path, policy: str, there: bool, asked: list[str]) -> None:
    """`daily` kept the image of yesterday for every release."""
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\n[ "$1" = image ] && exit "$ABSENT"\necho "$1" >>"$ASKED"\n')
    docker.chmod(0o755)
    (tmp_path / "asked").touch()
    done = subprocess.run(("sh", "-ec", TAKE, "take", "shop:latest", policy, f"web:{NEW}"), capture_output=True, text=True,
                          env={"PATH": f"{tmp_path}:/usr/bin:/bin", "ABSENT": "0" if there else "1", "ASKED": str(tmp_path / "asked")})
    assert (tmp_path / "asked").read_text().split() == asked
    assert (done.returncode == 0) == bool(asked), done.stderr
