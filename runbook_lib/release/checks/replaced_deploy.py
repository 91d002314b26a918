"""May a release replace the containers that run? Pure."""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.core.findings import Finding, finding
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.server import ServerState
from runbook_lib.release.checks.capacity import disk_and_memory
from runbook_lib.release.checks.compose import compose_file
from runbook_lib.release.checks.configuration import configuration_is_valid
from runbook_lib.release.checks.earlier_run import earlier_run
from runbook_lib.release.facts.configuration import ValidatedConfiguration
from runbook_lib.release.facts.repository import ReleaseTree

KEPT = "no file was changed on the server that the release changes"
MIGRATIONS = "the release needs no migration step"
HISTORY = "the commit that runs is known"


def replaced_preconditions(environment: Environment, release: ReleaseTree, server: ServerState,
                           configuration: ValidatedConfiguration | None, deployed: Deployed,
                           containers: Iterable[Container]) -> tuple[Finding, ...]:
    """What must hold before a release replaces the previous one; the commit is known to be one by then."""
    return (
        earlier_run(environment, deployed, containers),
        _history(deployed),
        *compose_file(release, environment),
        _kept(release),
        _migrations(environment),
        *disk_and_memory(server, environment),
        *(configuration_is_valid(configuration, environment, pulled=False) if configuration else ()),
    )


def _kept(release: ReleaseTree) -> Finding:
    names = ", ".join(release.changed_on_server)
    return finding(KEPT, not names, measured=names or "none",
                   expected="local changes of other files only; they stay as they are",
                   next_step="Commit the change to the repository, so that the release has it; or put the file back on "
                   f"the server: git checkout -- {names}. `git diff` shows what would be lost.")


def _migrations(environment: Environment) -> Finding:
    # said here and not found out in the middle: a release that needs one would start on a schema that it does not know
    absent = "migrations" in environment.without
    return finding(MIGRATIONS, absent, measured=environment.without.get("migrations", "migrations are declared"),
                   expected="without.migrations, and why",
                   next_step="With the strategy recreate no step runs migrations. Does the application bring its "
                   "schema up to date when it starts? Then say so in without.migrations; else deploy it as "
                   "before.")


def _history(deployed: Deployed) -> Finding:
    return finding(HISTORY, deployed.head is not None or not deployed.something_runs,
                   measured=deployed.head[:12] if deployed.head else "no commit is checked out",
                   expected="a git checkout",
                   next_step="Clone the repository into server.directory, at the commit that runs.")
