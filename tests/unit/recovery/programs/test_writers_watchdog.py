"""The watchdog of a restore in place: the real program on real locks, with a docker whose containers are files."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runbook_lib.recovery.facts.stopped_writers import NOTE, parse_stopped_writers
from runbook_lib.recovery.plans.stopped_writers import watchdog_program
from tests.unit.recovery.programs.waiting import within

RUN = "20261127T210000Z-abcdef"
# A container is a file below `all`, named SERVICE.ID; below `up` while it runs. psql takes what it is given, answers what the
# file `swapped` holds, and fails as often as there are lines in `refuse`.
DOCKER = r"""#!/bin/bash
echo 'WARNING: Error loading config file: /home/deploy/.docker/config.json: permission denied' >&2
cd "$WORLD" || exit 9
service() { for word; do case $word in *compose.service=*) echo "${word##*=}";; esac; done; }
case $1 in
    ps) [ ! -e down ] || exit 1
        folder=all; case "$*" in *status=running*) folder=up;; esac
        for one in $folder/$(service "$@").*; do [ ! -e "$one" ] || echo "${one##*.}"; done;;
    inspect) id=${@: -1}; one=$(echo all/*."$id"); [ -e "$one" ] || exit 1
        case "$*" in *Running*) [ -e "up/${one#*/}" ] && echo true || echo false;; *.Id*) echo "$id";; *) cat health;; esac;;
    start) echo "$*" >>notes; [ ! -e cannot-start ] || exit 1; one=$(echo all/*."$2"); [ -e "$one" ] || exit 1; touch "up/${one#*/}";;
    exec) case "$*" in
        *psql*) asked=$(cat); echo "$asked" >>sql; if [ -s refuse ]; then sed -i 1d refuse; exit 2; fi
            case $asked in *"swap in progress"*) cat swapped;; esac;;
        *) echo "$*" >>notes;; esac;;
esac
"""


# As Compose makes the containers of `web` anew by the override file; fails where `compose-fails` is there.
UP = r"""#!/bin/bash
cd "$WORLD" || exit 9
echo "up $*" >>notes
[ ! -e compose-fails ] || exit 14
rm -f all/web.* up/web.*; touch all/web.new up/web.new
"""
COMMIT = "1f" * 20


class World:
    """A checkout, its engine, and the containers of one project."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.runbook = folder, folder / "checkout/.runbook"
        for name in ("bin", "all", "up", "checkout/.runbook"):
            (folder / name).mkdir(parents=True)
        for name, text in (("docker", DOCKER), ("up", UP)):
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)
        (folder / "health").write_text("healthy\n")
        (self.runbook / "lock.json").write_text(f'{{"owner": "operator", "run_id": "{RUN}"}}')
        (self.runbook / "jobs.lock").touch()

    def add(self, name: str, running: bool = True) -> None:
        (self.folder / "all" / name).touch()
        if running:
            (self.folder / "up" / name).touch()

    def stop(self, *names: str) -> None:
        for name in names:
            (self.folder / "up" / name).unlink()

    def watch(self, proxy: str = "", limit_s: int = 90, brings: str = "") -> int:
        """Start the watchdog as the step stop-writers does, with ten probes a second."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        release = (brings, "2", "up", "web") if brings else ("", "0")
        words = (str(self.folder / "checkout"), "shop", proxy, "web,worker", "0.1", "shop", *release, "docker", "exec", "77aa", "psql")
        done = subprocess.run(("bash", "-s", "--", *words), check=False, input=watchdog_program(), text=True, timeout=60,
                              env={**os.environ, "PATH": path, "WORLD": str(self.folder), "WATCHDOG_LIMIT_S": str(limit_s)})
        return done.returncode

    def running(self) -> set[str]:
        return {one.name for one in (self.folder / "up").iterdir()}

    def read(self, name: str) -> str:
        file = self.folder / name
        return file.read_text() if file.exists() else ""

    @property
    def noted(self) -> bool:
        return (self.folder / "checkout" / NOTE).exists()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    for name in ("web.w1", "worker.k1"):
        made.add(name)
    yield made
    (tmp_path / "checkout" / NOTE).unlink(missing_ok=True)  # a watchdog that is left ends


def test_what_a_dead_run_had_stopped_starts_again_once_the_lock_is_free(world: World) -> None:
    with (world.runbook / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert world.watch() == 0
        world.stop("web.w1", "worker.k1")
        assert not within(lambda: bool(world.running()), 1.5)
    assert within(lambda: not world.noted)
    assert world.running() == {"web.w1", "worker.k1"}
    assert "the maintenance watchdog" in (world.runbook / f"broken/{RUN}").read_text()
    assert "started again: web worker" in world.read("checkout/.runbook/writers-watchdog.log")
    assert "ALLOW_CONNECTIONS true" in world.read("sql")


def test_a_writer_that_did_not_run_before_stays_stopped(world: World) -> None:
    world.stop("worker.k1")
    world.add("web.w2", running=False)
    world.watch()
    world.stop("web.w1")
    assert within(lambda: not world.noted)
    assert world.running() == {"web.w1"}


def test_a_container_that_its_owners_made_anew_is_started_in_the_place_of_the_noted_one(world: World) -> None:
    world.watch()
    world.stop("web.w1", "worker.k1")
    (world.folder / "all/web.w1").rename(world.folder / "all/web.w9")
    assert within(lambda: not world.noted)
    assert world.running() == {"web.w9", "worker.k1"}


def test_what_ran_again_before_its_run_died_is_left_alone(world: World) -> None:
    world.watch()
    assert within(lambda: not world.noted)
    assert "start" not in world.read("notes")
    assert "ALLOW_CONNECTIONS true" in world.read("sql"), "the undo may have died with the database closed"
    assert parse_stopped_writers("\n" + world.read("checkout/.runbook/writers-watchdog.log")).log == ()


def test_a_run_that_ended_by_itself_leaves_nothing_to_do(world: World) -> None:
    with (world.runbook / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        world.watch()
        (world.folder / "checkout" / NOTE).unlink()
        world.stop("worker.k1")
    assert not within(lambda: world.read("notes") + world.read("sql") != "", 1.5)
    assert world.running() == {"web.w1"}


def test_the_database_is_asked_until_it_answers(world: World) -> None:
    (world.folder / "refuse").write_text("1\n2\n3\n")
    world.watch()
    world.stop("web.w1", "worker.k1")
    assert within(lambda: not world.noted)
    log = world.read("checkout/.runbook/writers-watchdog.log")
    assert "started again" in log and "could not be asked" not in log
    assert world.read("refuse") == ""


def test_a_database_that_never_answers_is_named_and_the_application_starts_all_the_same(world: World) -> None:
    (world.folder / "refuse").write_text("no\n" * 1000)
    world.watch(limit_s=1)
    world.stop("web.w1", "worker.k1")
    assert within(lambda: not world.noted)
    assert "shop could not be asked whether a swap had closed it" in world.read("checkout/.runbook/writers-watchdog.log")
    assert world.running() == {"web.w1", "worker.k1"}


def test_an_application_that_is_not_healthy_in_time_is_named(world: World) -> None:
    (world.folder / "health").write_text("starting\n")
    world.watch(limit_s=1)
    world.stop("web.w1")
    assert within(lambda: not world.noted)
    assert "not healthy within 1 s: web" in world.read("checkout/.runbook/writers-watchdog.log")


def test_a_container_that_cannot_start_is_tried_again_and_keeps_no_run_from_the_lock(world: World) -> None:
    (world.folder / "cannot-start").touch()
    world.watch()
    world.stop("web.w1", "worker.k1")
    assert within(lambda: world.read("notes").count("start w1") >= 2)
    subprocess.run(("flock", "-w", "60", str(world.runbook / "lock"), "true"), check=True, timeout=90)
    (world.folder / "cannot-start").unlink()
    assert within(lambda: not world.noted)
    assert world.running() == {"web.w1", "worker.k1"}


def test_a_second_run_that_dies_too_does_not_lose_what_the_first_had_stopped(world: World) -> None:
    (world.folder / "checkout" / NOTE).write_text("20261127T200000Z-000000\nweb w1\n")
    world.stop("web.w1")
    world.watch()
    world.stop("worker.k1")
    assert within(lambda: not world.noted)
    assert world.running() == {"web.w1", "worker.k1"}
    assert (world.runbook / f"broken/{RUN}").exists()


def test_the_proxy_looks_up_the_addresses_anew(world: World) -> None:
    world.add("entrance.e1")
    world.watch(proxy="entrance")
    world.stop("web.w1")
    assert within(lambda: not world.noted)
    assert "exec e1 sh -c" in world.read("notes") and "nginx_as_started -s reload" in world.read("notes")


def test_an_engine_that_does_not_answer_stops_the_step_before_anything_is_stopped(world: World) -> None:
    (world.folder / "down").touch()
    assert world.watch() == 1
    assert not world.noted


def test_each_container_of_a_proxy_looks_up_the_addresses_anew(world: World) -> None:
    for name in ("entrance.e1", "entrance.e2"):
        world.add(name)
    world.watch(proxy="entrance")
    world.stop("web.w1")
    assert within(lambda: not world.noted)
    assert "exec e1 sh -c" in world.read("notes") and "exec e2 sh -c" in world.read("notes")


@pytest.mark.parametrize(("override", "swapped", "made_anew"), [
    (COMMIT, "t", True),  # it died after the swap: the release of the restored data
    (COMMIT, "f", False),  # before it: what ran, on its own data
    ("2e" * 20, "t", False),  # its undo had put the file back, and not yet the names: what is there was made for these data
    ("2e" * 20, "f", True),  # its undo had swapped back: the previous release, by the previous file
    ("", "f", True),  # the same, where the previous release has no file of ours
])
def test_a_release_runs_on_the_data_of_its_time(world: World, override: str, swapped: str, made_anew: bool) -> None:
    if override:
        (world.runbook / "release.override.yml").write_text(f"# commit: {override}\n")
    (world.folder / "swapped").write_text(f"{swapped}\n")
    world.watch(brings=COMMIT)
    world.stop("web.w1", "worker.k1")
    assert within(lambda: not world.noted)
    # the worker belongs to no release: its own container starts
    assert world.running() == {"web.new" if made_anew else "web.w1", "worker.k1"}
    assert ("up web" in world.read("notes")) is made_anew
    assert world.read("notes").count("start w1") == (not made_anew)


def test_a_compose_that_fails_starts_no_other_release_on_these_data_and_is_tried_again(world: World) -> None:
    (world.runbook / "release.override.yml").write_text(COMMIT)
    (world.folder / "swapped").write_text("t\n")
    (world.folder / "compose-fails").touch()
    world.watch(brings=COMMIT)
    world.stop("web.w1", "worker.k1")
    assert within(lambda: world.read("notes").count("up web") >= 2)
    assert world.running() == set() and world.noted
    (world.folder / "compose-fails").unlink()
    assert within(lambda: not world.noted)
    assert world.running() == {"web.new", "worker.k1"}
    assert "Compose ended with 14" in world.read("checkout/.runbook/writers-watchdog.log")


def test_without_an_answer_of_the_database_what_ran_is_started(world: World) -> None:
    (world.runbook / "release.override.yml").write_text(COMMIT)
    (world.folder / "refuse").write_text("no\n" * 1000)
    world.watch(brings=COMMIT, limit_s=1)
    world.stop("web.w1", "worker.k1")
    assert within(lambda: not world.noted)
    assert world.running() == {"web.w1", "worker.k1"}
    assert "could not be asked which data it has" in world.read("checkout/.runbook/writers-watchdog.log")
