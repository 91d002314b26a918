"""May a deployment start, and did it take effect?"""

from __future__ import annotations

from collections.abc import Mapping

from runbook_lib.core.findings import Finding, finding
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.live_release import containers_are_healthy
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.server import ServerState
from runbook_lib.platform.facts.target import Target
from runbook_lib.release.checks.capacity import capacity_findings
from runbook_lib.release.facts.repository import ReleaseTree


def deploy_preconditions(
    environment: Environment, release: ReleaseTree, server: ServerState, secrets: Mapping[str, Secret]
) -> tuple[Finding, ...]:
    """The ref is a commit with a valid Compose file, the secrets are at hand, and the server has room."""
    compose = release.sources.compose
    missing = [
        name for name in environment.server_secrets if environment.secrets[name].required and name not in secrets
    ]
    return (
        finding(
            "the ref names a commit",
            release.commit is not None,
            measured=release.problem or "one commit",
            expected="a tag, branch or commit of the origin",
            next_step="Look the name up with `git ls-remote` and correct `ref`.",
        ),
        finding(
            "its Compose file is valid",
            compose.valid if compose else None,
            measured=(compose.error or "valid") if compose else "not read",
            expected="valid",
            next_step="Open 10 Preflight for this ref: it names the line.",
        ),
        finding(
            "secrets at hand",
            not missing,
            measured=", ".join(missing) or "all",
            expected="all that the server needs",
            next_step="Put the missing ones into the environment of this process, or into the file "
                      "`secrets_file` names.",
        ),
        *capacity_findings(server, environment),
    )


def release_is_live(
    environment: Environment, deployed: Deployed, containers: tuple[Container, ...], target: Target
) -> tuple[Finding, ...]:
    """The target has the traffic, is on record, and everything that must run is well."""
    on_record = deployed.releases[-1].commit if deployed.releases else "none"
    services = environment.running_services(deployed.live_colour) if deployed.live_colour else ()
    return (
        finding(
            "traffic goes to the release",
            deployed.live_commit == target.commit,
            measured=(deployed.live_commit or "none")[:12],
            expected=target.commit[:12],
        ),
        finding(
            "the release is on record", on_record == target.commit, measured=on_record[:12], expected=target.commit[:12]
        ),
        *containers_are_healthy(containers, services),
    )
