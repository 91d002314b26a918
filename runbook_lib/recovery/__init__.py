"""Backups, restore drills, restores and schedules (runbooks 30 to 34)."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "survey": "runbook_lib.recovery.facts.backup_survey",
    "survey_drills": "runbook_lib.recovery.facts.drills",
    "survey_databases": "runbook_lib.recovery.facts.restore_databases",
    "survey_stopped_writers": "runbook_lib.recovery.facts.stopped_writers",
    "survey_configuration": "runbook_lib.recovery.facts.configuration_backups",
    "survey_files": "runbook_lib.recovery.plans.configuration_backup",
    "survey_schedules": "runbook_lib.recovery.facts.installed_schedules",
    "survey_restorability": "runbook_lib.recovery.facts.restorability",
    "inspect_dump": "runbook_lib.recovery.facts.dumps",
    "select_for_drill": "runbook_lib.recovery.facts.drill_selection",
    "plan_backup": "runbook_lib.recovery.plans.backup",
    "plan_restore_drill": "runbook_lib.recovery.plans.restore_drill",
    "plan_restore": "runbook_lib.recovery.plans.restore",
    "plan_configuration_backup": "runbook_lib.recovery.plans.configuration_backup",
    "plan_schedules": "runbook_lib.recovery.plans.schedules",
    "checks": "checks",
    "charts": "charts",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
