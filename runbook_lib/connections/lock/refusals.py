"""Why the lock cannot be had, in an operator's words."""

from __future__ import annotations

from runbook_lib.connections.lock.record import Record, parse
from runbook_lib.core.errors import LockHeld, PreconditionFailed, RunbookError

# the name under which the watchdogs of a restore break the lock of a run that died and left users without the API
MAINTENANCE_WATCHDOG = "the maintenance watchdog"


def refusal(address: str, environment: str, answer: str, details: str, silence_s: float,
            project: str = "") -> RunbookError:
    """The error for an answer other than `taken`: `broken`, `busy`, `passed`, `other` or `held`."""
    where = f"{address}: {environment}"
    if answer == "broken":
        return _broken(parse(details), where)
    if answer == "busy":
        return LockHeld("Jobs of an earlier run are still running on the server.", where=where,
                        next_step=describe_jobs({"jobs": details.split()}))
    if answer == "other":
        return PreconditionFailed(
            f"The folder belongs to the Compose project {details}; this environment's project is {project}.",
            where=where,
            next_step=f"Is it this environment that runs there: set compose.project to {details}. Else give it a "
            "server.directory of its own. Nothing was changed.",
        )
    if answer == "passed":
        return LockHeld(
            f"Another run ({details}) has held the lock since this run lost its connection.",
            where=where,
            next_step="What this run knew may not be true any more. Start a new run: it reads the state of the server "
            "first.",
        )
    held = parse(details)
    return LockHeld(
        f"{held.get('owner', 'Another operator')} has held the lock since {held.get('started', 'an unknown time')} "
        f"for {held.get('purpose', 'an unknown purpose')} (run {held.get('run_id', 'unknown')}, from "
        f"{held.get('from', 'an unknown host')}, last heartbeat {held.get('heartbeat', 'unknown')}).",
        where=where,
        next_step="Wait until that run has finished, or contact the owner. The lock of a dead holder is released "
                  f"within {silence_s:g} s.",
    )


def _broken(by: Record, where: str) -> LockHeld:
    if by.get("by") == MAINTENANCE_WATCHDOG:
        return LockHeld(
            f"The lock had no live holder, so {MAINTENANCE_WATCHDOG} took over at {by.get('at', 'an unknown time')}: "
            "it lets users in again, on the database that now has the name.",
            where=where,
            next_step="Run the notebook again at once: it finishes what was started.",
        )
    return LockHeld(
        f"This run's lock was broken by {by.get('by', 'an unknown operator')} ({_host(by)}) at "
        f"{by.get('at', 'an unknown time')}.",
        where=where,
        next_step="Another operator has taken over. Contact them, then start a new run.",
    )


def _host(by: Record) -> str:
    return f"from {by['from']}" if by.get("from") else "host not recorded"


def describe_jobs(record: Record | None) -> str:
    """What to do about jobs that still run without a holder; `record` is what `lock_holder` returned."""
    jobs = (record or {}).get("jobs")
    if jobs is None:
        return "Continue: nothing blocks the environment."
    named = ", ".join(jobs) or "a job that left no folder"
    folder = "that folder" if len(jobs) < 2 else "those folders"
    return (f"Still running: {named}. It ends at its deadline at the latest; then run the notebook again. "
            f"Its output is in {folder} below .runbook.")
