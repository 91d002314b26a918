"""A build or a pull that is stopped ends, on this machine and on the engine, and nothing of another project does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runbook_lib.core import programs
from tests.unit.connections.local_server import eventually
from tests.unit.release.repositories import git

PROGRAM = programs.text("release/whole_tree.sh", "release/env_files.sh", "release/image.sh").replace("SETTLE_S=30", "SETTLE_S=3")
OURS, THEIRS = "ours-build.invalid", "theirs-build.invalid"
# pulls and builds until it is ended; a build has a container on the engine for as long
DOCKER = r"""#!/bin/bash
[[ ! -e $STATE/context ]] || cd "$STATE/context" || exit 1
[[ -e $STATE/down ]] && { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
case $1 in
    pull|build)
        trap 'rm -f "$STATE/containers/$$"; exit 1' TERM
        [[ -e $STATE/deaf ]] && trap '' TERM
        [[ ! -e $STATE/context ]] || { last=${!#}; if [[ $last == - ]]; then tar -x; else cp -a "$last/." . && echo folder >"$STATE/as"; fi; exit; }
        [[ $3 != *.invalid:* || -e $STATE/quick ]] || echo "[\"$3\"]" > "$STATE/containers/$$"
        touch "$STATE/started/$$"
        for ((n = 0; n < 1200; n++)); do sleep 0.1; done ;;
    ps) [[ ! -e $STATE/no-list ]] || exit 1; ls "$STATE/containers" ;;
    inspect) shift 3; status=0
        [[ ! -e $STATE/no-inspect ]] || exit 1
        [[ ! -e $STATE/vanishing ]] || { rm "$STATE/vanishing"; status=1; }
        for id; do echo "$id $(cat "$STATE/containers/$id")" || status=1; done; exit "$status" ;;
    rm) shift 2; [[ -e $STATE/stuck ]] || (cd "$STATE/containers" && rm -f -- "$@") ;;
esac
"""


class Engine:
    """The double's folder, and what was started with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []
        for name in ("bin", "containers", "started", "checkout/part"):
            (folder / name).mkdir(parents=True)
        (folder / "bin/docker").write_text(DOCKER)
        (folder / "bin/docker").chmod(0o755)
        (folder / "checkout/part/Dockerfile").write_text("FROM x\n")
        for words in (("init", "-q"), ("add", "."), ("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "a")):
            subprocess.run(("git", *words), cwd=folder / "checkout", check=True, timeout=60)

    def _popen(self, *words: str) -> subprocess.Popen[str]:
        env = {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "STATE": str(self.folder), "HOME": str(self.folder)}
        source = self.folder / "image.sh"
        source.write_text(PROGRAM)
        with source.open() as stdin:
            return subprocess.Popen(("bash", "-s", "--", *words), stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                    env=env, start_new_session=True)

    def begin(self, *words: str) -> subprocess.Popen[str]:
        before = len(list((self.folder / "started").iterdir()))
        job = self._popen(*words)
        self.started.append(job)
        assert eventually(lambda: len(list((self.folder / "started").iterdir())) > before)
        return job

    def pull(self, mark: str, image: str = "redis:7") -> subprocess.Popen[str]:
        return self.begin("pull", mark, image)

    def build(self, mark: str) -> subprocess.Popen[str]:
        return self.begin("build", mark, str(self.folder / "checkout"), "HEAD:part", "docker", "build", "--add-host", f"{mark}:127.0.0.1", "-")

    def run_build(self, mark: str, tree: str = "HEAD:part") -> int:
        job = self._popen("build", mark, str(self.folder / "checkout"), tree, "docker", "build", "--add-host", f"{mark}:127.0.0.1", "-")
        job.communicate(timeout=240)
        return job.returncode

    def stop(self, mark: str) -> tuple[int, str]:
        job = self._popen("stop", mark)
        _, errors = job.communicate(timeout=240)
        return job.returncode, errors

    def set(self, name: str) -> None:
        (self.folder / name).touch()

    def containers(self) -> int:
        return len(list((self.folder / "containers").iterdir()))

    def end(self) -> None:
        for job in self.started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(job.pid, signal.SIGKILL)
            job.communicate()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(tmp_path)
    yield made
    made.end()


def test_a_stop_ends_the_pull_of_its_project_and_not_that_of_another(engine: Engine) -> None:
    theirs, ours = engine.pull(THEIRS), engine.pull(OURS)
    assert engine.stop(OURS) == (0, "")
    ours.wait(timeout=120)
    assert theirs.poll() is None


def test_a_stop_ends_neither_a_pull_nor_a_build_that_was_started_without_a_project(engine: Engine) -> None:
    env = {"PATH": os.environ["PATH"], "STATE": str(engine.folder)}
    for words in (("pull", "--quiet", "redis:7"), ("build", "--add-host", f"x{OURS}:127.0.0.1", "-")):
        engine.started.append(subprocess.Popen((engine.folder / "bin/docker", *words), env=env, text=True, start_new_session=True))
    assert eventually(lambda: len(list((engine.folder / "started").iterdir())) == 2)
    assert engine.stop(OURS) == (0, "")
    assert [one.poll() for one in engine.started] == [None, None]
    assert engine.containers() == 1


def test_a_stop_ends_the_build_of_its_project_on_the_engine_and_not_that_of_another(engine: Engine) -> None:
    theirs, ours = engine.build(THEIRS), engine.build(OURS)
    code, shown = engine.stop(OURS)
    assert (code, "the build was stopped on the engine" in shown) == (0, True)
    ours.wait(timeout=120)
    assert (theirs.poll(), engine.containers()) == (None, 1)


@pytest.mark.parametrize("what", ["pull", "build"])
def test_a_program_that_is_stopped_ends_its_own_client_alone(engine: Engine, what: str) -> None:
    theirs, ours = getattr(engine, what)(THEIRS), getattr(engine, what)(OURS)
    ours.send_signal(signal.SIGTERM)
    _, errors = ours.communicate(timeout=120)
    assert (ours.returncode, "stopped" in errors) == (143, True)
    assert theirs.poll() is None
    assert engine.containers() == (1 if what == "build" else 0)


def test_a_build_that_the_engine_has_ended_before_it_is_asked_is_reported_as_stopped(engine: Engine) -> None:
    engine.set("quick")
    job = engine.build(OURS)
    os.killpg(job.pid, signal.SIGTERM)
    _, errors = job.communicate(timeout=120)
    assert (job.returncode, errors.splitlines()[-1]) == (143, "the build was stopped on the engine: no image of it was made")


@pytest.mark.parametrize("state", ["down", "no-list", "no-inspect"])
def test_an_engine_that_does_not_answer_is_not_an_engine_without_a_build(engine: Engine, state: str) -> None:
    engine.build(THEIRS)
    engine.build(OURS)
    engine.set(state)
    code, shown = engine.stop(OURS)
    assert code == 1
    assert shown, "it reports why"


def test_a_container_that_goes_meanwhile_does_not_hide_the_build(engine: Engine) -> None:
    engine.build(OURS)
    engine.set("vanishing")
    code, shown = engine.stop(OURS)
    assert (code, "the build was stopped" in shown, engine.containers()) == (0, True, 0)


def test_a_client_that_does_not_listen_is_killed_and_its_container_removed(engine: Engine) -> None:
    engine.set("deaf")
    job = engine.build(OURS)
    assert engine.stop(OURS)[0] == 0
    job.wait(timeout=120)
    assert engine.containers() == 0


def test_a_container_that_cannot_be_removed_fails_the_stop(engine: Engine) -> None:
    engine.set("stuck")
    engine.set("deaf")
    engine.build(OURS)
    code, shown = engine.stop(OURS)
    assert (code, "still running on the engine" in shown) == (1, True)


def test_the_builder_gets_what_a_checkout_has(engine: Engine) -> None:
    """What a repository keeps from its published archives is not kept from its images."""
    part = engine.folder / "checkout/part"
    (part / "tests").mkdir()
    for name, text in {".gitattributes": "tests export-ignore\n.dockerignore export-ignore\nversion export-subst\n",
                       "tests/a": "a\n", ".dockerignore": "x\n", "version": "$Format:%H$\n"}.items():
        (part / name).write_text(text)
    for words in (("add", "."), ("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "b")):
        subprocess.run(("git", *words), cwd=engine.folder / "checkout", check=True, timeout=60)
    got = engine.folder / "context"
    got.mkdir()
    attributes = engine.folder / "checkout/.git/info/attributes"
    assert engine.run_build(OURS) == 0
    found = {str(path.relative_to(got)): path.read_text() for path in got.rglob("*") if path.is_file()}
    assert found == {str(path.relative_to(part)): path.read_text() for path in part.rglob("*") if path.is_file()}
    assert not attributes.exists(), "the checkout's own settings are not changed"
    # docker applies .dockerignore to a folder, and to no archive that it reads
    assert (engine.folder / "as").exists()
    assert engine.run_build(OURS, "HEAD:") == 0
    assert (got / "part/.dockerignore").exists()


# shows what it was given, and the folder that it would build
COMPOSE_DOUBLE = r"""#!/bin/bash
[[ $1 == compose ]] || exit 0
printf '%s\n' "$RUNBOOK_IMAGE" "$@" > "$STATE/given"
while [[ $1 != --project-directory ]]; do shift; done
(cd "$2" && find . -type f | sort) > "$STATE/exported"
"""


@pytest.mark.parametrize("folder", ["", "part"])
def test_a_build_by_compose_has_an_export_of_the_commit_the_files_in_order_and_the_servers_variables(
        engine: Engine, folder: str) -> None:
    (engine.folder / "bin/docker").write_text(COMPOSE_DOUBLE)
    checkout = engine.folder / "checkout" / folder
    (checkout / ".env").write_text("A=1\n")
    (checkout / "stray").write_text("a file that is in no commit\n")
    job = engine._popen("compose", OURS, str(checkout), "HEAD", "shop", "services: {}", "2", "a.yml", "b.yml", "0", "web")
    assert (job.communicate(timeout=240)[1], job.returncode) == ("", 0)
    mark, *words = (engine.folder / "given").read_text().split("\n")
    assert mark == OURS
    files = [words[place + 1] for place, word in enumerate(words) if word == "--file"]
    assert [Path(one).name for one in files] == ["a.yml", "b.yml", "override.yml"]
    assert f"--env-file={checkout / '.env'}" in words
    assert words[words.index("build"):] == ["build", "web", ""]
    assert (engine.folder / "exported").read_text() == ("./Dockerfile\n" if folder else "./part/Dockerfile\n")
    assert not Path(files[-1]).exists()


def test_a_build_reads_the_variables_that_owners_name_in_their_order_and_no_others(engine: Engine) -> None:
    (engine.folder / "bin/docker").write_text(COMPOSE_DOUBLE)
    checkout = engine.folder / "checkout"
    (checkout / ".env").write_text("A=1\n")
    job = engine._popen("compose", OURS, str(checkout), "HEAD", "shop", "services: {}", "1", "a.yml", "2", "b.env", "/etc/a.env", "web")
    assert (job.communicate(timeout=240)[1], job.returncode) == ("", 0)
    words = (engine.folder / "given").read_text().split("\n")
    assert [one for one in words if "env-file" in one] == [f"--env-file={checkout}/b.env", "--env-file=/etc/a.env"]


def test_files_of_two_commits_of_one_second_have_times_of_their_own(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """BuildKit takes a file with the size and the time of an earlier export for that one: the image had its content."""
    (engine.folder / "bin/docker").write_text(COMPOSE_DOUBLE + '(cd "$2" && stat -c %.Y VERSION) >> "$STATE/times"\n')
    checkout = engine.folder / "checkout"
    for date in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setenv(date, "2001-01-01T00:00:00Z")
    for version in ("1.1.0", "1.2.0"):
        (checkout / "VERSION").write_text(version)
        git(checkout, "add", "VERSION")
        git(checkout, "commit", "-qm", version)
        job = engine._popen("compose", OURS, str(checkout), "HEAD", "shop", "services: {}", "1", "a.yml", "0", "web")
        assert (job.communicate(timeout=240)[1], job.returncode) == ("", 0)
    times = (engine.folder / "times").read_text().split()
    assert len(set(times)) == 2


def test_a_build_reads_the_compose_file_that_lies_on_the_server_alone(engine: Engine) -> None:
    (engine.folder / "bin/docker").write_text(COMPOSE_DOUBLE)
    checkout = engine.folder / "checkout"
    for name in ("own.yml", "tracked.yml"):
        (checkout / name).write_text("services: {}\n")
    git(checkout, "add", "tracked.yml")
    job = engine._popen("compose", OURS, str(checkout), "HEAD", "shop", "services: {}", "2", "own.yml", "tracked.yml", "0", "web")
    assert (job.communicate(timeout=240)[1], job.returncode) == ("", 0)
    assert (engine.folder / "exported").read_text().split() == ["./own.yml", "./part/Dockerfile"]


@pytest.mark.parametrize("theirs", [None, "A=1\n", "A=changed on the server\n"])
@pytest.mark.parametrize("brings", [None, "A=2\n"])
def test_a_build_reads_the_variables_that_the_release_brings_and_else_the_servers(
        engine: Engine, theirs: str | None, brings: str | None) -> None:
    """A tracked `.env` that a release changes holds the arguments of its build; the server still has the previous one."""
    (engine.folder / "bin/docker").write_text(COMPOSE_DOUBLE.replace(
        "while", 'for word; do [[ $word != *=*/.env ]] || cp "${word#*=}" "$STATE/variables"; done\nwhile', 1))
    checkout = engine.folder / "checkout"
    (checkout / ".env").write_text("A=1\n")
    git(checkout, "add", "--force", ".env")
    git(checkout, "commit", "-qm", "variables")
    before = git(checkout, "rev-parse", "HEAD")
    if brings:
        (checkout / ".env").write_text(brings)
        git(checkout, "commit", "-qam", "others")
    commit = git(checkout, "rev-parse", "HEAD")
    git(checkout, "checkout", "-q", before)
    if theirs is None:
        (checkout / ".env").unlink()
    else:
        (checkout / ".env").write_text(theirs)
    job = engine._popen("compose", OURS, str(checkout), commit, "shop", "services: {}", "1", "a.yml", "0", "web")
    assert (job.communicate(timeout=240)[1], job.returncode) == ("", 0)
    read = engine.folder / "variables"
    assert (read.read_text() if read.exists() else None) == (brings or theirs)
