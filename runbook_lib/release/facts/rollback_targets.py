"""The recorded releases that a rollback can return to. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runbook_lib.core.errors import BadParameter, PreconditionFailed
from runbook_lib.core.text import did_you_mean
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.replaced_release import images_of, shown_image
from runbook_lib.platform.facts.target import BOTH_COLOURS
from runbook_lib.recovery.facts.backups import Backups

FEWEST_DIGITS = 7  # of a commit: fewer name several
# by whether it was found: what ran before any runbook has no known source
MISSING = {False: "missing: it is built again", True: "missing: nothing can make it again"}

LiveTime = tuple[datetime | None, datetime | None]


@dataclass(frozen=True)
class RollbackTarget:
    """A commit that passed its gate at least once. `release` is its newest entry in the release history.

    `standby`: its containers are stopped on the server; `image`: all of its images are there. Where a release replaces
    another one's containers, `images` has their names, and `live_times` when it was live: from, until; None where there
    is no such end.
    """

    release: Release
    live: bool
    standby: bool
    image: bool
    images: tuple[str, ...] = ()
    live_times: tuple[LiveTime, ...] = ()

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
            "image": "on the server" if self.image else MISSING[one.was_found],
            **({"images": ", ".join(map(shown_image, self.images))} if self.images else {}),
            "now": "live" if self.live else f"standby as {one.colour}" if self.standby else "",
        }

    @property
    def tags(self) -> frozenset[str]:
        """The tags of its images: what tells two adopted releases apart, as both are called the same."""
        return frozenset(one.rpartition(":")[2] for one in self.images)

    def backup_name(self, backups: Backups) -> str:
        """The newest good backup of the time when it was live: its code reads those data. Empty where schemas decide.

        Raises PreconditionFailed where there is none.
        """
        if not self.live_times:
            return ""
        for one in backups.good:
            if any((begin is None or begin <= one.taken_at) and (end is None or one.taken_at < end)
                   for begin, end in self.live_times):
                return one.name
        spans = "; ".join(f"{_shown(begin, 'the beginning')} to {_shown(end, 'now')}" for begin, end in self.live_times)
        raise PreconditionFailed(
            f"There is no good backup of the time when {self.release.version} was live ({spans}).",
            where=backups.directory, next_step="Name one in `backup`, from the table of 30 Back up the database: the "
            "release must be able to read its data.")


def rollback_targets(environment: Environment, deployed: Deployed) -> tuple[RollbackTarget, ...]:
    """Every commit of the release history once, the last deployed first. Source: the server's `releases.jsonl`.

    A commit whose images were found on the server is another choice than the same commit, built from git.
    """
    newest: dict[tuple[str, tuple[str, ...]], Release] = {}
    for release in reversed(deployed.releases):
        newest.setdefault((release.commit, tuple(sorted(release.images.values()))), release)
    return tuple(_target(environment, release, deployed) for release in newest.values())


def select_target(environment: Environment, deployed: Deployed, to: str) -> RollbackTarget:
    """The recorded release with that version, commit, tag, or first seven digits of a commit; "" is the previous one.

    Raises BadParameter for a name that is not recorded, PreconditionFailed when there is no previous release.
    """
    choices = rollback_targets(environment, deployed)
    if not to:
        return _previous(choices, deployed)
    found = [one for one in choices if to in (one.release.version, one.release.commit, *one.tags)]
    if not found and len(to) >= FEWEST_DIGITS:
        found = [one for one in choices if one.release.commit.startswith(to)]
    if not found:
        raise BadParameter(f"to: no recorded release matches {to[:80]!r}{did_you_mean(to, _names(choices))}",
                           where="the release history",
                           next_step="Choose a release or a commit from the table of choices. A release that was never "
                           "live here is deployed with 20 Deploy.")
    return found[0]


def taken_from_users(deployed: Deployed, commit: str) -> str:
    """The commit that a rollback to `commit` takes from the users; empty where that is not known.

    A run that was interrupted after the switch finds its target live: it is the last recorded one then.
    """
    recorded = deployed.releases[-1].commit if deployed.releases else ""
    return next((one for one in (deployed.live_commit, recorded) if one and one != commit), "")


def back_to(version: str | None) -> str:
    """What to give to 22 after a rollback that failed: without a name it takes the release before the live one, which
    may be the very one that is to come back. Empty where none was live.
    """
    return f'There, name the release that was live before: to="{version}".' if version else ""


def is_live_on(environment_name: str, version: str, before: str | None, backup: str = "") -> str:
    """What a deployment or a rollback achieves, as the first words of its report: `before` was live, if anything was,
    and `backup` was restored with it.
    """
    data = f", with the data of {backup}" if backup else ""
    replaced = f"; before: {before}" if before and before != version else ""
    return f"{version} is live on {environment_name}{data}{replaced}"


def _previous(choices: tuple[RollbackTarget, ...], deployed: Deployed) -> RollbackTarget:
    """The last recorded one that is not live: right after a deployment that was never recorded, too."""
    for one in choices:
        if not one.live:
            _refuse_to_return(one, choices[0])
            return one
    recorded = next((one.release.version for one in choices), "")
    again = f'To bring {recorded} up anew, after a rollback that failed: to="{recorded}". ' if recorded else ""
    live = deployed.live_version or recorded or "nothing"
    raise PreconditionFailed(f"There is no recorded release before the live one ({live}).", where="release history",
                             next_step=f"{again}Another release: deploy a good one with 20 Deploy.")


def _refuse_to_return(previous: RollbackTarget, newest: RollbackTarget) -> None:
    # a rollback that is applied twice, as a retry in CI does, would bring back what it was for
    if not newest.live or newest.release.rolled_back_from != previous.release.commit:
        return
    bad, run = previous.release.version, newest.release.run_id
    raise PreconditionFailed(
        f"{newest.release.version} is live by a rollback from {bad}{f' (run {run})' if run else ''}: without a name, "
        f"{bad} would be brought back.", where="release history",
        next_step=f'If that rollback is what you want, it is done. Another release: name it, for {bad} to="{bad}".')


def _target(environment: Environment, release: Release, deployed: Deployed) -> RollbackTarget:
    if environment.release.replaced:
        return _replaced_target(environment, release, deployed)
    live = release.commit == deployed.live_commit
    others = [colour for colour in BOTH_COLOURS if colour != deployed.live_colour]
    standby = any(deployed.variables.get(f"{colour.upper()}_COMMIT") == release.commit for colour in others)
    images = environment.release.images_of(release.commit)
    return RollbackTarget(release, live, standby and not live, images <= deployed.images)


def _replaced_target(environment: Environment, release: Release, deployed: Deployed) -> RollbackTarget:
    images = images_of(environment, release)
    # services may share one
    names = tuple(dict.fromkeys(images.values()))
    state = deployed.replaced
    live = state is not None and state.commit == release.commit and dict(state.images) == dict(images)
    return RollbackTarget(release, live, False, set(names) <= deployed.images, names, _live_times(release, deployed))


def _live_times(release: Release, deployed: Deployed) -> tuple[LiveTime, ...]:
    """When those images were live, by the release history: each from its line until the next line of another one."""
    found: list[LiveTime] = []
    lines = deployed.releases
    for place, one in enumerate(lines):
        if (one.commit, one.images) == (release.commit, release.images):
            later = lines[place + 1].at if place + 1 < len(lines) else None
            # what was adopted ran before its line; what was recorded twice in a row was live all the time
            begin = found.pop()[0] if found and found[-1][1] == one.at else None if one.adopted else one.at
            found.append((begin, later))
    return tuple(found)


def _shown(at: datetime | None, otherwise: str) -> str:
    return otherwise if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _names(choices: Iterable[RollbackTarget]) -> list[str]:
    return [name for one in choices for name in (one.release.version, one.release.commit)]
