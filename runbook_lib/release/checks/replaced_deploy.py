"""May a release replace the containers that run? Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.environment.migrations import Migrations
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.server import ServerState
from runbook_lib.release.checks.capacity import disk_and_memory
from runbook_lib.release.checks.compose import compose_file
from runbook_lib.release.checks.configuration import configuration_is_valid
from runbook_lib.release.checks.earlier_run import earlier_run
from runbook_lib.release.checks.file_migrations import file_migrations_known
from runbook_lib.release.checks.left_services import left_services
from runbook_lib.release.checks.migration_chain import migration_chain
from runbook_lib.release.checks.own_variables import variables_are_those_of_the_owners
from runbook_lib.release.checks.shared_namespaces import namespaces_followed
from runbook_lib.release.checks.watch_conclusion import reads_are_enough
from runbook_lib.release.facts.configuration import ValidatedConfiguration
from runbook_lib.release.facts.repository import ReleaseTree

KEPT = "no file was changed on the server that the release changes"
MIGRATIONS = "it is known who migrates the database"
HISTORY = "the commit that runs is known"
DATA = "the release keeps every volume that holds data"
AWAITED = "20 runs what the release waits for"
# what a command begins with whatever it does, and what may be left out of it
_STARTS = re.compile(r"(?:.*/)?(?:sh|bash|exec|python[0-9.]*|heads?)")
KNOWN = "the environment file has every service that the release starts"


def replaced_preconditions(environment: Environment, release: ReleaseTree, server: ServerState,
                           configuration: ValidatedConfiguration | None, deployed: Deployed,
                           containers: Iterable[Container], watch_s: float | None = None) -> tuple[Finding, ...]:
    """What must hold before a release replaces the previous one; the commit is known to be one by then."""
    return (
        earlier_run(environment, deployed, containers),
        _history(deployed),
        *compose_file(release, environment),
        _kept(release),
        *variables_are_those_of_the_owners(environment, containers),
        *_migrations(environment, release, deployed),
        *_known(release, environment),
        *_awaited(release, environment),
        *left_services(release, environment),
        *namespaces_followed(release, environment),
        *_keeps_data(release, environment),
        *reads_are_enough(environment, watch_s),
        *disk_and_memory(server, environment),
        *(configuration_is_valid(configuration, environment, pulled=False) if configuration else ()),
    )


def _kept(release: ReleaseTree) -> Finding:
    names = ", ".join(release.changed_on_server)
    return finding(KEPT, not names, measured=names or "none",
                   expected="local changes of other files only; they stay as they are",
                   next_step="Commit the change to the repository, so that the release has it; or put the file back on "
                   f"the server: git checkout -- {names}. `git diff` shows what would be lost.")


def _migrations(environment: Environment, release: ReleaseTree, deployed: Deployed) -> tuple[Finding, ...]:
    rules = environment.migrations
    if rules is None:
        # said here and not found out in the middle: a release would start on a schema that it does not know
        absent = "migrations" in environment.without
        return (finding(MIGRATIONS, absent, measured=environment.without.get("migrations", "nothing says so"),
                        expected="migrations, or without.migrations and why",
                        next_step="Name the tool in `migrations`, and how a release runs it; with at_start where the "
                        "application does so itself. Without a tool, say in without.migrations why."),)
    if rules.tool == "files":
        return file_migrations_known(release, first=not deployed.something_runs)
    return (migration_chain(release),)


def _known(release: ReleaseTree, environment: Environment) -> tuple[Finding, ...]:
    # a step starts the services that it names: one that is named nowhere would be missing, and nothing would ask for it
    config, active = release.sources.compose, {None, *environment.compose.profiles}
    if config is None or not config.valid:
        return ()
    known = {one for name, service in environment.services.items() for one in service.containers(name)}
    unknown = sorted(name for name, one in config.services.items()
                     if name not in known and set(one.get("profiles") or (None,)) & active)
    return (finding(KNOWN, not unknown, measured=", ".join(unknown) or "yes", expected="yes",
                    next_step="Name it under `services` of the environment file; under `release.services` too where it "
                    "runs the release's code. Or give it a profile in the Compose file, if it is started by hand."),)


def _awaited(release: ReleaseTree, environment: Environment) -> tuple[Finding, ...]:
    # `up` of the services that a step names starts none of those that they wait for
    config, rules = release.sources.compose, environment.migrations
    if config is None or not config.valid:
        return ()
    jobs: dict[str, list[str]] = {}
    for name in environment.release.services:
        needs = config.services.get(name, {}).get("depends_on") or {}
        for job, need in needs.items() if isinstance(needs, dict) else ():
            if need.get("condition") == "service_completed_successfully" and job not in environment.release.jobs \
                    and not (rules and _is_the_migration(job, config.services.get(job, {}), rules)):
                jobs.setdefault(job, []).append(name)
    named = "; ".join(f"{job}, before {' and '.join(names)}" for job, names in sorted(jobs.items()))
    migrates = "" if rules and rules.command else \
        " Or, where it migrates the database, give its command in migrations.upgrade."
    advice = ("Name it in release.jobs, with its image where it runs the release's code: 20 then runs it before it "
              f"replaces containers, as `docker compose up` does.{migrates}")
    return (finding(AWAITED, False, measured=f"not run: {named}", expected="a step for each job",
                    otherwise=Verdict.WARNING, next_step=advice),) if jobs else ()


def _is_the_migration(name: str, job: Mapping[str, Any], rules: Migrations) -> bool:
    """Whether a step of 20 does the work of this job: its command has the words of the step's.

    A job without a command of its own does what its image does: by its name alone.
    """
    words, own = _words_of(rules.command), _words_of(job.get("entrypoint")) | _words_of(job.get("command"))
    return bool(rules.command) and (words <= own if own else "migrat" in name)


def _words_of(command: object) -> frozenset[str]:
    """What a command does, without options and what only starts it: `sh -c "alembic upgrade heads"` is an upgrade."""
    text = " ".join(map(str, command)) if isinstance(command, list | tuple) else str(command or "")
    return frozenset(one for one in re.split(r"[^\w./=-]+", text)
                     if one and "=" not in one and not one.startswith("-") and not _STARTS.fullmatch(one))


def _keeps_data(release: ReleaseTree, environment: Environment) -> tuple[Finding, ...]:
    # a volume of another name begins empty: every probe passes, and the users' files are gone from the application
    config, rules = release.sources.compose, environment.configuration_backup
    if config is None or not config.valid or not rules.data_volumes:
        return ()
    mounted = {volume.get("source") for one in config.services.values() for volume in one.get("volumes") or ()}
    lost = ", ".join(name for name in rules.data_volumes if name not in mounted)
    return (finding(DATA, not lost, measured=f"mounted by no service: {lost}" if lost else "yes",
                    expected="each of configuration_backup.data_volumes",
                    next_step="Keep the volume's name in the Compose file. Or copy its data first, and name the new "
                    "one in configuration_backup.data_volumes."),)


def _history(deployed: Deployed) -> Finding:
    return finding(HISTORY, deployed.head is not None or not deployed.something_runs,
                   measured=deployed.head[:12] if deployed.head else "no commit is checked out",
                   expected="a git checkout",
                   next_step="Clone the repository into server.directory, at the commit that runs.")
