"""Containers that live in the network of one that a release replaces: they stay in the old one's. Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, finding
from runbook_lib.environment import Environment
from runbook_lib.release.facts.repository import ReleaseTree

FOLLOWED = "what shares the network of a replaced container is replaced with it"
# Source: Compose file reference, network_mode, pid and ipc
_SHARING = ("network_mode", "pid", "ipc")


def namespaces_followed(release: ReleaseTree, environment: Environment) -> tuple[Finding, ...]:
    """A finding only where something is left: it runs on without a way to anything, and cannot be started again."""
    config, active = release.sources.compose, {None, *environment.compose.profiles}
    if config is None or not config.valid:
        return ()
    replaced = environment.release.services
    left = [f"{name} ({key}: {one[key]})" for name, one in sorted(config.services.items())
            if name not in replaced and set(one.get("profiles") or (None,)) & active
            for key in _SHARING if str(one.get(key) or "").partition("service:")[2] in replaced]
    return (finding(FOLLOWED, False, measured=f"left in the old one: {', '.join(left)}", expected="none is left",
                    next_step="Name it under release.services too, with its image: 20 then makes it anew together with "
                    "the other one. Left as it is, it runs on in the network of a container that is gone."),
            ) if left else ()
