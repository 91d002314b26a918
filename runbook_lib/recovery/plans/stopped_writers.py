"""What a restore stops while it swaps the names of databases, and the watchdog that starts it should the run die."""

from __future__ import annotations

from dataclasses import dataclass, replace

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Step
from runbook_lib.environment import Environment
from runbook_lib.platform.plans.nginx import caching_proxy
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.restore_databases import as_superuser
from runbook_lib.recovery.facts.stopped_writers import NOTE
from runbook_lib.recovery.plans import restore_steps


@dataclass(frozen=True)
class OtherRelease:
    """A release that comes with the restored data: the `commit` in its override file, and the command that makes
    containers by that file."""

    commit: str
    up: Command


def watch_over(environment: Environment, services: tuple[str, ...], brings: OtherRelease | None = None) -> Command:
    """Leave a watchdog on the server, before `services` are stopped, and note which containers of them run.

    It does nothing while the lock is held, and ends with the note: see `forget`. Source: programs/writers_watchdog.sh.
    """
    up = brings.up.argv if brings else ()
    words = (environment.server.directory, environment.project, caching_proxy(environment), ",".join(services),
             str(environment.limits.watchdog_interval_s), environment.postgres.name, brings.commit if brings else "",
             str(len(up)), *up, *as_superuser(environment))
    return Command(("bash", "-s", "--", *words), stdin=watchdog_program(), timeout_s=60)


def forget(environment: Environment) -> Command:
    """Remove the note: whatever is stopped from here on was stopped by its operators."""
    return Command(("rm", "-f", "--", environment.server.path(NOTE)))


def commit_restore(environment: Environment, backup: Backup) -> Step:
    """Record that the swap is final, and end the watchdog."""
    step = restore_steps.commit_restore(environment, backup)
    return replace(step, actions=(*step.actions, forget(environment)))


def watchdog_program() -> str:
    """The program that starts again what a restore had stopped, and whose run died."""
    return programs.text("recovery/database_definition.sh", "recovery/watchdog_parts.sh",
                         "platform/nginx_as_started.sh", "recovery/writers_watchdog.sh")
