"""The rollback of a release that replaced another one's containers: the earlier images, and the data as chosen.

The steps are those of a deployment of such a release; what it does for certainty alone (fetch, build, a long watch) is
left out where the images exist.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from runbook_lib.core.operation_names import ROLL_BACK
from runbook_lib.core.plan import Action, Plan, SkippedStep, Step
from runbook_lib.platform.facts.known_state import current_state
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.replaced_release import images_of
from runbook_lib.platform.plans import verification
from runbook_lib.platform.plans.compose import once_settled, start_services, stop_services
from runbook_lib.platform.plans.leftovers import CANDIDATE, MIGRATION
from runbook_lib.platform.plans.nginx import follow_restarted, start_proxy
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.restore_databases import Databases, restored_from
from runbook_lib.recovery.plans import cache_steps, restore_steps
from runbook_lib.recovery.plans.restore_preparation import DONE_BEFORE, preparation, unchanged_since_plan
from runbook_lib.recovery.plans.stopped_writers import OtherRelease, commit_restore, forget, watch_over
from runbook_lib.release.facts.repository import ReleaseTree
from runbook_lib.release.facts.rollback_targets import back_to, is_live_on, taken_from_users
from runbook_lib.release.plans import build_steps
from runbook_lib.release.plans.replace_gates import (
    Measured,
    measured_of,
    outage_begins,
    outage_ends,
    outside_gate,
    previous_answers,
)
from runbook_lib.release.plans.replace_images import image_steps
from runbook_lib.release.plans.replace_release import check_out_kept, expected_outage, is_replaced
from runbook_lib.release.plans.replacement import (
    Replacement,
    adopt_running,
    record_release,
    replace_containers,
    replacement_of,
    write_override,
)

NO_BACKUP = "a rollback is seconds: a backup is taken only where data change"
NO_WATCH = "it was watched when it was deployed"
SCHEMA_NOT_KNOWN = ("Nothing but its replies shows whether the earlier code works on the schema as it is. Where it "
                    'does not, its gate undoes it: then run again with database = "restore".')
WITH_DATA = 'With database = "restore" a backup of its time comes back with it.'
OTHER_DATA = ("Its data are the previous ones. Where the backup has a schema that the release does not know, name an "
              "earlier one in `backup`.")


@dataclass(frozen=True)
class DataRestore:
    """What a rollback with a restore needs: the backup, the databases that there are, and a backup of the live one."""

    backup: Backup
    databases: Databases | None = None
    pre_rollback_backup: Plan | None = None

    @property
    def resumed(self) -> bool:
        """Whether a run that died has swapped the databases already."""
        return self.databases is not None and self.databases.interrupted is not None


def plan_replace_back(rollout: Rollout, release: Release, tree: ReleaseTree | None = None,
                      restore: DataRestore | None = None) -> Plan:
    """From what runs to a recorded release; none, with the reason, when that runs already.

    `tree` says what is built where an image is gone. With `restore` the data become those of a backup; else they stay.
    """
    environment = rollout.environment
    target = replace(rollout.target, version=release.version)
    change = replacement_of(replace(rollout, target=target), images_of(environment, release))
    if is_replaced(change):
        more = "; to change only the data, use 32 Restore the database" if restore else \
            "; where it does not work on the data as they are, 32 Restore the database brings back those of its time"
        return Plan(f"{ROLL_BACK} {release.version}", environment.name, facts=_facts(change, restore),
                    reason=f"{release.version} ({release.commit[:12]}) is live already{more}")
    measured = measured_of(change)
    if restore is not None and _only_unrecorded(change, restore):
        last = (outside_gate(change, measured), _record(change))
        return replace(_whole(change, restore), steps=last, point_of_no_return=StepKey.COMMIT_RELEASE,
                       skipped=(SkippedStep(f"Restore {restore.backup.name}", DONE_BEFORE),))
    compose = tree.sources.compose if tree else None
    made, there = image_steps(change, compose.services if compose else {})
    first = [build_steps.record_state(rollout, CANDIDATE, MIGRATION), *adopt_running(change), *made]
    steps, skipped = (_with_restore if restore else _keep)(change, measured, restore)
    watch = SkippedStep(f"Watch {release.version}", NO_WATCH)
    return replace(_whole(change, restore), steps=(*first, *steps), skipped=(*there, *skipped, watch),
                   rollback_check=previous_answers(change, measured) if _was_healthy(change) else None)


def _only_unrecorded(change: Replacement, restore: DataRestore) -> bool:
    """Whether an interrupted run did all but the record: to restore once more would lose what users wrote since."""
    live = restore.databases.live if restore.databases else None
    return not restore.resumed and live is not None and live.comment == restored_from(restore.backup.name) \
        and is_replaced(change, recorded=False)


def _was_healthy(change: Replacement) -> bool:
    # a rollback may be for what was broken before: that need not become healthy by an undo
    healthy = {one.service for one in change.rollout.containers if one.is_healthy}
    return set(change.previous_images) <= healthy


def _keep(change: Replacement, measured: Measured,
          restore: DataRestore | None) -> tuple[list[Step], tuple[SkippedStep, ...]]:
    """The earlier images on the data as they are."""
    swapped = replace_containers(change, f"{expected_outage(change)}. {SCHEMA_NOT_KNOWN}", (outage_begins(measured),))
    steps = [check_out_kept(change), write_override(change), swapped, *_proxy(change),
             outside_gate(change, measured), _record(change, outage_ends(measured))]
    reason = change.rollout.environment.no_database_reason or NO_BACKUP
    return steps, (SkippedStep("Back up the database", reason),)


def _with_restore(change: Replacement, measured: Measured,
                  restore: DataRestore | None) -> tuple[list[Step], tuple[SkippedStep, ...]]:
    """The backup is loaded and compared while users work; what writes is stopped, and the release starts on it.

    Undone, in this order: files, the earlier containers stopped, the names swapped back, what was live started.
    """
    assert restore is not None
    environment, backup = change.rollout.environment, restore.backup
    prepared, skipped = preparation(environment, backup, restore.pre_rollback_backup, resumed=restore.resumed)
    return [
        *prepared,
        check_out_kept(change),
        write_override(change),
        _stop_release(change, measured),
        restore_steps.swap(environment, backup),
        *cache_steps.flush_cache(environment),
        _start_release(change),
        *_proxy(change),
        outside_gate(change, measured),
        commit_restore(environment, backup),
        _record(change, outage_ends(measured)),
    ], (*skipped, *cache_steps.no_cache(environment))


def _record(change: Replacement, *first: Action) -> Step:
    deployed, commit = change.rollout.deployed, change.rollout.target.commit
    # the same commit may have other images
    left = taken_from_users(deployed, commit) if is_replaced(change, recorded=False) else deployed.live_commit
    return record_release(change, first, rolled_back_from=left or "")


def _proxy(change: Replacement) -> tuple[Step, ...]:
    return start_proxy(change.rollout.environment, change.rollout.containers)


def _stop_release(change: Replacement, measured: Measured) -> Step:
    """Stop whatever writes. Undone: what was live, by its images, on its own data again.

    A watchdog stays on the server until the run ends: should it die, users get the release of the data that are live.
    """
    environment = change.rollout.environment
    others = _other_writers(change)
    before = tuple(change.previous_images)
    undo: list[Action] = [once_settled(change.up(*before))] if before else []
    undo += [start_services(environment, *others)] if others else []
    undo += follow_restarted(environment) if undo else ()
    undo.append(forget(environment))
    stopped = tuple(dict.fromkeys((*change.services, *environment.release.writers)))
    brings = OtherRelease(change.rollout.target.commit, change.up(*change.services))
    return Step(StepKey.STOP_WRITERS, f"Stop {', '.join(stopped)}",
                (watch_over(environment, stopped, brings), outage_begins(measured),
                 stop_services(environment, *stopped)), undo=tuple(undo),
                why="the outage begins: about 30 seconds, and as long as the release takes to start. No row is written "
                    "from here on. Should this run be killed, a watchdog on the server opens the database and starts "
                    "the release of the data that are live then; run it again: it finishes what was begun")


def _start_release(change: Replacement) -> Step:
    """Make the release's containers anew. Undone: stopped, so that they cannot write while names are swapped back."""
    environment = change.rollout.environment
    others = _other_writers(change)
    start: list[Action] = [change.up(*change.services)]
    start += [start_services(environment, *others)] if others else []
    start += follow_restarted(environment)
    return Step(StepKey.SWITCH, f"Replace the containers by {change.rollout.target.version}", tuple(start),
                undo=(stop_services(environment, *change.services, *others),),
                why="it starts on the restored data; the outage ends. Measured below")


def _other_writers(change: Replacement) -> tuple[str, ...]:
    """What writes and belongs to no release: its containers stay, and are started again."""
    return tuple(one for one in change.rollout.environment.release.writers if one not in change.images)


def _whole(change: Replacement, restore: DataRestore | None) -> Plan:
    """The plan without its steps: what holds for every rollback that changes something."""
    rollout, version = change.rollout, change.rollout.target.version
    environment = rollout.environment
    return Plan(
        f"{ROLL_BACK} {version}",
        environment.name,
        undo_on_failure=True,
        facts=_facts(change, restore),
        recheck=unchanged_since_plan(environment, rollout.deployed, restore.databases if restore else None),
        undo_ready=verification.engine_answers(environment),
        state=current_state(environment),
        point_of_no_return=restore_steps.RESTORE_COMMIT if restore else StepKey.COMMIT_RELEASE,
        irreversible_reason=f"{version} is live"
        + (", on the restored data; the previous ones are retained next to them." if restore else " and recorded."),
        irreversible_hint="Run the notebook again: it does what remains, without touching what is live.",
        failed_rollback_hint=" ".join((
            back_to(change.previous.version if change.previous else None),
            "Run this notebook again, or 32 Restore the database: a release runs on data of its time."
            if restore else 'With database = "restore" a release comes back on data of its time.')).strip(),
        after_rollback_hint="What was live before is live again, by its own images. "
        f"{OTHER_DATA if restore else WITH_DATA} Else choose another release from the table.",
        achieves=is_live_on(environment.name, version, change.previous.version if change.previous else "",
                            restore.backup.name if restore else ""),
    )


def _facts(change: Replacement, restore: DataRestore | None) -> dict[str, object]:
    deployed = change.rollout.deployed
    return {"commit": change.rollout.target.commit, "images": dict(change.images), "live": deployed.live_commit,
            "head": deployed.head, "by hand": list(deployed.by_hand),
            "backup": restore.backup.name if restore else None}
