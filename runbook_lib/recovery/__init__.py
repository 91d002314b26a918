"""Backups, restore drills, restores and schedules (runbooks 30 to 34)."""

from runbook_lib.core.lazy import loader

_HOMES = {
    "survey": "runbook_lib.recovery.facts.backups:backups_of",
    "survey_drills": "runbook_lib.recovery.facts.drills:drills_of",
    "survey_databases": "runbook_lib.recovery.facts.restore_databases:databases_of",
    "survey_configuration": "runbook_lib.recovery.facts.configuration_backups:configuration_backups_of",
    "survey_files": "runbook_lib.recovery.plans.backup_configuration:kept_files",
    "survey_schedules": "runbook_lib.recovery.facts.schedules:schedules_of",
    "planned_schedules": "runbook_lib.recovery.facts.schedules",
    "inspect_dump": "runbook_lib.recovery.facts.dumps:dump_reading_of",
    "select_backup": "runbook_lib.recovery.facts.restore_selection",
    "backup_before": "runbook_lib.recovery.facts.restore_selection",
    "select_for_drill": "runbook_lib.recovery.facts.drill_selection:choose_backups",
    "data_loss": "runbook_lib.recovery.facts.restore_selection:loss_of",
    "revision_of": "runbook_lib.recovery.facts.restore_selection",
    "plan_backup": "runbook_lib.recovery.plans.backup",
    "plan_restore_drill": "runbook_lib.recovery.plans.restore_drill",
    "plan_restore": "runbook_lib.recovery.plans.restore",
    "plan_drop_retained": "runbook_lib.recovery.plans.restore:plan_drop_kept",
    "plan_configuration_backup": "runbook_lib.recovery.plans.backup_configuration",
    "plan_schedules": "runbook_lib.recovery.plans.schedules",
    "checks": "checks",
    "charts": "charts",
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
