"""The steps that only a rollback has."""

from __future__ import annotations

from runbook_lib.core.commands import Command
from runbook_lib.platform.plans.nginx import REFUSED
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.release.plans import configuration_steps, rollback_steps
from tests.unit.recovery.plans.test_restore import ENVIRONMENT, PRE_RESTORE_BACKUP
from tests.unit.release.plans.test_rollback import DEPLOYED, LIVE, NEWER, plan, step, target


def test_the_downgrade_runs_in_the_image_that_has_the_migration_and_shows_what_it_deletes() -> None:
    made = step(plan("downgrade", NEWER, pre_rollback_backup=PRE_RESTORE_BACKUP), "downgrade")
    action = made.actions[0]
    assert isinstance(action, Command)
    assert f"env GREEN_COMMIT={LIVE} docker compose" in str(action)
    assert action.argv[-2:] == ("downgrade", "0002")
    assert "drop column squads.region" in made.why
    assert " stop " in str(made.undo[0]), "a downgrade that still runs would meet the upgrade"
    assert str(made.undo[1]).endswith("upgrade 0003")


def test_a_broken_release_may_keep_nginx_from_reloading_when_it_is_returned_to() -> None:
    check_out, configure = rollback_steps.files(Rollout(ENVIRONMENT, DEPLOYED, target()))
    assert check_out.undo_files and configure.undo_files
    (reload,) = check_out.undo
    assert isinstance(reload, Command) and reload.accepts == (0, REFUSED)
    assert rollback_steps.start_data_services(ENVIRONMENT)[0].undo_best_effort


def test_users_need_the_data_services_first_and_monitoring_may_fail() -> None:
    data = rollback_steps.start_data_services(ENVIRONMENT)[0].actions[0]
    assert isinstance(data, Command)
    assert data.argv[-3:] == ("--no-recreate", "postgres", "redis")
    monitoring = rollback_steps.start_monitoring(ENVIRONMENT)[0].actions[0]
    assert isinstance(monitoring, Command) and 1 in monitoring.accepts


def test_without_monitoring_nothing_is_started_for_it() -> None:
    """`docker compose up` without a name would start every service, the proxy included."""
    kept = {name: one for name, one in ENVIRONMENT.services.items()
            if name in (*ENVIRONMENT.shared_services, "backend-blue", "backend-green", "frontend-blue", "frontend-green")}
    bare = ENVIRONMENT.model_copy(update={"services": kept})
    assert rollback_steps.start_monitoring(bare) == ()
    assert rollback_steps.start_data_services(bare)
    nothing = {name: one for name, one in kept.items() if name not in bare.data_services}
    only_a_release = bare.model_copy(update={"services": nothing})
    rollout = Rollout(only_a_release, DEPLOYED, target())
    assert configuration_steps.start_infrastructure(rollout) == ()


def test_the_newer_backend_is_started_again_by_the_undo() -> None:
    made = rollback_steps.stop_newer_backend(ENVIRONMENT, "green")
    assert "stop backend-green" in str(made.actions[1])
    assert str(made.undo[0]).endswith("backend-green") and " up " in str(made.undo[0])


def test_every_writer_of_the_newer_release_is_stopped_before_its_schema_goes() -> None:
    """A worker is code of the newer release, too, and would write on into the older schema."""
    release = ENVIRONMENT.release
    environment = ENVIRONMENT.model_copy(update={"release": release.model_copy(update={"writers": ("backend", "worker")})})
    made = rollback_steps.stop_newer_backend(environment, "green")
    assert str(made.actions[1]).endswith("stop backend-green worker-green")
    assert str(made.undo[0]).endswith("backend-green worker-green")
