"""Is the live release an earlier one that a rollback put in place, and which paths does it not have? Pure."""

from __future__ import annotations

from runbook_lib.platform.facts.earlier_answers import Unanswered, missing_paths
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed


def missing_after_rollback(deployed: Deployed, live: Release) -> Unanswered | None:
    """The paths that `live` did not have before, with their status, where a rollback returned to it.

    None where it was deployed, where it is the newest release, and where the release history does not tell: the
    environment file is then its own.
    """
    if not _is_earlier(deployed, live):
        return None
    return missing_paths(deployed.unanswered.get(live.commit, {}))


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
