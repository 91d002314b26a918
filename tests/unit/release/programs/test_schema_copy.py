"""The copy of the live schema: an engine that does not answer is never a server that has nothing."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from runbook_lib.core import programs
from runbook_lib.release.facts.schema_copy import CopyRecords, parse_copy_records

SHARED = ("platform/whole_lines.sh", "platform/own_session.sh", "release/limited.sh", "release/read_git.sh", "release/whole_tree.sh",
          "platform/image_of.sh", "release/schema_copy.sh")
# an engine with everything that is asked for; what $FAILS matches is the last that it is asked
DOCKER = r"""#!/bin/bash
echo 'WARNING: Error loading config file: /home/deploy/.docker/config.json: permission denied' >&2
echo "$*" >>"$LOG"
if [[ -n $FAILS && $* == $FAILS ]]; then
    touch "$LOG.down"
fi
[[ ! -e $LOG.down ]] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
case $* in
    exec*pg_isready*) shift 2; exec "$@" ;;
    ps*service=postgres*) [[ -n $EMPTY ]] || printf 'live\nolder\n' ;;
    ps*service=*) [[ -n $EMPTY ]] || echo "${*##*service=}" | cut -d ' ' -f 1 ;;
    "image ls"*) [[ -n $EMPTY ]] || echo 0123 ;;
    "image inspect"*) [[ -z $EMPTY ]] ;;
    inspect*.State.Running*) echo true ;;
    inspect*.Config.Env*) echo A=b ;;
    inspect*Entrypoint*) printf 'sh\n\n' ;;
    inspect*) echo image:1 ;;
    *psql*to_regclass*) echo alembic_version ;;
    *psql*version_num*) echo 0001 ;;
    *pg_dump*) [[ -z $WARNING ]] || echo "pg_dump: warning: $WARNING" >&2; echo "-- dump" ;;
    *--interactive*psql*) cat >/dev/null ;;
    run*--interactive*) cat >/dev/null; echo migrated; exit "${MIGRATION:-0}" ;;
    run*requirements.txt*) [[ -z $NO_LIST ]] || exit 1; echo "a==1" ;;
esac
exit 0
"""
# answers when it is asked for the TRIES-th time
READY = """#!/bin/sh
echo asked >>"$LOG.asked"
[ "$(wc -l <"$LOG.asked")" -ge "${TRIES:-1}" ]
"""


@dataclass
class Server:
    folder: Path
    commit: str

    def run(self, program: str, *words: str, **settings: str) -> CopyRecords:
        argv = ("bash", "-s", "--", *(one.replace("CHECKOUT", str(self.folder / "checkout")).replace("COMMIT", self.commit) for one in words))
        given = {"FAILS": "", "EMPTY": "", "NO_LIST": "", "WARNING": "", **settings}
        done = subprocess.run(argv, input=programs.text(*SHARED, program), text=True, capture_output=True, timeout=120,
                              env={"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "LOG": str(self.folder / "log"), **given})
        assert done.returncode == 0, done.stderr
        return parse_copy_records(done.stdout, "here")

    def rehearsal(self, **settings: str) -> CopyRecords:
        return self.run("release/migration_rehearsal.sh", "CHECKOUT", "COMMIT", "gw2", "postgres", "db", "user",
                        "gw2-backend:COMMIT", "backend", "backend-blue", "backend-green", **settings)

    def compatibility(self, *words: str, **settings: str) -> CopyRecords:
        return self.run("release/compatibility.sh", words[0], "CHECKOUT", "COMMIT", "gw2", "postgres", "redis", "db", "user",
                        "/ready", "gw2-backend:COMMIT", "backend", *words[1:], **settings)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    (tmp_path / "bin").mkdir()
    for name, text in (("docker", DOCKER), ("pg_isready", READY)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "checkout/backend").mkdir(parents=True)
    (tmp_path / "checkout/backend/requirements.txt").write_text("a==1\n")
    git = ("git", "-C", str(tmp_path / "checkout"), "-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "a")):
        subprocess.run((*git, *words), check=True, timeout=60)
    commit = subprocess.run((*git, "rev-parse", "HEAD"), check=True, capture_output=True, text=True, timeout=60).stdout.strip()
    return Server(tmp_path, commit)


START = ("start", "backend-blue", "live")
MIGRATE, RESTART = ("migrate", "the-copy"), ("restart", "backend-blue", "the-copy")


def test_an_engine_that_answers_gives_the_outcome(server: Server) -> None:
    found = server.rehearsal()
    assert (found.outcome, found.get("before"), found.get("after"), found.get("libraries")) == ("passed", "0001", "0001", "same")
    for words in (START, MIGRATE, RESTART):
        assert server.compatibility(*words).outcome == "passed"


def test_a_server_that_has_none_is_an_answer(server: Server) -> None:
    assert server.rehearsal(EMPTY="1").outcome == "no-database"
    assert server.compatibility(*START, EMPTY="1").outcome == "no-image"
    assert server.compatibility(*RESTART, EMPTY="1").outcome == "no-live-backend"


@pytest.mark.parametrize("fails", ["ps*postgres*", "image ls*", "inspect*", "run*", "exec*pg_dump*", "*to_regclass*", "*version_num*", "*run*--interactive*"])
def test_a_rehearsal_whose_engine_goes_away_is_an_error_wherever_it_happens(server: Server, fails: str) -> None:
    found = server.rehearsal(FAILS=fails)
    assert (server.folder / "log.down").exists(), "it was asked"
    assert found.outcome == "error"
    assert "Docker daemon" in found.message


def test_a_copy_that_pg_dump_has_warned_of_is_an_error_and_its_words_are_shown(server: Server) -> None:
    """What it leaves out is not in the copy, and what is tried on that proves nothing; the client's own warnings do not count."""
    for found in (server.rehearsal(WARNING="could not find where to insert"), server.compatibility(*START, WARNING="could not find where to insert")):
        assert (found.outcome, found.get("before"), "could not find where to insert" in found.message) == ("error", None, True)


@pytest.mark.parametrize(("words", "fails"), [
    (START, "image ls*"), (START, "ps*postgres*"), (START, "ps*backend-blue*"), (START, "ps*redis*"), (START, "inspect*Entrypoint*"),
    (START, "inspect*.Config.Env*"), (START, "exec*urllib*"), (MIGRATE, "run*"), (MIGRATE, "*version_num*"),
    (RESTART, "ps*"), (RESTART, "inspect*"), (RESTART, "run*"), (RESTART, "exec*urllib*"),
])
def test_a_check_whose_engine_goes_away_proves_nothing(server: Server, words: tuple[str, ...], fails: str) -> None:
    found = server.compatibility(*words, FAILS=fails)
    assert (server.folder / "log.down").exists()
    assert (found.outcome, found.get("after")) == ("error", None)


def test_a_migration_that_fails_where_the_engine_answers_is_the_releases_fault(server: Server) -> None:
    assert server.rehearsal(MIGRATION="3").outcome == "failed"
    assert server.compatibility(*MIGRATE, MIGRATION="3").outcome == "failed"


def test_libraries_that_cannot_be_read_on_either_side_are_not_the_same(server: Server) -> None:
    git = ("git", "-C", str(server.folder / "checkout"), "-c", "user.name=a", "-c", "user.email=a@example.org")
    (server.folder / "checkout/backend/requirements.txt").rename(server.folder / "checkout/backend/other.txt")
    for words in (("add", "."), ("commit", "-qm", "b")):
        subprocess.run((*git, *words), check=True, timeout=60)
    server.commit = subprocess.run((*git, "rev-parse", "HEAD"), check=True, capture_output=True, text=True, timeout=60).stdout.strip()
    assert server.rehearsal(NO_LIST="1").get("libraries") == "different"


def test_a_copy_that_starts_slowly_is_waited_for_by_one_program(server: Server) -> None:
    assert server.compatibility(*START, TRIES="3").outcome == "passed"
    assert (server.folder / "log.asked").read_text().count("asked") == 3
    assert (server.folder / "log").read_text().count("pg_isready") == 1


def test_the_copy_keeps_its_data_in_memory_wherever_its_image_keeps_them(server: Server) -> None:
    """The image of version 18 has moved them; it takes the folder that is given."""
    server.rehearsal()
    started = (server.folder / "log").read_text()
    assert " --tmpfs /var/lib/postgresql/data:size=400m " in started and " --env PGDATA=/var/lib/postgresql/data " in started
