"""Operations runbooks of a docker-compose staging environment. The names here are all that notebooks use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# name -> the module that holds it; loaded on first use, so that `runbook list` starts at once
_HOMES = {
    "containers_of": "runbook_lib.facts.containers",
    "deploy_preconditions": "runbook_lib.checks.deploy",
    "deployed_state_of": "runbook_lib.facts.releases",
    "open_run": "runbook_lib.run",
    # preflight and backup
    "backup_is_new": "runbook_lib.checks.backup",
    "backup_preconditions": "runbook_lib.checks.backup",
    "capacity_findings": "runbook_lib.checks.capacity",
    "certificate_findings": "runbook_lib.checks.capacity",
    "certificate_of": "runbook_lib.facts.certificates",
    "compose_findings": "runbook_lib.checks.compose",
    "dump_matches_manifest": "runbook_lib.checks.backup",
    "dump_reading_of": "runbook_lib.facts.dumps",
    "if_there": "runbook_lib.facts.optional",
    "last_backup_findings": "runbook_lib.checks.backup",
    "migration_findings": "runbook_lib.checks.migrations",
    "migration_rehearsal_of": "runbook_lib.facts.migration_rehearsal",
    "new_backup": "runbook_lib.checks.backup",
    "parse_migrations": "runbook_lib.facts.migrations",
    "pre_deployment_checklist": "runbook_lib.checks.checklist",
    "release_findings": "runbook_lib.checks.preflight",
    "rollback_findings": "runbook_lib.checks.preflight",
    "secret_findings": "runbook_lib.checks.secrets",
    "server_secrets_of": "runbook_lib.facts.configuration",
    "sizes_over_time": "runbook_lib.charts",
    "strengths_of": "runbook_lib.facts.configuration",
    "variable_findings": "runbook_lib.checks.preflight",
    "database_of": "runbook_lib.facts.database",
    "memory_against_limits": "runbook_lib.charts",
    "memory_of": "runbook_lib.facts.containers",
    "schema_revision_of": "runbook_lib.facts.database",
    "backups_of": "runbook_lib.facts.backups",
    "plan_backup": "runbook_lib.procedures.backup",
    "plan_deploy": "runbook_lib.procedures.deploy",
    "release_is_live": "runbook_lib.checks.deploy",
    "release_tree_of": "runbook_lib.facts.repository",
    "server_of": "runbook_lib.facts.server",
    "target_of": "runbook_lib.procedures.release_files",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'runbook_lib' has no public name {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
