"""The releases on record that one can go back to. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from runbook_lib.core.errors import BadParameter, PreconditionFailed
from runbook_lib.core.text import did_you_mean
from runbook_lib.platform.facts.releases import Deployed, Release

DIGITS = 7  # of a commit, at least


@dataclass(frozen=True)
class RollbackTarget:
    """A commit that passed its gate at least once. `release` is its newest line of the record."""

    release: Release
    live: bool
    resting: bool
    image: bool

    @property
    def row(self) -> dict[str, Any]:
        """The choice as a row of a table."""
        one = self.release
        return {
            "release": one.version,
            "commit": one.commit[:12],
            "deployed": one.at,
            "by": one.by,
            "schema revision": one.schema_revision,
            "passed its gate in run": one.run_id or "not written down",
            "image": "on the server" if self.image else "gone: it is built again",
            "now": "serves" if self.live else f"rests as {one.colour}" if self.resting else "",
        }


def rollback_targets(deployed: Deployed) -> tuple[RollbackTarget, ...]:
    """Every commit of the release record once, the last deployed first."""
    newest: dict[str, Release] = {}
    for release in reversed(deployed.releases):
        newest.setdefault(release.commit, release)
    return tuple(_earlier(release, deployed) for release in newest.values())


def select_target(deployed: Deployed, to: str) -> RollbackTarget:
    """The release on record with that version, commit, or first seven digits of one; "" is the one before the live one.

    Raises BadParameter for a name that is not on record, PreconditionFailed when there is none before.
    """
    choices = rollback_targets(deployed)
    if not to:
        return _before_the_live_one(choices, deployed)
    found = [one for one in choices if to in (one.release.version, one.release.commit)]
    if not found and len(to) >= DIGITS:
        found = [one for one in choices if one.release.commit.startswith(to)]
    if not found:
        hint = did_you_mean(to, _names(choices))
        raise BadParameter(f"to: no release on record is named {to[:80]!r}{hint}", where="the release record",
                           next_step="Take a release or a commit from the table of choices. A release that "
                                     "never served "
                           "here is deployed with 20 Deploy.")
    return found[0]


def _before_the_live_one(choices: tuple[RollbackTarget, ...], deployed: Deployed) -> RollbackTarget:
    """The last one on record that is not live: also right after a deployment that never came onto the record."""
    for one in choices:
        if not one.live:
            return one
    live = deployed.live_version or "nothing"
    raise PreconditionFailed(f"There is no release before the live one ({live}) on record.", where="release record",
                             next_step="Deploy a good release with 20 Deploy.")


def _earlier(release: Release, deployed: Deployed) -> RollbackTarget:
    live = release.commit == deployed.live_commit
    colours = [colour for colour in ("blue", "green") if colour != deployed.live_colour]
    resting = any(deployed.variables.get(f"{colour.upper()}_COMMIT") == release.commit for colour in colours)
    images = {f"gw2-backend:{release.commit}", f"gw2-frontend:{release.commit}"}
    return RollbackTarget(release, live, resting and not live, images <= deployed.images)


def _names(choices: Iterable[RollbackTarget]) -> list[str]:
    return [name for one in choices for name in (one.release.version, one.release.commit)]
