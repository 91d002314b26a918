"""The program that asks containers, processes and Redis, run by a real bash; only Docker and redis-cli are doubles.

`docker exec` runs its program here, so that its own shell, this machine's /proc and real processes are what it meets.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runbook_lib.capacity.facts.server_tuning import ServerTuning, parse_tuning
from runbook_lib.core import programs

SECRET = "pa55word of-its-own"
DOCKER = r"""#!/usr/bin/env bash
case $1 in
ps) printf '%s\n' "$*" >>"$ASKED"; case "$*" in *service=gone*) ;; *) echo 4f2c ;; esac ;;
inspect) printf 'limits\tapp\t1000000000\t0\t0\t536870912\n' ;;
exec)
    shift 2
    while [ "$1" = --env ]; do export "$2"; shift 2; done
    [ -z "$NO_SHELL" ] || { echo 'exec: "sh": executable file not found' >&2; exit 126; }
    # in a container the program that asks is not among the processes; here its own arguments must not hold the word
    export TUNING_PROCESS=${TUNING_PROCESS/application/$WORD}
    shift; exec "$@" ;;
top) printf 'PID PPID COMMAND\n71 1 application: master\n72 71 application: worker\n' ;;
esac
"""
REDIS = r"""#!/usr/bin/env bash
[ "$REDISCLI_AUTH" = "$EXPECTED" ] || { echo 'NOAUTH Authentication required.'; exit 0; }
shift 2
case "$1 $2" in
"CONFIG GET") case $3 in maxmemory) printf 'maxmemory\n402653184\n' ;; save) printf 'save\n\n' ;; *) printf "NOPERM this user has no permissions\n" ;; esac ;;
"INFO "*) printf '# Stats\r\nkeyspace_hits:5\r\nkeyspace_misses:1\r\nexecutable:/secret/path\r\ndb0:keys=3,expires=1\r\n' ;;
"EVAL_RO "*) case $4 in "reply:*") printf '4\n0\n299200\n1\n' ;; *) printf "ERR unknown command 'EVAL_RO'\n" ;; esac ;;
esac
"""


class Server:
    """A folder with the doubles in front of the path, and a process that has workers."""

    def __init__(self, folder: Path, word: str) -> None:
        self.folder, self.word = folder, word
        for name, text in (("docker", DOCKER), ("redis-cli", REDIS)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)

    def ask(self, *questions: str, **variables: str) -> ServerTuning:
        environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", "ASKED": str(self.folder / "asked"), "NO_SHELL": "",
                       "WORD": self.word, "EXPECTED": SECRET, "CACHE_PASSWORD": SECRET, "REDISCLI_AUTH": "", **variables}
        done = subprocess.run(("bash", "-s", "--", "gw2-mine", "60", *questions), input=programs.text("capacity/tuning_in_force.sh"),
                              env=environment, text=True, capture_output=True, timeout=300)
        assert done.returncode == 0, done.stderr
        assert SECRET not in done.stdout
        return parse_tuning(done.stdout)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A parent with two workers, one of which has another value of a variable; they end with the test."""
    word = f"tuned-{os.getpid()}-{tmp_path.name[-20:]}"
    worker = [sys.executable, "-c", f"import sys; sys.stdin.read() # {word}"]
    parent = ("import os, subprocess, sys\n"
              f"worker = {worker!r}\n"
              "made = [subprocess.Popen(worker, stdin=subprocess.PIPE, env=os.environ | {'POOL': size}) for size in ('20', '10')]\n"
              "print('made', flush=True)\nsys.stdin.read()\n[one.communicate() for one in made]\n"
              f"# {word}")
    with subprocess.Popen((sys.executable, "-c", parent), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "POOL": "20", "TOKEN": SECRET, "NOTHING": ""}) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "made\n"
        yield Server(tmp_path, word)
        running.communicate("")


def test_workers_are_found_with_what_each_of_them_was_given(server: Server) -> None:
    found = server.ask("processes\tapp\tapplication\tPOOL").processes
    assert [(one.service, one.workers, one.masters) for one in found] == [("app", 2, 1)]
    assert sorted(found[0].variables["POOL"]) == ["10", "20"]
    assert found[0].processors
    assert found[0].words == ""


def test_only_variables_that_are_named_leave_the_container(server: Server) -> None:
    assert set(server.ask("processes\tapp\tapplication\tPOOL NOWHERE").processes[0].variables) == {"POOL"}


def test_a_variable_that_is_empty_is_a_value(server: Server) -> None:
    found = server.ask("processes\tapp\tapplication\tNOTHING POOL").processes
    assert [(one.workers, dict(one.variables)["NOTHING"]) for one in found] == [(2, ("",))]


def test_a_setting_of_redis_that_is_empty_is_a_value(server: Server) -> None:
    (cache,) = server.ask("cache\tstore\tCACHE_PASSWORD\tsave maxmemory\t").caches
    assert cache.settings == {"save": "", "maxmemory": "402653184"}


def test_an_image_without_a_shell_still_shows_its_processes(server: Server) -> None:
    found = server.ask("processes\tapp\tapplication\tPOOL", NO_SHELL="1").processes
    assert [(one.workers, one.masters, dict(one.variables)) for one in found] == [(1, 1, {})]
    assert "no shell" in found[0].words


def test_a_service_without_a_container_is_not_there(server: Server) -> None:
    assert server.ask("processes\tgone\tapplication\tPOOL", "cache\tgone\t\tmaxmemory\t") == ServerTuning(
        server.ask().limits, (), ())


def test_redis_shows_what_it_may_be_asked_and_says_what_it_refuses(server: Server) -> None:
    (cache,) = server.ask("cache\tstore\tCACHE_PASSWORD\tmaxmemory appendonly\treply:* session:*").caches
    assert cache.settings == {"maxmemory": "402653184"}
    assert cache.info == {"keyspace_hits": "5", "keyspace_misses": "1", "db0": "keys=3,expires=1"}
    assert [(one.pattern, one.found, one.longest_s, one.complete) for one in cache.keys] == [("reply:*", 4, 299.2, True)]
    assert cache.unknown == {"setting appendonly": "NOPERM this user has no permissions", "keys session:*": "ERR unknown command 'EVAL_RO'"}


def test_a_wrong_password_is_said_as_that(server: Server) -> None:
    (cache,) = server.ask("cache\tstore\t\tmaxmemory\treply:*").caches
    assert (cache.settings, cache.keys) == ({}, ())
    assert cache.unknown["setting maxmemory"] == "NOAUTH Authentication required."


def test_a_redis_without_a_shell_is_not_known(server: Server) -> None:
    (cache,) = server.ask("cache\tstore\tCACHE_PASSWORD\tmaxmemory\t", NO_SHELL="1").caches
    assert "no shell" in cache.unknown["Redis"]


def test_containers_are_found_by_their_labels_and_never_by_name(server: Server) -> None:
    server.ask("cache\tstore\tCACHE_PASSWORD\tmaxmemory\t")
    asked = (server.folder / "asked").read_text()
    assert "label=com.docker.compose.project=gw2-mine" in asked
    assert "label=com.docker.compose.service=store" in asked
    assert "--name" not in asked
