"""The cache in a restore: it is asked as it is emptied, whatever log-in it has, and what it answers is believed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Step
from runbook_lib.environment import Environment, load_environment
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.plans.cache_steps import PROGRAM, ask_cache, flush_cache
from runbook_lib.recovery.plans.restore_preparation import preparation
from tests.unit.recovery.plans.test_restore_steps import BACKUP

ENVIRONMENT = load_environment("staging")
REFUSED = "AUTH failed: ERR AUTH <password> called without any password configured for the default user."
NEEDED = "NOAUTH Authentication required."
WRONG = "AUTH failed: WRONGPASS invalid username-password pair or user is disabled."
# redis-cli 7.0.15 goes on after a log-in that failed, on standard error, and exits with 0; an empty variable is one
CLIENT = """#!/bin/sh
echo "$*" >>"${{0%/*}}/asked"
[ "$3 $5" = "--tls --insecure" ] || [ "$2 $3" = "--tls --insecure" ] || [ -z "{tls}" ] || {{ echo "Error: Server closed the connection"; exit 1; }}
case " $* " in *" --user {user} "*) ;; *) [ -z "{user}" ] || {{ echo "{needed}"; exit 0; }};; esac
if [ -z "{password}" ]; then
  [ -z "${{REDISCLI_AUTH+set}}" ] || echo "{refused}" >&2
elif [ "${{REDISCLI_AUTH-}}" != "{password}" ]; then
  [ -z "${{REDISCLI_AUTH+set}}" ] || echo "{wrong}" >&2
  case $* in *PING) echo PONG;; *) echo "{needed}";; esac
  exit 0
fi
case $* in *PING) echo PONG;; *DBSIZE) echo 12;; *FLUSHDB) echo OK;; esac
"""


def command(step: Step) -> Command:
    found = step.actions[0]
    assert isinstance(found, Command)
    return found


def ask(folder: Path, step: tuple[Step, ...], *, password: str = "", user: str = "", tls: bool = False,
        name: str = "redis-cli", own: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The step's program, next to a client that answers as a cache with this log-in does."""
    client = folder / name
    client.write_text(CLIENT.format(password=password, user=user, tls="yes" if tls else "", needed=NEEDED,
                                    refused=REFUSED, wrong=WRONG))
    client.chmod(0o755)
    words = command(step[0]).argv
    return subprocess.run(words[words.index("sh", words.index("exec")):], check=False, capture_output=True, text=True, timeout=60,
                          env={"PATH": f"{folder}:{os.defpath}", **(own or {})})


def cache_with(**probe: str | None) -> Environment:
    services = ENVIRONMENT.services
    before = services["redis"].probe
    assert before is not None
    other = services["redis"].model_copy(update={"probe": before.model_copy(update=probe)})
    return ENVIRONMENT.model_copy(update={"services": {**services, "redis": other}})


@pytest.mark.parametrize("step", [ask_cache, flush_cache])
def test_a_cache_without_a_password_is_emptied(tmp_path: Path, step: object) -> None:
    """As most public projects have it: no variable of that name is in the container, or an empty one."""
    assert callable(step)
    for own in (None, {"REDIS_PASSWORD": ""}):
        done = ask(tmp_path, step(ENVIRONMENT), own=own)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("own", "code"), [({"REDIS_PASSWORD": "right"}, 0), ({"REDIS_PASSWORD": "old"}, 1), ({}, 1),
                                           ({"REDISCLI_AUTH": "right"}, 0)])
def test_a_password_decides_before_anything_is_done_and_when_it_is_emptied(tmp_path: Path, own: dict[str, str], code: int) -> None:
    for step in (ask_cache, flush_cache):
        done = ask(tmp_path, step(ENVIRONMENT), password="right", own=own)
        assert done.returncode == code
        assert not code or "the cache answers: " in done.stderr


def test_a_cache_with_users_alone_and_one_that_speaks_tls_alone_are_emptied(tmp_path: Path) -> None:
    for step in (ask_cache, flush_cache):
        assert ask(tmp_path, step(cache_with(user="app")), password="right", user="app", own={"REDIS_PASSWORD": "right"}).returncode == 0
        assert ask(tmp_path, step(ENVIRONMENT), user="app").returncode == 1
        assert ask(tmp_path, step(ENVIRONMENT), tls=True).returncode == 0


def test_another_variable_and_another_client_are_used(tmp_path: Path) -> None:
    environment = cache_with(password_variable="CACHE_SECRET")
    for name, code in (("CACHE_SECRET", 0), ("REDIS_PASSWORD", 1)):
        assert ask(tmp_path, flush_cache(environment), password="right", name="valkey-cli", own={name: "right"}).returncode == code


@pytest.mark.parametrize("reply", ["OK", "NOAUTH Authentication required.", ""])
def test_it_is_empty_only_when_the_cache_says_so(tmp_path: Path, reply: str) -> None:
    client = tmp_path / "redis-cli"
    client.write_text(f"#!/bin/sh\ncase $* in *PING) echo PONG;; *) echo '{reply}';; esac\n")
    client.chmod(0o755)
    done = subprocess.run(("sh", "-c", PROGRAM, "empty", "empty", "REDIS_PASSWORD", "0", ""), check=False, capture_output=True,
                          text=True, timeout=60, env={"PATH": f"{tmp_path}:{os.defpath}"})
    assert (done.returncode == 0, reply in done.stderr) == (reply == "OK", reply != "OK")


@pytest.mark.parametrize("name", ["redis-cli", "valkey-cli", "keydb-cli"])
def test_the_database_of_the_application_is_emptied_and_no_other(tmp_path: Path, name: str) -> None:
    """FLUSHDB without a number empties the first one; with one that the server has not, redis-cli empties the first too."""
    assert ENVIRONMENT.cache is not None
    cache = ENVIRONMENT.cache.model_copy(update={"database": 2})
    (flush,) = flush_cache(ENVIRONMENT.model_copy(update={"cache": cache}))
    assert "Database 2 of it alone" in flush.why
    (tmp_path / name).write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/asked\n[ "$3" = 2 ] || echo "SELECT $3 failed" >&2\n'
                                 'case $* in *PING) echo PONG;; *) echo OK;; esac\n')
    (tmp_path / name).chmod(0o755)
    for number, code in (("2", 0), ("99", 1)):
        words = (*command(flush).argv[-8:-2], number, "")
        done = subprocess.run(words, env={"PATH": f"{tmp_path}:{os.defpath}"}, check=False, capture_output=True, timeout=60)
        assert done.returncode == code
        assert code == 0 or b"nothing was emptied" in done.stderr
    assert [line for line in (tmp_path / "asked").read_text().splitlines() if "FLUSHDB" in line] == ["--no-auth-warning -n 2 FLUSHDB"]


def test_it_is_asked_before_anything_else_and_keeps_nothing_from_being_undone() -> None:
    backup: Backup = BACKUP
    prepared, _ = preparation(ENVIRONMENT, backup, None)
    assert prepared[0].key == "cache-answers"
    assert "FLUSHDB" not in prepared[0].why and prepared[0].undo == ()
    (flush,) = flush_cache(ENVIRONMENT)
    assert flush.undo == flush.actions and flush.undo_best_effort
    without = ENVIRONMENT.model_copy(update={"cache": None, "without": {"cache": "nothing is kept"}})
    assert (ask_cache(without), flush_cache(without)) == ((), ())
