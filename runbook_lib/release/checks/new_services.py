"""Services that a release brings and that the environment file does not know: nothing would start them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.environment import Environment
from runbook_lib.release.facts.repository import ComposeConfig

STARTED = "new services of the release are started"


def new_services_are_known(config: ComposeConfig, live: Mapping[str, Mapping[str, Any]] | None,
                           environment: Environment) -> tuple[Finding, ...]:
    """A warning with their names; nothing where the live release has the same ones, or is not known.

    `live` are its services, read by Compose. A service that waits behind a profile is not started by Compose either.
    """
    known = {one for name, service in environment.services.items() for one in service.containers(name)}
    active = {None, *environment.compose.profiles}
    new = [] if live is None else [
        name for name, service in sorted(config.services.items())
        if name not in {*known, *live, *environment.release.services, *environment.absent_services}
        and set(service.get("profiles") or (None,)) & active]
    if not new:
        return ()
    place = "`services`, and to `release.services` where it runs code of the release," if environment.release.replaced \
        else "`services`"
    return (Finding(
        STARTED, Verdict.WARNING, f"not in the environment file: {', '.join(new)}", "each is one of its `services`",
        f"Add each to {place} in the environment file and deploy then: what is not named there is neither started nor "
        "watched nor undone. One that is not to run gets a profile in the Compose file."),)
