"""The data question of a rollback: no code ever runs on a schema that it does not know."""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core.commands import WriteFile
from runbook_lib.environment import load_environment
from runbook_lib.platform.plans.release_files import upstreams_file
from tests.unit.recovery.plans.test_restore import BACKUP, ONLY_LIVE, PRE_RESTORE_BACKUP
from tests.unit.release.plans.test_rollback import NEWER, SAME, keys, plan, step, target

ENVIRONMENT = load_environment("staging")


def test_code_that_works_on_both_schemas_takes_over_before_the_downgrade() -> None:
    order = keys(plan("downgrade", NEWER, pre_rollback_backup=PRE_RESTORE_BACKUP).steps)
    assert order.index("backup-publish") < order.index("switch") < order.index("stop-writers") < order.index("downgrade")
    assert order.index("downgrade") < order.index("gate-schema") < order.index("commit-release")
    assert "maintenance-on" not in order


def test_code_that_does_not_work_on_the_newer_schema_never_runs_on_it() -> None:
    order = keys(plan("downgrade", replace(NEWER, compatible=False), pre_rollback_backup=PRE_RESTORE_BACKUP).steps)
    assert order.index("maintenance-on") < order.index("stop-writers") < order.index("downgrade") < order.index("start")


def test_code_that_could_not_be_tested_is_treated_as_code_that_does_not_work() -> None:
    assert "maintenance-on" in keys(plan("downgrade", replace(NEWER, compatible=None), pre_rollback_backup=PRE_RESTORE_BACKUP).steps)


def test_undoing_a_switch_in_maintenance_leads_back_to_the_maintenance_page() -> None:
    made = plan("downgrade", replace(NEWER, compatible=False), pre_rollback_backup=PRE_RESTORE_BACKUP)
    back = step(made, "switch").undo[0]
    assert isinstance(back, WriteFile) and "return 503" in str(back.content)
    leaving = step(made, "maintenance-on").undo[0]
    assert isinstance(leaving, WriteFile) and leaving.content == upstreams_file(ENVIRONMENT, "green")


def test_a_restore_swaps_the_databases_before_the_earlier_release_starts() -> None:
    order = keys(plan("restore", NEWER, to=target("0001"), pre_rollback_backup=PRE_RESTORE_BACKUP, backup=BACKUP,
                      databases=ONLY_LIVE).steps)
    assert order.index("restore-compare") < order.index("maintenance-on") < order.index("restore-swap")
    assert order.index("restore-swap") < order.index("migrate") < order.index("start") < order.index("switch")
    assert order.index("gate-external") < order.index("restore-commit") < order.index("commit-release")


def test_an_older_schema_is_migrated_before_the_earlier_release_starts() -> None:
    order = keys(plan("keep", SAME, to=target("0001"), pre_rollback_backup=PRE_RESTORE_BACKUP).steps)
    assert order.index("backup-publish") < order.index("migrate") < order.index("start")


def test_without_a_change_of_data_the_backup_is_left_out_with_its_reason() -> None:
    made = plan("keep", NEWER, pre_rollback_backup=PRE_RESTORE_BACKUP)
    assert "backup-publish" not in keys(made.steps)
    assert "only where data change" in next(one.reason for one in made.skipped if one.title == "Back up the database")
