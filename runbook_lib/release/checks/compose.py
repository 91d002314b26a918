"""Is the release's Compose file valid, and does it describe the plan's environment? Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runbook_lib.core.findings import Finding, finding, not_applicable
from runbook_lib.environment import Environment
from runbook_lib.environment.services import COLOURS
from runbook_lib.platform.checks.replaced_release import NAME_IT, NAMED
from runbook_lib.platform.facts.replaced_release import repository_of
from runbook_lib.release.checks.compose_secrets import no_secret_in_compose
from runbook_lib.release.checks.configuration import configuration_is_valid
from runbook_lib.release.checks.exposure import CORRECT, exposure
from runbook_lib.release.checks.health_timing import health_in_time
from runbook_lib.release.checks.hidden_data import data_are_not_hidden
from runbook_lib.release.checks.kept_settings import settings_are_kept
from runbook_lib.release.checks.kept_volumes import volumes_are_kept
from runbook_lib.release.checks.networks import networks_followed
from runbook_lib.release.checks.new_services import new_services_are_known
from runbook_lib.release.checks.overlaid_files import volumes_hide_nothing
from runbook_lib.release.checks.ports import ports_can_be_opened
from runbook_lib.release.checks.proxy_directives import proxies_not_compared
from runbook_lib.release.checks.second_container import second_containers
from runbook_lib.release.checks.service_settings import (
    data_folder_is_kept,
    health_checks_can_fail,
    services_run_as_now,
)
from runbook_lib.release.checks.submodules import submodules
from runbook_lib.release.checks.volume_options import volumes_followed
from runbook_lib.release.facts.configuration import ValidatedConfiguration
from runbook_lib.release.facts.repository import ComposeConfig, ReleaseTree
from runbook_lib.release.facts.service_limits import limits_of

_REQUIRED = re.compile(r"required variable (\w+) is missing a value")  # Compose's own words
CHECKOUT = "the checkout has the Compose files"


def compose_file(tree: ReleaseTree, environment: Environment,
                 configuration: ValidatedConfiguration | None = None) -> tuple[Finding, ...]:
    """Compose's own verdict first; services, limits, health checks and what is exposed only for a valid file.

    With `configuration`, also whether every service takes the files that it mounts.
    """
    config = tree.sources.compose
    valid = _valid(tree, environment)
    there = _in_checkout(tree)
    if config is None or not config.valid:
        return (*there, valid)
    return (
        *there,
        valid,
        _none("every service of the plan is in the Compose file", _missing(config, environment)),
        _limits_agree(config, environment),
        _none(_health_check(environment), _without_health(config, environment)),
        *new_services_are_known(config, tree.live_services, environment),
        *health_in_time(config, environment),
        *_named(config, environment),
        _none("the files that the Compose file gives to services exist", list(config.missing_files)),
        *submodules(tree, environment),
        *exposure(config, environment, tree.sources.links),
        *no_secret_in_compose(config, environment),
        *ports_can_be_opened(config, environment, tree.ports),
        *networks_followed(config, tree.networks, environment.project),
        *_with_what_runs(config, tree, environment),
        *volumes_hide_nothing(tree.overlaid),
        *second_containers(config, environment),
        *(configuration_is_valid(configuration, environment) if configuration else ()),
    )


def _valid(tree: ReleaseTree, environment: Environment) -> Finding:
    config, absent = tree.sources.compose, ", ".join(tree.not_in_release)
    measured = config.error or "valid" if config else f"not in the release: {absent}" if absent else "not read"
    return finding("the Compose file is valid", config.valid if config else False if absent else None,
                   measured=measured, expected="docker compose config ends without an error",
                   next_step=_correction(absent, measured, environment))


def _correction(absent: str, error: str, environment: Environment) -> str:
    files = environment.compose.shown_files
    if absent:  # another name is what a release without it has as a rule
        return f"Add {absent} to the release; or name in `compose.files` of the environment what it is called now."
    if required := _REQUIRED.search(error):
        own = environment.release.replaced or environment.compose.has_own_env
        variables = environment.compose.own_variables
        place = (f"in the application's own {variables} on the server ({environment.server.directory})" if own else
                 "as one of `secrets` in the environment file, where runs take theirs from")
        return f"Give {required[1]} a value {place}; or give it a default in {files} of the release."
    return f"Correct {files} in the release."


def _with_what_runs(config: ComposeConfig, tree: ReleaseTree, environment: Environment) -> tuple[Finding, ...]:
    """Data that would not be found again, and what is taken from services: neither fails a probe."""
    return (
        *volumes_are_kept(config, tree.mounted, environment),
        *volumes_followed(config, tree.volumes, environment.project),
        *data_folder_is_kept(config, tree.running, environment),
        *services_run_as_now(config, tree.running, environment),
        *settings_are_kept(config, tree.live_services, environment),
        *data_are_not_hidden(config, tree.live_services, environment),
        *health_checks_can_fail(config),
        *proxies_not_compared(config),
    )


def _in_checkout(tree: ReleaseTree) -> tuple[Finding, ...]:
    """A finding only for files that the live release lacks: what asks Compose before and after it would fail."""
    return (finding(
        CHECKOUT, False, measured=f"not in it: {', '.join(tree.not_in_checkout)}",
        expected="the live release has every file of compose.files", next_step=(
            "Leave compose.files as it was and deploy a release that has the new files next to the old ones. Then "
            "change compose.files, deploy again, and install the schedules anew by 34."),
    ),) if tree.not_in_checkout else ()


def _none(check: str, wrong: list[str]) -> Finding:
    return finding(check, not wrong, measured="; ".join(wrong) or "yes", expected="yes", next_step=CORRECT)


def _missing(config: ComposeConfig, environment: Environment) -> list[str]:
    wanted = [one for name, service in environment.services.items() for one in service.containers(name)]
    return [
        name for name in wanted if name not in config.services and name not in environment.absent_services
    ]


def _limits_agree(config: ComposeConfig, environment: Environment) -> Finding:
    check = "limits in the Compose file are the plan's"
    if not any(one.limits_words for one in environment.services.values()):
        return not_applicable(check, "no service has `cpus` or `memory` in the environment file")
    wrong = []
    for name, service in environment.services.items():
        for one in service.containers(name):
            found = limits_of(config.services.get(one, {}))
            # each only where it is planned: what is not is the Compose file's own affair
            differs = service.cpus not in (None, found.cpus) or service.memory_bytes not in (None, found.memory_bytes)
            shown = f"{one}: {found.cpus or 0:g} CPU, {found.memory_bytes or 0} bytes"
            wrong += [shown] if one in config.services and differs else []
    return _none(check, wrong)


def _named(config: ComposeConfig, environment: Environment) -> tuple[Finding, ...]:
    # with colours each image is one service's, and the model holds it
    if not environment.release.replaced:
        return ()
    ours = environment.release.services
    codes = {code for name in ours for code in _codes_of(config.services.get(name, {}))}
    codes |= {one.image for one in ours.values()}
    active = {None, *environment.compose.profiles}
    # what runs once and ends is declared absent: nothing of it stays on the earlier code
    wrong = [name for name, one in sorted(config.services.items())
             if name not in ours and not _runs_once(name, one, environment)
             and set(one.get("profiles") or (None,)) & active and _codes_of(one) & codes]
    return (finding(NAMED, not wrong, measured=f"not named: {', '.join(wrong)}" if wrong else "yes", expected="yes",
                    next_step=f"{NAME_IT} If an operator starts it by hand, give it a profile in the Compose file."),)


def _runs_once(name: str, service: Mapping[str, Any], environment: Environment) -> bool:
    # one that is started again whenever it ends is a worker, whatever the environment file calls it
    return name in environment.absent_services and service.get("restart") not in ("always", "unless-stopped")


def _codes_of(service: Mapping[str, Any]) -> set[object]:
    """By what a service's code is known: its image without a tag, and what it is built from."""
    build = service.get("build")
    parts = build if isinstance(build, dict) else {"context": build}
    named = {repository_of(str(service["image"]))} if service.get("image") else set()
    built = {tuple(str(parts.get(key) or "") for key in ("context", "dockerfile", "dockerfile_inline", "target"))}
    return {*named, *(built if build else ())}


def _health_check(environment: Environment) -> str:
    check = "every service in the Compose file has a health check"
    excused = any(one.no_health_check_reason for one in environment.services.values())
    return f"{check}, or the environment file says why not" if excused else check


def _without_health(config: ComposeConfig, environment: Environment) -> list[str]:
    # other profiles hold tools that an operator starts and that end: nothing waits for their health
    running = (None, *COLOURS, *environment.compose.profiles, *environment.services)
    return [
        name
        for name, service in config.services.items()
        if set(service.get("profiles") or (None,)) & set(running)
        and not (name in environment.services and environment.services[name].no_health_check_reason)
        and not (environment.release.replaced and _runs_once(name, service, environment))
        and not _is_checked(service.get("healthcheck") or {})
    ]


def _is_checked(check: Mapping[str, Any]) -> bool:
    # NONE takes away the check that the image has, as `disable` does; Compose hands both on as they are written
    return bool(check.get("test")) and not check.get("disable") and check["test"] not in ("NONE", ["NONE"])
