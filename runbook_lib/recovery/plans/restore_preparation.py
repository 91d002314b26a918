"""What every restore begins with, whatever the strategy: a last backup and a staged database, while users work."""

from __future__ import annotations

from typing import Any

from runbook_lib.core.findings import Finding, finding
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.core.questions import Question
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import Deployed, deployed_state
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.restore_databases import Databases, survey_databases
from runbook_lib.recovery.plans import cache_steps
from runbook_lib.recovery.plans import restore_steps as steps

DONE_BEFORE = "done by the run that was interrupted"
NO_BACKUP_FIRST = "skipped on request: the live database cannot be backed up. It is retained as it is"


def restore_facts(backup: Backup, deployed: Deployed, databases: Databases) -> dict[str, object]:
    """What the plan rests on: when one of these moves, its hash does."""
    sha256 = backup.manifest.sha256 if backup.manifest else ""
    return {"backup": backup.name, "of": backup.project or "this environment", "sha256": sha256,
            "live": deployed.live_commit, "databases": databases.names}


def preparation(
    environment: Environment, backup: Backup, pre_restore_backup: Plan | None, *, resumed: bool = False
) -> tuple[list[Step], list[SkippedStep]]:
    """What is done while users work: a last backup of the live database, and the staged database, verified."""
    asked = cache_steps.ask_cache(environment)
    clear, *loading = staging = steps.staging(environment, backup)
    if resumed:  # after the swap the staged database is the live one: loading again would need a second swap
        return [], [SkippedStep(step.title, DONE_BEFORE) for step in (*asked, *staging)]
    if pre_restore_backup is None:
        return [*asked, *staging], [SkippedStep("Back up the live database first", NO_BACKUP_FIRST)]
    # a restore that died may have left the database closed to everyone: opened later, it could not be backed up
    return [*asked, clear, *pre_restore_backup.steps, *loading], list(pre_restore_backup.skipped)


def unchanged_since_plan(environment: Environment, deployed: Deployed, databases: Databases | None = None) -> Gate:
    """Under the lock: are the live release, and the databases, still those that the plan was made from?"""

    def judge(now: Deployed, databases_now: Databases | None = None) -> tuple[Finding, ...]:
        live = f"live is now {(now.live_commit or 'nothing')[:12]}"
        found = [finding("the deployed state", now == deployed, measured=live, expected="as in the plan")]
        if databases is not None and databases_now is not None:
            found.append(finding("the databases", databases_now.names == databases.names,
                                 measured=", ".join(databases_now.names), expected="as in the plan"))
        return tuple(found)

    questions: tuple[Question[Any], ...] = (deployed_state(environment),)
    if databases is not None:
        questions = (*questions, survey_databases(environment))
    return Gate("nothing has changed since the plan", questions, judge, success_threshold=1)
