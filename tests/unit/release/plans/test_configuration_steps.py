"""Secrets, checkout and `.env`: each is undone to what was there before, or to nothing."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.plan import Step
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.release.plans import configuration_steps as steps

ENVIRONMENT = load_environment("staging")
NOTHING = Deployed(None, None, None, None, None, frozenset(), ())
LIVE = Deployed("blue", "a" * 40, "OLD=1\n", "upstream", None, frozenset(), ())
ROLLOUT = Rollout(ENVIRONMENT, LIVE, Target("b" * 40, "v3.2.0", {}, "0003"))


def test_the_digest_of_a_secret_is_that_of_the_file() -> None:
    assert steps.sha256_of(Secret("x", "A='1'\n")) == hashlib.sha256(b"A='1'\n").hexdigest()


def run_on(folder: Path, action: object) -> None:
    """One action of the step on a folder that stands for the server's."""
    assert isinstance(action, Command)
    subprocess.run([word.replace(ENVIRONMENT.server.directory, str(folder)) for word in action.argv], check=True, timeout=120)


@pytest.fixture
def server(tmp_path: Path) -> Path:
    (tmp_path / ".runbook").mkdir()
    (tmp_path / ".runbook/lock.json").write_text(json.dumps({"owner": "ada", "run_id": "20261127T030000Z-aaaaaa"}))
    (tmp_path / ".env.secrets").write_text("A='old'\n")
    return tmp_path


DELIVER = steps.deliver_secrets(ROLLOUT, Secret("x", "A='new'\n"))


def test_the_previous_secrets_come_back_by_the_undo(server: Path) -> None:
    keep, write = DELIVER.actions
    assert isinstance(write, WriteFile) and write.mode == 0o600
    run_on(server, keep)
    (server / ".env.secrets").write_text("A='new'\n")
    run_on(server, keep)  # the job is started once more when the link drops
    run_on(server, DELIVER.undo_files[0])
    assert (server / ".env.secrets").read_text() == "A='old'\n"


def test_where_there_was_no_file_the_undo_leaves_none(server: Path) -> None:
    (server / ".env.secrets").unlink()
    run_on(server, DELIVER.actions[0])
    (server / ".env.secrets").write_text("A='new'\n")
    run_on(server, DELIVER.undo_files[0])
    assert not (server / ".env.secrets").exists()


@pytest.mark.parametrize("left", ["env.secrets.before", "env.secrets.before-20261126T030000Z-bbbbbb",
                                  "env.secrets.before-20261126T030000Z-bbbbbb.none"])
def test_what_an_earlier_run_put_aside_is_never_put_back(server: Path, left: str) -> None:
    (server / ".runbook" / left).write_text("A='of an earlier deployment'\n")
    run_on(server, DELIVER.undo_files[0])  # the step's first command never ran
    assert (server / ".env.secrets").read_text() == "A='old'\n"
    run_on(server, DELIVER.actions[0])
    assert not (server / ".runbook" / left).exists(), "a copy of secrets without a use"


def test_a_copy_that_a_full_disk_cuts_short_is_not_the_one_that_is_put_back(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (server / "cp").write_text('#!/bin/sh\nfor to; do from=$one one=$to; done; head -c 4 "$from" >"$to"; exit 1\n')
    (server / "cp").chmod(0o755)
    with monkeypatch.context() as full:
        full.setenv("PATH", str(server), prepend=os.pathsep)
        with pytest.raises(subprocess.CalledProcessError):
            run_on(server, DELIVER.actions[0])
    run_on(server, DELIVER.undo_files[0])
    assert (server / ".env.secrets").read_text() == "A='old'\n"


def test_a_copy_that_was_cut_short_is_not_put_back(server: Path) -> None:
    (server / ".runbook/env.secrets.before-20261127T030000Z-aaaaaa.part").write_text("A='ol")
    run_on(server, DELIVER.undo_files[0])
    assert (server / ".env.secrets").read_text() == "A='old'\n"


def test_without_the_lock_nothing_is_put_aside_and_nothing_delivered(server: Path) -> None:
    (server / ".runbook/lock.json").unlink()
    with pytest.raises(subprocess.CalledProcessError):
        run_on(server, DELIVER.actions[0])


def test_without_a_checkout_there_is_no_commit_to_return_to() -> None:
    assert steps.check_out(replace(ROLLOUT, deployed=NOTHING)).undone_by == ()
    assert str(steps.check_out(ROLLOUT).undo_files[0]).endswith("a" * 40)


def test_before_the_first_deployment_undoing_leaves_no_containers_and_no_env_file() -> None:
    remove, end = steps.configure(replace(ROLLOUT, deployed=NOTHING)).undone_by
    assert str(remove).startswith("rm -f")
    assert isinstance(end, Command) and end.argv[-2:] == ("gw2-staging", "remove-containers"), "unnamed volumes stay: they may be data"
    assert "docker compose" not in str(end), "neither `.env` nor the release's Compose file is read"


def test_what_runs_is_not_made_anew_before_the_gate_and_the_undo_follows_the_previous_files() -> None:
    (made,) = steps.start_infrastructure(ROLLOUT)
    assert "--no-recreate" in str(made.actions[0])
    assert "--no-recreate" not in str(made.undo[0])
    assert steps.start_infrastructure(replace(ROLLOUT, deployed=NOTHING))[0].undo == ()


def test_services_of_a_release_are_not_infrastructure() -> None:
    services = steps.infrastructure_services(ENVIRONMENT)
    assert {"postgres", "redis", "prometheus"} <= set(services)
    assert not {"nginx", "backend-blue", "frontend-blue", "backend-green"} & set(services)
    assert str(steps.start_infrastructure(ROLLOUT)[0].actions[0]).endswith(" ".join(services))


def test_a_release_that_holds_an_env_file_does_not_take_the_servers_away(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        return subprocess.run(("git", "-C", str(tmp_path), *identity, *words), check=True, timeout=120, capture_output=True,
                              text=True).stdout.strip()

    def undo(step: Step) -> None:
        for action in step.undo_files:
            if isinstance(action, WriteFile):
                (tmp_path / ".env").write_text(str(action.content))
            else:
                run_on(tmp_path, action)

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "live")
    live = git("rev-parse", "HEAD")
    (tmp_path / ".env").write_text("OF=the repository\n")
    git("add", "--force", ".env")
    git("commit", "-q", "-m", "release")
    rollout = replace(ROLLOUT, deployed=replace(LIVE, head=live), target=replace(ROLLOUT.target, commit=git("rev-parse", "HEAD")))
    check_out, configure = steps.check_out(rollout), steps.configure(rollout)
    undo(configure)
    undo(check_out)
    assert git("rev-parse", "HEAD") == live and (tmp_path / ".env").read_text() == "OLD=1\n"
