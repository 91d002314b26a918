"""What Compose makes of a release's files, and which files it lacks, asked in real repositories."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.release.facts.repository import inspect_release
from tests.unit.release.repositories import Repositories, ThisMachine, git
from tests.unit.shop_environment import shop

COMPOSE_TWICE = """\
include: [./more/compose.yml]
services:
  redis: {image: x, extends: {file: more/base.yml, service: base}, ports: ["7000-7001:7000-7001"]}
  debug: {image: x, profiles: [debug], network_mode: host, volumes: ["../../../../../../../../run/docker.sock:/s"]}
"""


def test_the_survey_shows_what_compose_resolves_not_what_the_file_says(repositories: Repositories) -> None:
    """Includes, extensions, ranges, every profile, paths that leave the release, and links that lead out of it."""
    folder = repositories.work
    (folder / "more").mkdir()
    (folder / "docker-compose.staging.yml").write_text(COMPOSE_TWICE)
    (folder / "docker-compose.override.yml").write_text("services: {never: {image: x}}\n")
    (folder / "more/compose.yml").write_text("services: {included: {image: x, volumes: ['./data:/d']}}\n")
    (folder / "more/base.yml").write_text("services: {base: {image: x, privileged: true}}\n")
    (folder / "socket").symlink_to("/var/run/docker.sock")
    repositories.commit("second")
    sources = repositories.survey("develop").sources
    assert sources.compose is not None
    assert sources.compose.error == ""
    services = sources.compose.services
    assert set(services) == {"redis", "debug", "included"}
    assert services["redis"]["privileged"] is True
    assert [port["published"] for port in services["redis"]["ports"]] == ["7000", "7001"]
    assert services["included"]["volumes"][0]["source"] == "more/data"
    assert services["debug"]["volumes"][0]["source"] == "/run/docker.sock"
    assert sources.links == {"socket": "/var/run/docker.sock"}


def test_what_is_checked_out_is_read_as_the_release_is(repositories: Repositories) -> None:
    """Where releases have two colours, too: what a service loses was only known of applications of others."""
    file = repositories.work / "docker-compose.staging.yml"
    file.write_text("services: {mail: {image: x, extra_hosts: ['relay:10.0.0.1']}}\n")
    repositories.commit("second")
    git(repositories.checkout, "pull", "-q")
    file.write_text("services: {mail: {image: x}}\n")
    repositories.commit("third")
    tree = repositories.survey("develop")
    assert tree.sources.compose and "extra_hosts" not in tree.sources.compose.services["mail"]
    assert tree.live_services and tree.live_services["mail"]["extra_hosts"] in (["relay=10.0.0.1"], ["relay:10.0.0.1"])


def test_the_survey_leaves_the_index_of_the_checkout_as_it_was(repositories: Repositories) -> None:
    """A file that was only touched makes git write the index anew, when it compares."""
    tracked = repositories.checkout / git(repositories.checkout, "ls-files").splitlines()[0]
    os.utime(tracked, (1_000_000_000, 1_000_000_000))
    before = (repositories.checkout / ".git/index").read_bytes()
    tree = repositories.survey("develop")
    assert (repositories.checkout / ".git/index").read_bytes() == before
    assert tree.changed_on_server == ()


def test_a_project_in_a_folder_of_the_repository_is_read_there(repositories: Repositories) -> None:
    """Its images are built from above it, and its migrations lie outside of it."""
    for name, text in {"deploy/compose.yml": "services: {web: {build: {context: ..}, env_file: ../web.env}}\n", "web.env": "A=b\n",
                       "api/shop/migrations/0001_initial.py": "", "deploy/socket": ""}.items():
        (repositories.work / name).parent.mkdir(parents=True, exist_ok=True)
        (repositories.work / name).write_text(text)
    (repositories.work / "deploy/socket").unlink()
    (repositories.work / "deploy/socket").symlink_to("/var/run/docker.sock")
    repositories.commit("second")
    git(repositories.checkout, "pull", "-q")
    base = shop()
    server = base.server.model_copy(update={"directory": str(repositories.checkout / "deploy")})
    compose = base.compose.model_copy(update={"files": ("compose.yml",)})
    here: Any = ThisMachine(SimpleNamespace(rows=lambda sql: ({"there": False},)))
    tree = inspect_release(base.model_copy(update={"server": server, "compose": compose}), "develop").fetch(here)
    assert tree.sources.compose is not None
    assert (tree.sources.compose.error, tree.not_in_release) == ("", ())
    assert tree.sources.compose.services["web"]["build"]["context"] == str(repositories.checkout)
    assert tree.sources.links == {"socket": "/var/run/docker.sock"}
    assert tree.file_migrations is not None
    assert tree.file_migrations.of_release == ("shop.0001_initial",)


GIVING = """
services:
  redis:
    image: x
    env_file: [{path: more/a.env, required: false}]
    environment: {file: /not/a/file/of/compose}
    configs: [there, gone, {source: text, target: /t}]
    secrets: [named, of_the_server, elsewhere, beyond]
    develop: {watch: [{action: rebuild, path: ./src}]}
configs:
  there: {file: ./there.conf}
  gone: {file: ./more/gone.conf}
  text: {content: "port 1"}
secrets:
  named: {environment: STAGING_X}
  of_the_server: {file: .env.secrets}
  elsewhere: {file: ../../../../../../../../etc/there-is-no-such-file}
  beyond: {file: /etc/hostname}
"""


def test_files_of_configs_and_secrets_that_the_release_lacks_are_named(repositories: Repositories) -> None:
    compose = repositories.survey_of(GIVING, **{"there.conf": "a"}).sources.compose
    assert compose is not None
    assert (compose.valid, compose.error) == (True, "")
    assert compose.missing_files == ("more/gone.conf", "/etc/there-is-no-such-file")
    assert (compose.configs["there"]["file"], compose.configs["text"]["content"]) == ("there.conf", "port 1")
    assert {one["source"] for one in compose.services["redis"]["configs"]} == {"there", "gone", "text"}


ODD = """
x-configs: {a: {file: /x/one.conf}}
services:
  redis:
    image: x
    command: ["echo", '      "file": "/x/two.conf",']
    x-file: {file: /x/three.conf}
    configs: [odd, quoted, slashes, angle, linked, broken, outside, folder, lines, file]
configs:
  odd: {file: ./tief/ä ö.conf}
  quoted: {file: './"quoted".conf'}
  slashes: {file: './back\\slash.conf'}
  angle: {file: './<a>&b.conf', x-more: {file: /x/four.conf}}
  linked: {file: ./link/inner.conf}
  broken: {file: ./broken}
  outside: {file: './out/there-is-no "such" file'}
  folder: {file: ./tief}
  lines: {file: "./two\\nlines"}
  file: {file: ./file.conf}
networks: {default: {labels: {file: /x/five.conf}}}
"""


@pytest.mark.parametrize("there", [True, False])
def test_names_are_read_as_json_has_them_and_only_those_of_configs_and_secrets(repositories: Repositories, there: bool) -> None:
    work = repositories.work
    (work / "link").symlink_to("tief")
    (work / "broken").symlink_to("tief/none")
    (work / "out").symlink_to("/etc")
    (work / "tief").mkdir()
    names = ["tief/ä ö.conf", '"quoted".conf', "back\\slash.conf", "<a>&b.conf", "tief/inner.conf", "two\nlines", "file.conf"]
    for name in [*names, "tief/keep"] if there else ["tief/keep"]:
        (work / name).write_text("a")
    compose = repositories.survey_of(ODD).sources.compose
    assert compose is not None
    assert (compose.valid, compose.error) == (True, "")
    always = {"broken", '/etc/there-is-no "such" file'}
    asked = {name.replace("tief/inner", "link/inner") for name in names}
    assert set(compose.missing_files) == (always if there else always | asked)


@pytest.mark.parametrize(("compose", "missing"), [
    ("services: {a: {image: x, env_file: gone.env}}\n", "gone.env"),
    ("include: [gone.yml]\nservices: {a: {image: x}}\n", "gone.yml"),
    ("services: {a: {extends: {file: gone.yml, service: b}}}\n", "gone.yml"),
])
def test_a_file_that_compose_itself_reads_is_named_when_it_is_missing(repositories: Repositories, compose: str, missing: str) -> None:
    found = repositories.survey_of(compose).sources.compose
    assert found is not None
    assert not found.valid
    assert missing in found.error
    assert "/above" not in found.error, "the path is the release's, not the temporary folder's"


@pytest.mark.parametrize(("odd", "shown"), [
    ("x-a: {{a: b}: c}\n", "docker-compose.staging.yml, line 2: a mapping as a key; "),
    ("configs:\n  ? [a]\n  : {file: x}\n", "docker-compose.staging.yml, line 3: a list as a key; "),
    ("x-a: !!binary x\n", "!!binary"),
    ("x-a: [\n", "line"),
    ("secrets: {1: {file: x}}\n", "Non-string key in secrets: 1"),
])
def test_a_form_that_compose_does_not_read_is_named_with_its_place(repositories: Repositories, odd: str, shown: str) -> None:
    found = repositories.survey_of("services: {a: {image: x}}\n" + odd).sources.compose
    assert found is not None
    assert not found.valid
    assert shown in found.error


@pytest.mark.parametrize("tag", ["!custom x", "!!python/object/apply:os.system [id]", "!!binary aGk=", "!!str 5"])
def test_a_tag_that_compose_reads_is_left_to_it(repositories: Repositories, tag: str) -> None:
    found = repositories.survey_of(f"x-a: {tag}\nservices: {{a: {{image: x}}}}\n").sources.compose
    assert found is not None
    assert (found.valid, found.error) == (True, "")


BASE = "services: {web: {image: x, ports: ['80:80'], volumes: ['./conf:/c']}}\n"
SECOND = "services: {web: {image: y}, db: {image: postgres}}\n"


@pytest.mark.parametrize(("files", "image", "services"), [
    (("compose.yml", "deploy/two.yml"), "y", {"web", "db"}),
    (("deploy/two.yml", "compose.yml"), "x", {"web", "db"}),
    (("compose.yml",), "x", {"web"}),
])
def test_several_compose_files_are_merged_in_their_order(repositories: Repositories, files: tuple[str, ...], image: str,
                                                         services: set[str]) -> None:
    (repositories.work / "deploy").mkdir()
    (repositories.work / "compose.override.yml").write_text("services: {never: {image: x}}\n")
    repositories.survey_of("nonsense: [", **{"compose.yml": BASE, "deploy/two.yml": SECOND})
    tree = repositories.survey("develop", *files)
    assert tree.sources.compose is not None
    assert (tree.sources.compose.error, set(tree.sources.compose.services)) == ("", services)
    assert tree.sources.compose.services["web"]["image"] == image
    # relative to the project's folder, wherever the file lies
    assert tree.sources.compose.services["web"]["volumes"][0]["source"] == "conf"
    assert set(files) <= set(tree.sources.files)


def test_one_of_several_compose_files_that_the_release_lacks_is_named(repositories: Repositories) -> None:
    repositories.survey_of("services: {}\n", **{"compose.yml": BASE})
    found = repositories.survey("develop", "compose.yml", "deploy/two.yml").sources.compose
    assert found is not None and not found.valid
    assert "deploy/two.yml" in found.error
    assert repositories.survey("develop", "gone.yml", "compose.yml").sources.compose is None


def test_a_form_that_compose_does_not_read_is_named_with_the_file_that_has_it(repositories: Repositories) -> None:
    repositories.survey_of("services: {}\n", **{"compose.yml": BASE, "two.yml": "x-a: {{a: b}: c}\n"})
    found = repositories.survey("develop", "compose.yml", "two.yml").sources.compose
    assert found is not None
    assert found.error.startswith("two.yml, line 1: a mapping as a key; ")


def test_what_a_repository_keeps_from_its_published_archives_belongs_to_a_release(repositories: Repositories) -> None:
    """A checkout has it, and so must whatever is read of the release."""
    found = repositories.survey_of("services: {a: {image: '${X:-$Format:%H$}', extends: {file: more.yml, service: b}}}\n",
                     **{"more.yml": "services: {b: {privileged: true}}\n", ".gitattributes":
                        "*.yml export-ignore\n/backend/ export-ignore\ndocker-compose.staging.yml export-subst\n"}).sources
    assert found.compose is not None
    assert (found.compose.valid, found.compose.error) == (True, "")
    assert found.compose.services["a"]["privileged"] is True
    assert "$Format:%H$" in found.files["docker-compose.staging.yml"]
    assert "backend/versions/1.py" in found.files


def test_files_that_were_changed_on_the_server_and_by_the_release_are_named(repositories: Repositories) -> None:
    """A checkout would refuse them, or throw the owners' change away: changed, removed, and untracked or ignored ones."""
    work, checkout = repositories.work, repositories.checkout
    for name in ("both", "theirs", "ours", "gone", "odd name"):
        (work / name).write_text("first\n")
    (work / ".gitignore").write_text("ignored\n")
    repositories.commit("first")
    git(checkout, "pull", "-q", "origin", "develop")
    for name in ("both", "ours", "gone", "odd name", "new", "ignored"):
        (work / name).write_text("second\n")
    git(work, "add", "--force", "ignored")
    repositories.commit("second")
    for name in ("both", "theirs", "odd name", "new", "ignored", "stray"):
        (checkout / name).write_text("the owners' own\n")
    (checkout / "gone").unlink()
    assert repositories.survey("develop").changed_on_server == ("both", "gone", "ignored", "new", "odd name")


def test_a_checkout_as_it_was_cloned_names_none(repositories: Repositories) -> None:
    (repositories.work / "new").write_text("x\n")
    repositories.commit("second")
    assert repositories.survey("develop").changed_on_server == ()


def test_a_rename_is_a_file_that_comes_and_one_that_goes(repositories: Repositories) -> None:
    """Git shows it under its new name alone, and refuses to check it out where either was changed or is there already."""
    old = "backend/versions/1.py"
    git(repositories.work, "mv", old, "backend/versions/2.py")
    git(repositories.work, "commit", "-qm", "renamed")
    git(repositories.work, "push", "-q", "origin", "develop")
    (repositories.checkout / "backend/versions/2.py").write_text("a file of their own\n")
    assert repositories.survey("develop").changed_on_server == ("backend/versions/2.py",)
    (repositories.checkout / "backend/versions/2.py").unlink()
    (repositories.checkout / old).write_text("changed on the server\n")
    assert repositories.survey("develop").changed_on_server == (old,)


def test_repositories_that_are_linked_in_are_named_wherever_they_lie(repositories: Repositories, tmp_path: Path) -> None:
    """An export of the commit has an empty folder there, and so has a checkout of it."""
    theirs = tmp_path / "theirs"
    git(tmp_path, "init", "-q", str(theirs))
    git(theirs, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "a")
    for place in ("backend/vendor/sdk", "odd name"):
        git(repositories.work, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(theirs), place)
    repositories.commit("second")
    checkout = str(repositories.checkout)
    assert repositories.survey("develop").submodules == (f"{checkout}/backend/vendor/sdk", f"{checkout}/odd name")
