"""The migration of a release: in its own image, without waiting long for a lock, and gone when it is stopped.

What its program does to a real PostgreSQL: tests/lab/release/test_guarded_migration.py.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.migration import alembic, migrate, one_off_name, stop_migration
from runbook_lib.platform.plans.rollout import Rollout

ENVIRONMENT = load_environment("staging")
ONE_OFF = one_off_name(ENVIRONMENT)
LIVE = Deployed("blue", None, None, None, None, frozenset(), ())
STEP = migrate(Rollout(ENVIRONMENT, LIVE, Target("b" * 40, "v3.2.0", {}, "0003")))


def test_the_new_image_migrates_to_its_own_head_with_a_lock_timeout() -> None:
    assert str(STEP.actions[0]).endswith("backend-green alembic -x lock_timeout=5s upgrade 0003")


def test_the_limit_is_set_where_postgresql_sees_it_and_watched_from_outside() -> None:
    action, = STEP.actions
    assert isinstance(action, Command)
    assert action.argv[:11] == ("bash", "-s", "--", "run", "gw2-staging", "postgres", "staging_db", "staging_user", "5", ONE_OFF,
                                "-c lock_timeout=5s -c statement_timeout=600s")
    assert "pg_cancel_backend" in str(action.stdin)


def test_its_limits_are_joined_to_the_options_that_the_service_has() -> None:
    """Found by reading: ours replaced them, and with them the schema that a service names there."""
    action, = STEP.actions
    assert isinstance(action, Command)
    count = int(action.argv[11])
    asked, started = action.argv[12:12 + count], action.argv[12 + count:]
    assert asked[-5:] == ("--entrypoint", "sh", "backend-green", "-c", 'printf "PGOPTIONS=%s" "${PGOPTIONS-}"')
    assert started[started.index("--env", started.index("LETSENCRYPT_HOST=")):][:3] == ("--env", "PGOPTIONS", "backend-green")


def test_its_container_has_the_one_name_that_the_undo_looks_for() -> None:
    action, = STEP.actions
    assert isinstance(action, Command)
    assert [action.argv[at + 1] for at, word in enumerate(action.argv) if word == "--name"] == [f"{ONE_OFF}-options", ONE_OFF]
    assert STEP.undo == (stop_migration(ENVIRONMENT),), "the schema stays: the live code works on it"
    assert stop_migration(ENVIRONMENT).argv[3:] == ("stop", "gw2-staging", "postgres", "staging_db", "staging_user", "5", ONE_OFF)


def test_another_releases_image_is_named_in_the_process_environment() -> None:
    argv = alembic(ENVIRONMENT, "blue", "downgrade", "0002", commit="a" * 40).argv
    image = ("env", f"BLUE_COMMIT={'a' * 40}")
    assert [argv[at:at + 2] for at, word in enumerate(argv) if word == "env"] == [image, image]
    assert argv[-2:] == ("downgrade", "0002")


@pytest.mark.parametrize(("engine", "code"), [("exit 1", 1), ("exit 0", 0)], ids=["no answer", "no container"])
def test_an_engine_that_does_not_answer_is_not_a_migration_that_has_ended(tmp_path: Path, engine: str, code: int) -> None:
    (tmp_path / "docker").write_text(f"#!/bin/sh\n{engine}\n")
    (tmp_path / "docker").chmod(0o755)
    stop = stop_migration(ENVIRONMENT)
    done = subprocess.run(stop.argv, input=str(stop.stdin), text=True, capture_output=True, timeout=60, check=False,
                          env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == code, done.stderr
