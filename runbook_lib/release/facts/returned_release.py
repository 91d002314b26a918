"""Is the live release an earlier one that a rollback put in place, and which paths and services has it not? Pure."""

from __future__ import annotations

from runbook_lib.environment import Environment
from runbook_lib.platform.facts.earlier_answers import Unanswered, missing_paths
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.replaced_release import lacking
from runbook_lib.release.facts.repository import ReleaseTree


def missing_after_rollback(deployed: Deployed, live: Release) -> Unanswered | None:
    """The paths that `live` did not have before, with their status, where a rollback returned to it.

    None where it was deployed, where it is the newest release, and where the release history does not tell: the
    environment file is then its own.
    """
    if not _is_earlier(deployed, live):
        return None
    return missing_paths(deployed.unanswered.get(live.commit, {}))


def services_it_lacks(environment: Environment, live: Release, tree: ReleaseTree | None) -> frozenset[str]:
    """Services that must run here, as Compose names them, and that the live release has not: they came later.

    By its own Compose files, its `tree`; where they could not be read, by its record.
    """
    config = tree.sources.compose if tree and tree.commit and tree.commit.commit == live.commit else None
    if config is None or not config.valid:
        return lacking(environment, live)
    return frozenset(environment.running_services(live.colour)) - config.services.keys()


def _is_earlier(deployed: Deployed, live: Release) -> bool:
    """Whether a rollback took a later release from the users, which the environment file may be written for."""
    if not live.rolled_back_from:
        return False
    commits = [one.commit for one in deployed.releases]
    if live.commit not in commits:
        return False
    # by their first lines, for 22 also leads forward again, to the very release that was rolled back
    begun = commits.index(live.commit)
    # one that was never recorded is later than all that were
    return live.rolled_back_from not in commits or any(commits.index(one) > begun for one in commits)
