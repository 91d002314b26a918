"""The recorded releases that a rollback can return to. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from runbook_lib.core.errors import BadParameter, PreconditionFailed
from runbook_lib.core.text import did_you_mean
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import BOTH_COLOURS

FEWEST_DIGITS = 7  # of a commit: fewer name several


@dataclass(frozen=True)
class RollbackTarget:
    """A commit that passed its gate at least once. `release` is its newest entry in the release history.

    `standby`: its containers are stopped on the server; `image`: both of its images are there.
    """

    release: Release
    live: bool
    standby: bool
    image: bool

    @property
    def row(self) -> dict[str, Any]:
        """The target as a row of a table."""
        one = self.release
        return {
            "release": one.version,
            "commit": one.commit[:12],
            "deployed": one.at,
            "by": one.by,
            "schema revision": one.schema_revision,
            "passed its gate in run": one.run_id or "not recorded",
            "image": "on the server" if self.image else "missing: it is built again",
            "now": "live" if self.live else f"standby as {one.colour}" if self.standby else "",
        }


def rollback_targets(environment: Environment, deployed: Deployed) -> tuple[RollbackTarget, ...]:
    """Every commit of the release history once, the last deployed first. Source: the server's `releases.jsonl`."""
    newest: dict[str, Release] = {}
    for release in reversed(deployed.releases):
        newest.setdefault(release.commit, release)
    return tuple(_target(environment, release, deployed) for release in newest.values())


def select_target(environment: Environment, deployed: Deployed, to: str) -> RollbackTarget:
    """The recorded release with that version, commit, or first seven digits of one; "" is the previous release.

    Raises BadParameter for a name that is not recorded, PreconditionFailed when there is no previous release.
    """
    choices = rollback_targets(environment, deployed)
    if not to:
        return _previous(choices, deployed)
    found = [one for one in choices if to in (one.release.version, one.release.commit)]
    if not found and len(to) >= FEWEST_DIGITS:
        found = [one for one in choices if one.release.commit.startswith(to)]
    if not found:
        raise BadParameter(f"to: no recorded release matches {to[:80]!r}{did_you_mean(to, _names(choices))}",
                           where="the release history",
                           next_step="Choose a release or a commit from the table of choices. A release that was never "
                           "live here is deployed with 20 Deploy.")
    return found[0]


def _previous(choices: tuple[RollbackTarget, ...], deployed: Deployed) -> RollbackTarget:
    """The last recorded one that is not live: right after a deployment that was never recorded, too."""
    for one in choices:
        if not one.live:
            return one
    live = deployed.live_version or "nothing"
    raise PreconditionFailed(f"There is no recorded release before the live one ({live}).", where="release history",
                             next_step="Deploy a good release with 20 Deploy.")


def _target(environment: Environment, release: Release, deployed: Deployed) -> RollbackTarget:
    live = release.commit == deployed.live_commit
    others = [colour for colour in BOTH_COLOURS if colour != deployed.live_colour]
    standby = any(deployed.variables.get(f"{colour.upper()}_COMMIT") == release.commit for colour in others)
    images = environment.release.images_of(release.commit)
    return RollbackTarget(release, live, standby and not live, images <= deployed.images)


def _names(choices: Iterable[RollbackTarget]) -> list[str]:
    return [name for one in choices for name in (one.release.version, one.release.commit)]
