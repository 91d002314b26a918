"""Which limits to change, and to what, by what is used and how it grows. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from runbook_lib.capacity.checks.allocation import cpu_percent, in_cores, is_held_back, memory_percent
from runbook_lib.capacity.checks.capacity_review import DAY_S, CapacityReview, ReviewedResource
from runbook_lib.capacity.facts.usage_now import UsageNow
from runbook_lib.environment import Environment
from runbook_lib.environment.capacity import parts_of
from runbook_lib.environment.types import MEGABYTE, memory_bytes

CPU_STEP, COUNT_STEP = 0.25, 5
SETTINGS = ("services.", "tuning.")  # limits that the environment file sets
HELD_SHARE = 0.75  # of a container's memory that a cache may fill: the rest is its own and that of saving to disk


@dataclass(frozen=True)
class Proposal:
    """A limit to change: its place in the environment file, what it is, what it should be, and why."""

    place: str
    present: str
    proposed: str
    why: str

    @property
    def row(self) -> dict[str, str]:
        """The proposal as a row of a table."""
        return {"setting": self.place, "now": self.present, "proposed": self.proposed, "because": self.why}


def proposals(environment: Environment, review: CapacityReview) -> tuple[Proposal, ...]:
    """What to change where a limit is near, or is reached within `plan_within_days`; each place once."""
    found: dict[str, tuple[float, Proposal]] = {}
    for place, needed, why in (*_from_history(environment, review), *_from_containers(environment, review)):
        present, proposed, size = _changed(environment, place, needed)
        if proposed != present and size > found.get(place, (0.0, None))[0]:
            found[place] = (size, Proposal(place, present, proposed, why))
    _with_what_holds_it(environment, found)
    return tuple(proposal for _, proposal in found.values())


def _with_what_holds_it(environment: Environment, found: dict[str, tuple[float, Proposal]]) -> None:
    """A cache that may keep more needs a container that holds it: without that the kernel kills it before it evicts."""
    for resource in environment.capacity.resources.values():
        inner, outer = str(resource.limit), resource.held_by
        if outer is None or inner not in found:
            continue
        present, proposed, size = _changed(environment, outer, found[inner][0] / HELD_SHARE)
        if proposed != present and size > found.get(outer, (0.0, None))[0]:
            found[outer] = (size, Proposal(outer, present, proposed, f"holds {inner}"))


def _from_history(environment: Environment, review: CapacityReview) -> Iterator[tuple[str, float, str]]:
    """Place, what is needed there, and why: from resources whose limit the environment file sets."""
    rules = environment.capacity
    for one in review.resources:
        place, why = one.resource.limit, _why(environment, one, review)
        if isinstance(place, str) and place.startswith(SETTINGS) and why:
            yield place, _needed(environment, one, review) / (rules.target_percent / 100), why


def without_setting(environment: Environment, review: CapacityReview) -> tuple[str, ...]:
    """What is near its limit, or will be, and is limited by no setting of the environment file: a disk, a processor."""
    return tuple(f"{one.resource.title}: {why}; no setting limits it: free some of it, or enlarge what holds it"
                 for one in review.resources if (why := _why(environment, one, review))
                 and not (isinstance(one.resource.limit, str) and one.resource.limit.startswith(SETTINGS)))


def _why(environment: Environment, one: ReviewedResource, review: CapacityReview) -> str:
    """Why a limit has to be raised; empty where it has not."""
    rules, ahead = environment.capacity, one.forecast(review.now)
    if ahead and ahead.best <= rules.plan_within_days:
        return f"{one.shown(one.limit)} {ahead.words}"
    return f"{one.share:.0f} % used" if one.share is not None and one.share >= rules.near_percent else ""


def _needed(environment: Environment, one: ReviewedResource, review: CapacityReview) -> float:
    """The use at the end of what is planned for, at its highest that the trend allows; never less than now."""
    trend, latest = one.grown.trend, one.latest or 0.0
    if trend is None or not trend.is_certain:
        return latest
    return max(latest, trend.at(review.now.timestamp() / DAY_S + environment.capacity.plan_within_days)[2])


def _from_containers(environment: Environment, review: CapacityReview) -> Iterator[tuple[str, float, str]]:
    rules, usage = environment.capacity, review.usage
    for name, service in environment.services.items():
        for one in usage.containers if isinstance(usage, UsageNow) else ():
            if one.service not in service.containers(name):
                continue
            # a limit that the file does not plan is the Compose file's own: there is no key to raise
            if service.memory_bytes and one.memory_bytes is not None and (
                    memory_percent(one) >= rules.near_percent or one.oom_killed):
                needed = one.memory_bytes / (rules.target_percent / 100)
                if one.oom_killed:  # what it would have needed is not known: only that this was too little
                    needed = max(needed, service.memory_bytes * 1.25)
                why = "killed for memory" if one.oom_killed else f"{memory_percent(one):.0f} % used"
                yield f"services.{name}.memory", needed, why
            if service.cpus and one.cores is not None and (cpu_percent(one) >= rules.near_percent or is_held_back(one)):
                needed = max(one.cores / (rules.target_percent / 100), service.cpus * 1.5)
                held = f"held back in {one.throttled_percent or 0:.0f} % of the periods"
                yield f"services.{name}.cpus", needed, f"{in_cores(one.cores)} on average, {held}"


def _changed(environment: Environment, place: str, needed: float) -> tuple[str, str, float]:
    """What stands at a place, what should, as the file writes it, and that as a number; never less than today."""
    value: object = environment
    for part in parts_of(place):
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    if isinstance(value, str):
        step = (64 if needed < 1024 * MEGABYTE else 256) * MEGABYTE
        size = max(memory_bytes(value), step * math.ceil(needed / step))
        return value, value if size == memory_bytes(value) else f"{size // MEGABYTE}MB", size
    present = float(str(value))
    step_up = CPU_STEP if place.endswith(".cpus") else COUNT_STEP
    size_up = max(present, step_up * math.ceil(needed / step_up))
    return f"{present:g}", f"{size_up:g}", size_up
