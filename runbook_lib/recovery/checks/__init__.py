"""Pure checks of backups, drills, restores and schedules: facts against the environment, as findings."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "backup_preconditions": "runbook_lib.recovery.checks.backup",
    "backup_is_new": "runbook_lib.recovery.checks.backup",
    "dump_matches_manifest": "runbook_lib.recovery.checks.backup",
    "last_backup": "runbook_lib.recovery.checks.backup:last_backup_findings",
    "new_backup": "runbook_lib.recovery.checks.backup",
    "drill_preconditions": "runbook_lib.recovery.checks.drill",
    "drill_results": "runbook_lib.recovery.checks.drill",
    "newest_is_good": "runbook_lib.recovery.checks.drill",
    "restore_preconditions": "runbook_lib.recovery.checks.restore_readiness",
    "retained_can_be_dropped": "runbook_lib.recovery.checks.restore_readiness:may_be_dropped",
    "database_name_confirmed": "runbook_lib.recovery.checks.restore_readiness:database_is_named",
    "database_is_restored": "runbook_lib.recovery.checks.restore_readiness",
    "configuration_preconditions": "runbook_lib.recovery.checks.configuration_backup",
    "configuration_is_safe": "runbook_lib.recovery.checks.configuration_backup",
    "files_are_safe": "runbook_lib.recovery.checks.configuration_backup",
    "schedule_preconditions": "runbook_lib.recovery.checks.schedules",
    "schedule_findings": "runbook_lib.recovery.checks.schedules",
    "schedules_are_as_planned": "runbook_lib.recovery.checks.schedules",
    "trial_run_succeeded": "runbook_lib.recovery.checks.schedules",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
