"""Was the database restored, and was its name confirmed before? Pure."""

from __future__ import annotations

from runbook_lib.core.errors import CALL_FOR_HELP
from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.restore_databases import Databases, restored_from

NAME_CONFIRMED = "the database name is confirmed"
APPLY = "apply"
_RUN_AGAIN = "Run this notebook again."


def database_name_confirmed(
    environment: Environment, confirmation: str, mode: str, *, required: bool = True
) -> Finding:
    """With mode "apply", `confirmation` must be the database's name: one more than that of the environment.

    Not `required` where the database's contents are not replaced.
    """
    if not required:
        return Finding(NAME_CONFIRMED, Verdict.PASSED, "not required: its contents are not replaced")
    if mode != APPLY:
        return Finding(NAME_CONFIRMED, Verdict.PASSED, "not required in plan mode")
    database = environment.postgres.name
    return finding(NAME_CONFIRMED, confirmation == database, measured=f"got {confirmation[:60]!r}", expected=database,
                   next_step=f'Read the plan and what would be lost; then set confirm_database = "{database}".')


def database_is_restored(
    environment: Environment, before: Databases, after: Databases, backup: Backup, *, dropped: str = ""
) -> tuple[Finding, ...]:
    """The live database came from the backup, belongs to its owner, is open, and the previous one is retained.

    After a run that only `dropped` a retained database: that one is gone and the live one is unchanged.
    """
    if dropped:
        return _is_dropped(before, after, dropped)
    live, expected = after.live, restored_from(backup.name)
    comment = live.comment if live else "there is no live database"
    return (
        finding("the live database came from the backup", comment == expected,
                measured=comment or "not from a restore", expected=expected,
                next_step=f"Read the steps above. {_RUN_AGAIN}"),
        _is_open(environment, after),
        _is_retained(before, after),
        _roles(after),
        finding("nothing unfinished is left", not after.staged and after.interrupted is None,
                measured=", ".join(one.name for one in after.staged) or after.interrupted_backup or "nothing",
                expected="nothing", next_step=f"{_RUN_AGAIN} It finishes what was begun."),
    )


def _roles(after: Databases) -> Finding:
    """Roles that the backup names and the server had lost exist again, but no one can log in as one of them."""
    made = after.made_roles
    return finding("the server had every role that the backup names", not made,
                   measured=f"made without login: {', '.join(made)}" if made else "yes", expected="yes",
                   otherwise=Verdict.WARNING,
                   next_step="Where someone logs in as such a role: ALTER ROLE … LOGIN, and a password. Once that is "
                   "done, or is not wanted: COMMENT ON ROLE … IS NULL.")


def _is_open(environment: Environment, after: Databases) -> Finding:
    live, owner = after.live, environment.postgres.owner
    return finding("it belongs to its owner and is open", live is not None and live.open and live.owner == owner,
                   measured=f"{live.owner}, {'open' if live.open else 'closed'}" if live else "none",
                   expected=f"{owner}, open", next_step=_RUN_AGAIN)


def _is_retained(before: Databases, after: Databases) -> Finding:
    # a run that finishes an interrupted restore retains no further database: that one counts as its own
    interrupted = before.interrupted.name if before.interrupted else ""
    known = {one.name for one in before.retained} - {interrupted}
    added = [one.name for one in after.retained if one.name not in known]
    return finding("the previous database is retained", bool(added) or before.live is None,
                   measured=", ".join(added) or "none", expected="one more",
                   next_step="Check the list of databases above before anything else is done.")


def _is_dropped(before: Databases, after: Databases, name: str) -> tuple[Finding, ...]:
    gone = after.retained_named(name) is None
    same = after.live is not None and before.live is not None and after.live.comment == before.live.comment
    return (
        finding("the retained database is deleted", gone, measured="gone" if gone else "still there",
                expected="gone", next_step="Read the step's evidence."),
        finding("the live database is unchanged", same, measured="unchanged" if same else "a different one",
                expected="unchanged", next_step=f"Before anything else, {CALL_FOR_HELP}."),
    )
