"""Secrets, checkout and `.env`: each is undone to what was there before, or to nothing."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from runbook_lib.core.commands import Command, WriteFile
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


def test_the_previous_secrets_are_copied_before_and_come_back_by_the_undo() -> None:
    made = steps.deliver_secrets(ROLLOUT, Secret("x", "A='1'\n"))
    copy, write = made.actions
    (undo,) = made.undo_files
    assert isinstance(copy, Command) and isinstance(undo, Command) and isinstance(write, WriteFile)
    assert copy.argv[-2:] == undo.argv[:-3:-1]
    assert write.mode == 0o600


def test_without_a_checkout_there_is_no_commit_to_return_to() -> None:
    assert steps.check_out(replace(ROLLOUT, deployed=NOTHING)).undone_by == ()
    assert str(steps.check_out(ROLLOUT).undo_files[0]).endswith("a" * 40)


def test_before_the_first_deployment_undoing_leaves_no_containers_and_no_env_file() -> None:
    remove, end = steps.configure(replace(ROLLOUT, deployed=NOTHING)).undone_by
    assert str(remove).startswith("rm -f")
    assert isinstance(end, Command) and end.argv[-2:] == ("gw2-staging", "remove")
    assert "docker compose" not in str(end), "neither `.env` nor the release's Compose file is read"


def test_what_runs_is_not_made_anew_before_the_gate_and_the_undo_follows_the_previous_files() -> None:
    made = steps.start_infrastructure(ROLLOUT)
    assert "--no-recreate" in str(made.actions[0])
    assert "--no-recreate" not in str(made.undo[0])
    assert steps.start_infrastructure(replace(ROLLOUT, deployed=NOTHING)).undo == ()


def test_services_of_a_release_are_not_infrastructure() -> None:
    services = steps.infrastructure_services(ENVIRONMENT)
    assert {"postgres", "redis", "prometheus"} <= set(services)
    assert not {"nginx", "backend-blue", "frontend-blue", "backend-green"} & set(services)
    assert str(steps.start_infrastructure(ROLLOUT).actions[0]).endswith(" ".join(services))
