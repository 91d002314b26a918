"""Files of variables that a release names, or that Compose reads unasked: the server's own, and those that it brings."""

from __future__ import annotations

from typing import Any, cast

import pytest

from runbook_lib.release.facts.repository import ReleaseTree, inspect_release
from tests.unit.release.repositories import Repositories, ThisMachine, git
from tests.unit.shop_environment import shop

VARIABLES = "services: {a: {image: x, env_file: [.env.own, {path: deploy/b c.env}]}, b: {image: x, env_file: ../shared.env}}\n"


def test_files_of_variables_that_lie_on_the_server_alone_are_not_missed(repositories: Repositories) -> None:
    for name in (".env.own", "deploy/b c.env", "../shared.env"):
        (repositories.checkout / name).parent.mkdir(exist_ok=True)
        (repositories.checkout / name).write_text("TOKEN=a-secret-of-the-server\n")
    found = repositories.survey_of(VARIABLES).sources
    assert found.compose is not None
    assert (found.compose.valid, found.compose.error) == (True, "")
    assert set(found.compose.services) == {"a", "b"}
    assert "a-secret" not in str(found.compose.services) + str(found.files), "its values are nothing to a survey"


@pytest.mark.parametrize("lacking", [".env.own", "deploy/b c.env", "shared.env"])
def test_a_file_of_variables_that_the_server_lacks_too_is_named(repositories: Repositories, lacking: str) -> None:
    for name in (".env.own", "deploy/b c.env", "../shared.env"):
        (repositories.checkout / name).parent.mkdir(exist_ok=True)
        if not name.endswith(lacking):
            (repositories.checkout / name).write_text("A=b\n")
    found = repositories.survey_of(VARIABLES).sources.compose
    assert found is not None and not found.valid
    assert lacking in found.error


def test_a_file_of_variables_that_goes_with_the_live_release_is_missed(repositories: Repositories) -> None:
    (repositories.checkout / "gone.env").write_text("A=b\n")
    git(repositories.checkout, "add", "gone.env")
    found = repositories.survey_of("services: {a: {image: x, env_file: gone.env}}\n").sources.compose
    assert found is not None and not found.valid
    assert "gone.env" in found.error


def test_an_application_of_others_is_read_with_the_variables_that_it_will_have(repositories: Repositories) -> None:
    """Their own `.env` names the image and the port: blank ones would be another release. What a release brings counts."""
    file = "services: {web: {image: 'shop:${TAG:?}', ports: ['${PORT:?}:80']}}\n"
    (repositories.work / "compose.yml").write_text(file)
    repositories.commit("second")
    git(repositories.checkout, "pull", "-q")
    (repositories.checkout / ".env").write_text("TAG=1.0\nPORT=8080\n")
    found = _web(repositories)
    assert (found["image"], found["ports"][0]["published"]) == ("shop:1.0", "8080")
    (repositories.checkout / ".env").unlink()
    (repositories.work / ".env").write_text("TAG=2.0\nPORT=8080\n")
    git(repositories.work, "add", "--force", ".env")
    repositories.commit("third")
    assert _web(repositories)["image"] == "shop:2.0"
    git(repositories.checkout, "pull", "-q")
    (repositories.checkout / ".env").write_text("TAG=changed on the server\nPORT=8080\n")
    repositories.commit("fourth")
    assert _web(repositories)["image"] == "shop:changed on the server"


def test_files_of_variables_that_owners_name_are_read_in_their_order_and_in_the_place_of_env(repositories: Repositories) -> None:
    """Real Compose: the last one counts, one that a release changes is that release's, and `.env` is none of them."""
    (repositories.work / "compose.yml").write_text("services: {web: {image: 'shop:${TAG:?}', ports: ['${PORT:-80}:80']}}\n")
    (repositories.work / "base.env").write_text("TAG=1.0\nPORT=8081\n")
    repositories.commit("second")
    git(repositories.checkout, "pull", "-q")
    (repositories.checkout / ".env").write_text("TAG=unread\n")
    outside = repositories.checkout.parent / "prod.env"
    outside.write_text("PORT=8082\n")
    found = _web(repositories, ("base.env", str(outside)))
    assert (found["image"], found["ports"][0]["published"]) == ("shop:1.0", "8082")
    assert _web(repositories, (str(outside), "base.env"))["ports"][0]["published"] == "8081"
    (repositories.work / "base.env").write_text("TAG=2.0\n")
    repositories.commit("third")
    assert _web(repositories, ("base.env", str(outside)))["image"] == "shop:2.0"


def test_a_named_file_of_variables_that_is_not_there_is_an_error_with_its_name(repositories: Repositories) -> None:
    (repositories.work / "compose.yml").write_text("services: {web: {image: x}}\n")
    repositories.commit("second")
    found = _shop_tree(repositories, env_files=("prod.env",)).sources.compose
    assert found is not None and not found.valid
    assert "prod.env" in found.error


OWN = "services: {web: {ports: ['8080:80'], extends: {file: own/base.yml, service: base}}}\n"


def test_a_compose_file_that_lies_on_the_server_alone_belongs_to_every_release(repositories: Repositories) -> None:
    """An override that git ignores is how owners publish a port or mount a certificate."""
    (repositories.work / "compose.yml").write_text("services: {web: {image: x}}\n")
    (repositories.work / "own").mkdir()
    (repositories.work / "own/base.yml").write_text("services: {base: {privileged: true}}\n")
    (repositories.checkout / "compose.override.yml").write_text(OWN)
    repositories.commit("second")
    tree = _shop_tree(repositories, files=("compose.yml", "compose.override.yml"))
    assert tree.sources.compose is not None
    assert tree.sources.compose.error == ""
    web = tree.sources.compose.services["web"]
    assert (web["image"], web["ports"][0]["published"], web["privileged"]) == ("x", "8080", True)
    assert tree.not_in_release == ()
    assert not (repositories.checkout / "own").exists(), "the checkout stays as it is"


def test_a_compose_file_that_goes_with_the_live_release_is_missed(repositories: Repositories) -> None:
    (repositories.work / "compose.yml").write_text("services: {web: {image: x}}\n")
    (repositories.checkout / "compose.override.yml").write_text(OWN)
    git(repositories.checkout, "add", "compose.override.yml")
    repositories.commit("second")
    tree = _shop_tree(repositories, files=("compose.yml", "compose.override.yml"))
    assert tree.not_in_release == ("compose.override.yml",)
    assert tree.sources.compose is not None and not tree.sources.compose.valid


OTHERS = """
services:
  web: {image: "x:1", env_file: web.env}
  db: {image: "postgres:15", volumes: ["./conf:/etc/postgresql"]}
"""


def _shop_tree(repositories: Repositories, folder: str = "", files: tuple[str, ...] = ("compose.yml",),
               env_files: tuple[str, ...] = ()) -> ReleaseTree:
    server = shop().server.model_copy(update={"directory": str(repositories.checkout / folder)})
    compose = shop().compose.model_copy(update={"files": files, "env_files": env_files})
    here: Any = ThisMachine()
    return inspect_release(shop().model_copy(update={"migrations": None, "server": server, "compose": compose}), "develop").fetch(here)


@pytest.mark.parametrize("folder", ["", "deploy"])
def test_what_differs_from_the_commit_that_is_checked_out_is_surveyed(repositories: Repositories, folder: str) -> None:
    place = repositories.work / folder
    (place / "conf").mkdir(parents=True)
    (place / "conf/postgresql.conf").write_text("a = 1\n")
    (place / "compose.yml").write_text(OTHERS)
    repositories.commit("second")
    git(repositories.checkout, "pull", "-q")
    (repositories.checkout / folder / "web.env").write_text("A=b\n")
    same = _shop_tree(repositories, folder)
    assert (same.live_services, same.changed_files) == (None, ()), "nothing differs from itself"
    (place / "compose.yml").write_text(OTHERS.replace("postgres:15", "postgres:16"))
    (place / "conf/postgresql.conf").write_text("a = 2\n")
    repositories.commit("third")
    tree = _shop_tree(repositories, folder)
    assert tree.sources.compose is not None and tree.live_services is not None
    assert tree.sources.compose.services["db"]["image"] == "postgres:16"
    assert tree.live_services["db"] == tree.sources.compose.services["db"] | {"image": "postgres:15"}
    assert tree.live_services["web"] == tree.sources.compose.services["web"]
    changed = {repositories.checkout / folder / "conf/postgresql.conf", repositories.checkout / folder / "compose.yml"}
    assert {str(one) for one in changed} <= set(tree.changed_files)


def _web(repositories: Repositories, env_files: tuple[str, ...] = ()) -> dict[str, Any]:
    tree = _shop_tree(repositories, env_files=env_files)
    assert tree.sources.compose is not None
    assert tree.sources.compose.error == ""
    return tree.sources.compose.services["web"]


def test_a_tracked_env_of_the_application_is_a_release_of_two_colours_affair_where_ours_lies_elsewhere(
        repositories: Repositories) -> None:
    (repositories.work / "docker-compose.staging.yml").write_text("services: {web: {image: 'shop:${TAG:?}'}}\n")
    (repositories.work / ".env").write_text("TAG=2.0\n")
    git(repositories.work, "add", "--force", ".env")
    repositories.commit("second")
    compose, here = repositories.environment().compose, ThisMachine()
    trees = [inspect_release(repositories.environment(compose=compose.model_copy(update={
        "files": ("docker-compose.staging.yml",), **keys})), "develop").fetch(cast("Any", here))
        for keys in ({}, {"variables_file": ".runbook/variables.env", "secrets_file": ".runbook/secrets.env"})]
    assert [tree.of_the_server for tree in trees] == [(".env",), ()], "only in the first case would it be overwritten"
    read = [tree.sources.compose for tree in trees]
    assert read[0] is not None and "TAG" in read[0].error
    assert read[1] is not None and read[1].services["web"]["image"] == "shop:2.0"
