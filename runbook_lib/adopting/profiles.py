"""Which of Compose's profiles are active, by the services that run and those that do not."""

from __future__ import annotations

from runbook_lib.adopting.project import FoundProject


def active_profiles(project: FoundProject) -> tuple[str, ...]:
    """The fewest profiles that have every service which is active, and none that is not."""
    idle = {profile for one in project.idle.values() for profile in one.profiles}
    left = {name: set(one.profiles) for name, one in project.services.items() if one.profiles}
    chosen: list[str] = []
    while left:
        # one that an idle service has too is not active; a service that was named by hand has no other perhaps
        possible = {profile for each in left.values() for profile in each - idle} or set().union(*left.values())
        best = min(possible, key=lambda profile: (-sum(profile in each for each in left.values()), profile))
        chosen.append(best)
        left = {name: each for name, each in left.items() if best not in each}
    return tuple(sorted(chosen))
