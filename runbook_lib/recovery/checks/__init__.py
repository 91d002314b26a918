"""Pure checks of backups, drills, restores and schedules: facts against the environment, as findings."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "backup_preconditions": "runbook_lib.recovery.checks.backup",
    "backup_is_new": "runbook_lib.recovery.checks.backup",
    "backup_contents": "runbook_lib.recovery.checks.dump",
    "last_backup": "runbook_lib.recovery.checks.freshness",
    "drill_preconditions": "runbook_lib.recovery.checks.drill_readiness",
    "drill_results": "runbook_lib.recovery.checks.drill",
    "restore_preconditions": "runbook_lib.recovery.checks.restore_readiness",
    "database_name_confirmed": "runbook_lib.recovery.checks.restore",
    "database_is_restored": "runbook_lib.recovery.checks.restore",
    "configuration_preconditions": "runbook_lib.recovery.checks.configuration",
    "configuration_is_safe": "runbook_lib.recovery.checks.configuration",
    "files_are_safe": "runbook_lib.recovery.checks.archived_files",
    "schedule_preconditions": "runbook_lib.recovery.checks.schedules",
    "schedule_findings": "runbook_lib.recovery.checks.schedules",
    "schedules_are_as_planned": "runbook_lib.recovery.checks.schedules",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
