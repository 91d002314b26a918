"""The survey of a release, by bash and git in real repositories; Compose is a placeholder where none is needed."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import CommandResult
from runbook_lib.environment import load_environment
from runbook_lib.release.facts.repository import ReleaseTree, inspect_release, parse_release

ENVIRONMENT = load_environment("staging")


class ThisMachine:
    """The server's commands, run here."""

    @property
    def server(self) -> ThisMachine:
        return self

    def run(self, command: Command) -> CommandResult:
        assert command.stdin is None or isinstance(command.stdin, str)
        done = subprocess.run(command.argv, input=command.stdin or "", text=True, capture_output=True, timeout=120, check=True)
        return CommandResult("", done.returncode, done.stdout, done.stderr, 0.0)


@dataclass
class Repositories:
    origin: Path
    work: Path
    checkout: Path

    def survey(self, ref: str, *files: str) -> ReleaseTree:
        server = ENVIRONMENT.server.model_copy(update={"directory": str(self.checkout)})
        compose = ENVIRONMENT.compose.model_copy(update={"files": files or ENVIRONMENT.compose.files})
        here: Any = ThisMachine()
        return inspect_release(ENVIRONMENT.model_copy(update={"server": server, "compose": compose}), ref).fetch(here)

    def commit(self, text: str) -> str:
        (self.work / "backend/versions").mkdir(parents=True, exist_ok=True)
        (self.work / "backend/versions/1.py").write_text(text)
        git(self.work, "add", ".")
        git(self.work, "commit", "-qm", "a subject\twith a tab")
        git(self.work, "push", "-q", "origin", "develop")
        return git(self.work, "rev-parse", "HEAD")


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    return subprocess.run(("git", *who, *words), cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def fingerprint(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def repositories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repositories:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    origin, work, checkout = tmp_path / "origin.git", tmp_path / "work", tmp_path / "checkout"
    git(tmp_path, "init", "-q", "--bare", "-b", "develop", str(origin))
    git(tmp_path, "clone", "-q", str(origin), str(work))
    git(work, "checkout", "-q", "-B", "develop")
    found = Repositories(origin, work, checkout)
    found.commit("first")
    git(tmp_path, "clone", "-q", str(origin), str(checkout))
    return found


def test_a_release_that_is_only_at_the_origin_is_read_without_a_trace_in_the_checkout(repositories: Repositories) -> None:
    commit = repositories.commit("second")
    git(repositories.work, "tag", "-a", "v2", "-m", "x")
    git(repositories.work, "push", "-q", "origin", "v2")
    before = fingerprint(repositories.checkout)
    tree = repositories.survey("v2")
    assert fingerprint(repositories.checkout) == before
    assert tree.commit is not None
    assert (tree.commit.commit, tree.commit.kind, tree.commit.version) == (commit, "tag", "v2")
    assert tree.commit.subject == "a subject\twith a tab"
    assert tree.commit.head == git(repositories.checkout, "rev-parse", "HEAD") != commit
    assert tree.sources.files == {"backend/versions/1.py": "second"}


def test_a_branch_is_what_the_origin_says_now_not_what_the_checkout_remembers(repositories: Repositories) -> None:
    commit = repositories.commit("second")
    tree = repositories.survey("develop")
    assert tree.commit is not None
    assert (tree.commit.commit, tree.commit.kind) == (commit, "branch")


@pytest.mark.parametrize("digits", [9, 40])
def test_a_commit_may_be_named_by_its_hash(repositories: Repositories, digits: int) -> None:
    commit = repositories.commit("second")
    found = repositories.survey(commit[:digits]).commit
    assert found is not None
    assert found.commit == commit


def test_an_unknown_ref_is_an_answer(repositories: Repositories) -> None:
    for ref in ("v9", "deadbee", "deve"):
        tree = repositories.survey(ref)
        assert (tree.commit, tree.problem) == (None, "the origin has no tag, branch or commit of that name")


def test_a_name_that_is_tag_and_branch_at_once_is_refused(repositories: Repositories) -> None:
    git(repositories.work, "tag", "twice")
    repositories.commit("second")
    git(repositories.work, "push", "-q", "origin", "HEAD:refs/heads/twice", "refs/tags/twice")
    assert "a tag" in repositories.survey("twice").problem


def test_an_origin_that_does_not_answer_is_inconclusive(repositories: Repositories) -> None:
    repositories.origin.rename(repositories.origin.with_name("gone"))
    with pytest.raises(FactUnreadable, match="origin of the checkout does not answer"):
        repositories.survey("develop")


def test_a_folder_without_a_checkout_is_unreadable(repositories: Repositories, tmp_path: Path) -> None:
    repositories.checkout = tmp_path / "nothing"
    with pytest.raises(FactUnreadable, match="no git checkout"):
        repositories.survey("develop")


@pytest.mark.parametrize(("deployed", "missing"), [(True, ("deploy/new.yml",)), (False, ())])
def test_compose_files_that_a_release_lacks_are_named(repositories: Repositories, deployed: bool, missing: tuple[str, ...]) -> None:
    (repositories.checkout / "compose.yml").write_text("services: {}\n")
    if deployed:
        (repositories.checkout / ".env").write_text("COMPOSE_PROJECT_NAME=gw2-mine\n")
    tree = repositories.survey("develop", "compose.yml", "deploy/new.yml")
    assert (tree.not_in_checkout, tree.not_in_release) == (missing, ("compose.yml", "deploy/new.yml"))


@pytest.mark.parametrize("reply", ["", "commit\tabc\ttag\t\n", "unreachable\n", "commit"])
def test_a_malformed_reply_is_unreadable_never_a_crash(reply: str) -> None:
    with pytest.raises(FactUnreadable):
        parse_release(reply, "v1", where="x", compose_files=())


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


def surveyed(repositories: Repositories, compose: str, **files: str) -> ReleaseTree:
    for name, text in {"docker-compose.staging.yml": compose, **files}.items():
        (repositories.work / name).write_text(text)
    repositories.commit("more")
    return repositories.survey("develop")


def test_files_of_configs_and_secrets_that_the_release_lacks_are_named(repositories: Repositories) -> None:
    compose = surveyed(repositories, GIVING, **{"there.conf": "a"}).sources.compose
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
    compose = surveyed(repositories, ODD).sources.compose
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
    found = surveyed(repositories, compose).sources.compose
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
    found = surveyed(repositories, "services: {a: {image: x}}\n" + odd).sources.compose
    assert found is not None
    assert not found.valid
    assert shown in found.error


@pytest.mark.parametrize("tag", ["!custom x", "!!python/object/apply:os.system [id]", "!!binary aGk=", "!!str 5"])
def test_a_tag_that_compose_reads_is_left_to_it(repositories: Repositories, tag: str) -> None:
    found = surveyed(repositories, f"x-a: {tag}\nservices: {{a: {{image: x}}}}\n").sources.compose
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
    surveyed(repositories, "nonsense: [", **{"compose.yml": BASE, "deploy/two.yml": SECOND})
    tree = repositories.survey("develop", *files)
    assert tree.sources.compose is not None
    assert (tree.sources.compose.error, set(tree.sources.compose.services)) == ("", services)
    assert tree.sources.compose.services["web"]["image"] == image
    # relative to the project's folder, wherever the file lies
    assert tree.sources.compose.services["web"]["volumes"][0]["source"] == "conf"
    assert set(files) <= set(tree.sources.files)


def test_one_of_several_compose_files_that_the_release_lacks_is_named(repositories: Repositories) -> None:
    surveyed(repositories, "services: {}\n", **{"compose.yml": BASE})
    found = repositories.survey("develop", "compose.yml", "deploy/two.yml").sources.compose
    assert found is not None and not found.valid
    assert "deploy/two.yml" in found.error
    assert repositories.survey("develop", "gone.yml", "compose.yml").sources.compose is None


def test_a_form_that_compose_does_not_read_is_named_with_the_file_that_has_it(repositories: Repositories) -> None:
    surveyed(repositories, "services: {}\n", **{"compose.yml": BASE, "two.yml": "x-a: {{a: b}: c}\n"})
    found = repositories.survey("develop", "compose.yml", "two.yml").sources.compose
    assert found is not None
    assert found.error.startswith("two.yml, line 1: a mapping as a key; ")
