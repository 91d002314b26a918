"""May a deployment start, and is its release live in the end? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from runbook_lib.core.findings import Finding, finding
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.container_health import containers_are_healthy
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.server import ServerState
from runbook_lib.platform.facts.target import FIRST_COLOUR, Target
from runbook_lib.recovery.checks.backup import folder_is_writable, server_reads_dumps
from runbook_lib.recovery.checks.folder_owner import own_folder
from runbook_lib.recovery.facts.backups import Backups
from runbook_lib.release.checks.capacity import disk_and_memory
from runbook_lib.release.checks.compose import compose_file
from runbook_lib.release.checks.configuration import configuration_is_valid
from runbook_lib.release.checks.earlier_run import earlier_run
from runbook_lib.release.checks.migration_chain import migration_chain
from runbook_lib.release.checks.preflight import variables
from runbook_lib.release.checks.public_address import public_address_answers
from runbook_lib.release.checks.replaced_deploy import replaced_preconditions
from runbook_lib.release.checks.strong_secrets import secrets_can_be_delivered
from runbook_lib.release.checks.tls import passwords_in_plain_text
from runbook_lib.release.facts.configuration import ValidatedConfiguration
from runbook_lib.release.facts.repository import ReleaseTree
from runbook_lib.release.facts.secret_strength import ServerSecrets

AGAIN = "Run this notebook again: it does what remains."


def deploy_preconditions(
    environment: Environment, release: ReleaseTree, server: ServerState, secrets: Mapping[str, Secret],
    configuration: ValidatedConfiguration | None = None, on_server: ServerSecrets | None = None,
    delete_secrets: Iterable[str] = (), *, deployed: Deployed | None = None, containers: Sequence[Container] = (),
    backups: Backups | None = None, endpoints: Iterable[Endpoint] = (), watch_s: float | None = None,
) -> tuple[Finding, ...]:
    """The ref is a commit that keeps the plan's static rules, secrets are available, and the server has the capacity.

    With `on_server`, no secret of the server is lost but those that `delete_secrets` names.
    With `configuration`, every service takes the files that it mounts; images that are missing are pulled by the plan.
    With `deployed` and `containers`: what ran, if anything, has its database, its `backups`, `endpoints` that answer.
    The rules are those of 10 Preflight: what it calls failed is not deployed. `watch_s`: see `reads_are_enough`.
    """
    named = finding(
        "the ref names a commit", release.commit is not None, measured=release.problem or "one commit",
        expected="a tag, branch or commit of the origin",
        next_step="Check the name with `git ls-remote origin` and correct `ref`.")
    # without a commit there is no file to judge, and five more failures would hide the one mistake
    if release.commit is None:
        return (named,)
    first = (named, *_of_what_runs(environment, deployed, containers, backups, endpoints))
    if deployed and environment.release.replaced:
        what = (release, server, configuration, deployed, containers, watch_s)
        return (*first, *replaced_preconditions(environment, *what))
    return (
        *first,
        *((earlier_run(environment, deployed, containers),) if deployed else ()),
        *compose_file(release, environment),
        *variables(release, environment),
        migration_chain(release),
        _secrets_available(environment, secrets),
        *(secrets_can_be_delivered(secrets, on_server, environment, delete_secrets) if on_server else ()),
        *disk_and_memory(server, environment),
        *(configuration_is_valid(configuration, environment, pulled=False) if configuration else ()),
    )


def _of_what_runs(environment: Environment, deployed: Deployed | None, containers: Sequence[Container],
                  backups: Backups | None, endpoints: Iterable[Endpoint]) -> tuple[Finding, ...]:
    # a first deployment makes no dump, and has no answer
    if deployed is None or not deployed.something_runs:
        return ()
    reached = (*public_address_answers(environment, deployed, containers, endpoints),
               *passwords_in_plain_text(environment))
    # without a database nothing is written there
    if backups is None or environment.database is None:
        return reached
    return (*reached, server_reads_dumps(backups), folder_is_writable(backups, environment),
            own_folder(backups, environment))


def _secrets_available(environment: Environment, secrets: Mapping[str, Secret]) -> Finding:
    missing = [name for name in environment.server_secrets if name not in secrets]
    return finding(
        "secrets available",
        not missing,
        measured=", ".join(missing) or "all",
        expected="all that the server needs",
        next_step="Put the missing ones, as they are in use, into the environment of this process, or into the file of "
        "`secrets_file`.",
    )


def release_is_live(
    environment: Environment, deployed: Deployed, containers: tuple[Container, ...], target: Target,
    *, essential_only: bool = False,
) -> tuple[Finding, ...]:
    """The target has the traffic, is the last one in the release history, and its services are healthy.

    `essential_only`: what users need; monitoring may still be starting, as after a rollback. Of an application that no
    runbook has deployed there is no record: its services are healthy.
    """
    recorded = deployed.releases and deployed.releases[-1].commit == target.commit
    if deployed.by_hand and not recorded:
        return containers_are_healthy(containers, environment.running_services(""))
    last = deployed.releases[-1] if deployed.releases else None
    colour = deployed.live_colour or FIRST_COLOUR
    live = deployed.live_colour is not None or environment.release.replaced
    services = environment.running_services(colour) if live else ()
    if essential_only:
        services = (*environment.slot(colour), *environment.shared_services)
    return (
        finding("traffic goes to the release", deployed.live_commit == target.commit,
                measured=(deployed.live_commit or "none")[:12], expected=target.commit[:12], next_step=AGAIN),
        finding("the release is recorded", last is not None and last.commit == target.commit,
                measured=f"{last.version} ({last.commit[:12]}): {last.reason or 'no reason given'}" if last else "none",
                expected=f"{target.version} ({target.commit[:12]})", next_step=AGAIN),
        *containers_are_healthy(containers, services),
    )
