"""Changed secrets: the live release keeps its cache, and data services are made anew only after the gate."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.compose import once_settled
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.release.facts.service_changes import ServiceChange
from runbook_lib.release.plans import secret_steps as steps
from runbook_lib.release.plans.service_steps import follow_release

ENVIRONMENT = load_environment("staging")
LIVE = Deployed("blue", "a" * 40, "OLD=1\n", upstreams_file(ENVIRONMENT, "blue"), None, frozenset(), ())
ROLLOUT = Rollout(ENVIRONMENT, LIVE, Target("b" * 40, "v3.2.0", {}, "0003"))
FIRST = replace(ROLLOUT, deployed=replace(LIVE, live_colour=None))
SECRETS = {name: Secret(name, f"value-of-{name}") for name in ENVIRONMENT.server_secrets}
# of redis-cli what is used of it: one user, its passwords in a file; -x takes the last word from standard input
REDIS_CLI = r"""#!/bin/bash
grep -qxF -- "$REDISCLI_AUTH" "$STATE/passwords" || { echo "NOAUTH Authentication required."; exit 0; }
case "$*" in
    *PING) echo PONG ;;
    *ACL*) [[ ! -e $STATE/old-version ]] || { echo "ERR unknown command 'ACL'"; exit 0; }
        word=$(cat)
        case $word in
            '>'*) echo "${word#>}" >>"$STATE/passwords"; echo OK ;;
            '<'*) grep -qxF -- "${word#<}" "$STATE/passwords" || { echo "ERR Error in ACL SETUSER modifier '$word': no such password"; exit 0; }
                [[ -e $STATE/stuck ]] || { grep -vxF -- "${word#<}" "$STATE/passwords" >"$STATE/new"; mv "$STATE/new" "$STATE/passwords"; }; echo OK ;;
        esac ;;
esac
"""


def test_the_order_is_both_passwords_then_what_users_do_not_notice_then_data_services_after_the_gate() -> None:
    (accept,), (apply,) = steps.accept_secrets(ROLLOUT, SECRETS), steps.apply_secrets(ROLLOUT)
    renew, gate = steps.renew_data_services(ROLLOUT)
    assert [one.key for one in (accept, apply, renew, gate)] == ["accept-secrets", "apply-secrets", "renew-data-services", "gate-secrets"]
    assert "no outage" in accept.title and "no outage" in apply.title and "at most 6 s each" in renew.title
    applied, renewed = str(apply.actions[0]), str(renew.actions[0])
    assert "postgres-exporter" in applied and "redis-exporter" in applied and "node-exporter" not in applied
    assert not applied.endswith(" redis") and " postgres " not in applied
    assert renewed.endswith("postgres redis")
    assert "switched.mark" in str(renew.actions[1]), "errors of an announced outage are not the release's"
    assert [apply.undo, renew.undo] == [(once_settled(cast(Command, step.actions[0])),) for step in (apply, renew)]


def test_the_outage_of_data_services_is_expected_as_where_a_release_changes_them() -> None:
    changes = [ServiceChange(name, name, "recreate") for name in ("postgres", "redis")]
    others = [alert for step in follow_release(ROLLOUT, changes) for alert in step.expected_alerts]
    (renew, gate), (accept,) = steps.renew_data_services(ROLLOUT), steps.accept_secrets(ROLLOUT, SECRETS)
    assert set(renew.expected_alerts) == set(others) != set()
    assert len(set(renew.expected_alerts)) == len(renew.expected_alerts)
    assert gate.expected_alerts == accept.expected_alerts == ()


def test_the_password_travels_by_standard_input_and_is_shown_nowhere() -> None:
    (step,) = steps.accept_secrets(ROLLOUT, SECRETS)
    for command in (*step.actions, *step.undo):
        assert isinstance(command, Command) and isinstance(command.stdin, Secret)
        assert command.stdin.reveal() == "value-of-STAGING_REDIS_PASSWORD\n"
        assert "value-of" not in str(command) + repr(command)


def test_a_plan_that_brings_grafana_a_password_names_the_command_by_which_it_takes_it() -> None:
    (apply,) = steps.apply_secrets(ROLLOUT)
    assert " grafana" in str(apply.actions[0])
    assert "grafana cli admin reset-admin-password --password-from-stdin" in apply.why
    absent = ENVIRONMENT.services["grafana"].model_copy(update={"required": False, "absent_reason": "no image"})
    without = ENVIRONMENT.model_copy(update={"services": {**ENVIRONMENT.services, "grafana": absent}})
    (apply,) = steps.apply_secrets(replace(ROLLOUT, environment=without))
    assert "Grafana" not in apply.why


def test_before_the_first_deployment_nothing_has_an_earlier_password() -> None:
    assert steps.accept_secrets(FIRST, SECRETS) == steps.apply_secrets(FIRST) == steps.renew_data_services(FIRST) == ()


def test_a_secret_that_this_run_does_not_have_or_a_cache_of_two_secrets_is_left_alone() -> None:
    assert steps.accept_secrets(ROLLOUT, {}) == ()
    two = {**ENVIRONMENT.secrets, "STAGING_DB_PASSWORD": ENVIRONMENT.secrets["STAGING_REDIS_PASSWORD"]}
    assert steps.accept_secrets(replace(ROLLOUT, environment=ENVIRONMENT.model_copy(update={"secrets": two})), SECRETS) == ()


@pytest.mark.parametrize(("same_file", "changes", "expected"), [
    (True, (), []), (False, (), ["accept-secrets", "apply-secrets"]), (True, (ServiceChange("redis", "redis", "recreate"),), ["accept-secrets"]),
    (True, (ServiceChange("redis", "redis", "reload"), ServiceChange("postgres", "postgres", "recreate")), []),
])
def test_what_an_interrupted_run_delivered_and_did_not_apply_is_seen(same_file: bool, changes: tuple[ServiceChange, ...], expected: list[str]) -> None:
    assert [one.key for one in steps.before_the_switch(ROLLOUT, SECRETS, same_file=same_file, changes=changes)] == expected


class Cache:
    """Redis by a double of its client; the program is the real one, in a real shell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        (folder / "bin/redis-cli").write_text(REDIS_CLI)
        (folder / "bin/redis-cli").chmod(0o755)
        (folder / "passwords").write_text("old\n")

    def run(self, program: str, password: str, own: str = "old") -> tuple[int, str]:
        done = subprocess.run(("sh", "-c", program), input=f"{password}\n", text=True, capture_output=True, timeout=60,
                              env={"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "STATE": str(self.folder), "REDIS_PASSWORD": own})
        return done.returncode, done.stdout + done.stderr

    @property
    def passwords(self) -> list[str]:
        return (self.folder / "passwords").read_text().split("\n")[:-1]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path)


@pytest.mark.parametrize("new", ["new", "with 'quotes' $HOME \\ and more", "-x", "é"])
def test_a_changed_password_is_taken_next_to_the_live_one_and_the_undo_takes_it_away(cache: Cache, new: str) -> None:
    assert cache.run(steps.ACCEPT_BOTH, new)[0] == 0
    assert cache.passwords == ["old", new]
    assert cache.run(steps.ACCEPT_EARLIER, new)[0] == 0
    assert cache.passwords == ["old"]
    assert cache.run(steps.ACCEPT_EARLIER, new) == (0, ""), "twice is as good as once"


@pytest.mark.parametrize(("password", "own"), [("old", "old"), ("new", "")])
def test_a_password_that_stays_is_never_taken_away(cache: Cache, password: str, own: str) -> None:
    for program in (steps.ACCEPT_BOTH, steps.ACCEPT_EARLIER):
        assert cache.run(program, password, own)[0] == 0
    assert cache.passwords == ["old"]


def test_a_cache_that_takes_only_one_password_fails_before_anything_was_changed_and_shows_none(cache: Cache) -> None:
    (cache.folder / "old-version").touch()
    code, shown = cache.run(steps.ACCEPT_BOTH, "new-value")
    assert (code, "before version 6" in shown, "new-value" in shown) == (1, True, False)
    code, shown = cache.run(steps.ACCEPT_BOTH, "new-value", own="wrong")
    assert (code, "NOAUTH" in shown) == (1, True)


def test_an_undo_that_did_not_work_fails(cache: Cache) -> None:
    (cache.folder / "stuck").touch()
    cache.run(steps.ACCEPT_BOTH, "new-value")
    code, shown = cache.run(steps.ACCEPT_EARLIER, "new-value")
    assert (code, "still takes" in shown, "new-value" in shown) == (1, True, False)
