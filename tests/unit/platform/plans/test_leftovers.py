"""What a killed run has left next to the application is ended by each runbook that acts on release or database."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Step
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import load_environment
from runbook_lib.platform.plans.leftovers import CANDIDATE, MIGRATION, end_leftovers
from runbook_lib.recovery.plans import restore_steps
from runbook_lib.recovery.plans.restore_in_place import stop_writers
from tests.unit.platform.facts.test_replaced_release import running
from tests.unit.release.plans.test_deploy import EMPTY, target
from tests.unit.release.plans.test_deploy import plan as plan_colours
from tests.unit.release.plans.test_replace_back import live
from tests.unit.release.plans.test_replace_back import plan as plan_back
from tests.unit.release.plans.test_replace_migrations import BY_STEP
from tests.unit.release.plans.test_replace_migrations import plan as plan_migrations
from tests.unit.release.plans.test_replace_release import plan
from tests.unit.release.plans.test_replacement import SHOP, deployed

RUNNING = running("web:latest")
# $STATE holds `ID NAME JOB` lines; what is stopped or removed is logged
DOCKER = r"""#!/bin/bash
[[ -z $MUTE ]] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
last=${*: -1}
case $* in
    ps*runbook.job=*) awk -v job="${last#label=runbook.job=}" '$3 == job {print $1, $2, $3}' "$STATE/there" ;;
    ps*id=*) awk -v id="${last#id=}" '$1 == id {print $1}' "$STATE/there" ;;
    stop*) echo "stop ${*:2}" >>"$STATE/log" ;;
    rm*) echo "rm ${*: -1}" >>"$STATE/log"
        [[ -n $KEEPS ]] || { grep -v "^${*: -1} " "$STATE/there" >"$STATE/left"; mv "$STATE/left" "$STATE/there"; } ;;
esac
exit 0
"""


def jobs(step: Step) -> tuple[str, ...]:
    """Which leftovers a step ends."""
    return next((one.argv[7:] for one in step.actions if isinstance(one, Command) and "which an earlier run left" in str(one.stdin)), ())


def test_a_deployment_ends_a_candidate_and_the_step_that_migrates_waits_for_a_migration() -> None:
    first = plan_migrations(BY_STEP).steps[0]
    assert jobs(first) == (CANDIDATE,)
    assert "a candidate that a killed run left is ended" in first.why


def test_where_no_step_migrates_a_deployment_ends_a_migration_too() -> None:
    """Nothing would wait for it: it went on next to a release that does not know its schema."""
    assert jobs(plan(deployed(containers=RUNNING), RUNNING).steps[0]) == (CANDIDATE, MIGRATION)
    assert jobs(plan_migrations(BY_STEP, applied=frozenset({"shop.0001", "shop.0002"})).steps[0]) == (CANDIDATE, MIGRATION)


@pytest.mark.parametrize(("schema_now", "ended"), [("0003", (MIGRATION,)), ("0002", ())])
def test_so_it_is_with_two_colours(schema_now: str, ended: tuple[str, ...]) -> None:
    staging = load_environment("staging")
    secrets = {name: Secret(name, f"value-of-{name}-0123456789") for name in staging.server_secrets}
    assert jobs(plan_colours(staging, EMPTY, secrets, target(schema_now=schema_now)).steps[0]) == ended


def test_a_rollback_and_a_restore_end_both() -> None:
    """Found by reading: both left them running, next to the release that came back, on the data that came back."""
    assert jobs(plan_back(live()).steps[0]) == jobs(stop_writers(SHOP, RUNNING)) == (CANDIDATE, MIGRATION)


def test_with_two_colours_there_are_migrations_alone() -> None:
    assert jobs(restore_steps.stop_writers(load_environment("staging"), "green")) == (MIGRATION,)


def end(folder: Path, there: str, **settings: str) -> tuple[int, str, str]:
    for name, text in (("docker", DOCKER), ("sleep", "#!/bin/sh\n"), ("timeout", '#!/bin/sh\nshift; exec "$@"\n')):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / "there").write_text(there)
    command = end_leftovers(SHOP, CANDIDATE, MIGRATION)
    done = subprocess.run(command.argv, input=str(command.stdin), text=True, capture_output=True, timeout=60, env={
        "PATH": f"{folder}:{os.environ['PATH']}", "STATE": str(folder), "MUTE": "", "KEEPS": "", **settings})
    return done.returncode, done.stdout, done.stderr


def test_each_is_stopped_removed_and_named(tmp_path: Path) -> None:
    code, shown, _ = end(tmp_path, "01 shop-candidate-web candidate\n02 shop-candidate-api candidate\n03 shop-migration migration\n")
    assert (code, shown.splitlines()) == (0, [f"ended: {name}, which an earlier run left" for name in (
        "shop-candidate-web", "shop-candidate-api", "shop-migration")])
    # at the same time: three that take two minutes each would be more than the step has
    assert (tmp_path / "log").read_text().split("\n")[:2] == ["stop 01 02 03", "rm 01"]
    assert (tmp_path / "there").read_text() == ""


def test_where_there_is_none_nothing_is_said(tmp_path: Path) -> None:
    assert end(tmp_path, "09 shop-backup backup\n") == (0, "", "")
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize(("settings", "why"), [({"MUTE": "1"}, "Cannot connect"), ({"KEEPS": "1"}, "still there: shop-migration")])
def test_one_that_cannot_be_ended_fails_the_step(tmp_path: Path, settings: dict[str, str], why: str) -> None:
    code, _, shown = end(tmp_path, "03 shop-migration migration\n", **settings)
    assert code == 1 and why in shown
