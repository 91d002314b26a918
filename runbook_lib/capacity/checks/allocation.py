"""The plan's allocation next to what containers use of it, and how large folders and images are. Pure."""

from __future__ import annotations

from datetime import timedelta

from runbook_lib.capacity.checks.capacity_review import CapacityReview, amount
from runbook_lib.capacity.facts.usage_now import ContainerUse, UsageNow
from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.environment import Environment
from runbook_lib.environment.services import Service

THROTTLED_PERCENT = 25.0  # of the scheduler's periods: less is what every start does
JUST_STARTED = timedelta(minutes=15)
BUSY_PERCENT = 20.0  # of its processor limit on average: what is idle was held back for moments only


def containers_fit(environment: Environment, review: CapacityReview) -> tuple[Finding, ...]:
    """Each running container: its limits are the plan's, it stays below them, and it was never killed for memory."""
    if not isinstance(review.usage, UsageNow) or "containers" in review.usage.failed:
        reason = "Docker did not answer" if isinstance(review.usage, UsageNow) else review.usage.reason
        return (Finding("containers fit their limits", Verdict.INCONCLUSIVE, reason, "their use",
                        "40 Health shows whether the server and its engine answer."),)
    found = []
    for name, service in environment.services.items():
        running = [one for one in review.usage.containers if one.service in service.containers(name)]
        check = f"{name} fits its limits"
        if not service.required and not running:
            found.append(not_applicable(check, service.absent_reason))
        elif not running:
            found.append(Finding(check, Verdict.INCONCLUSIVE, "no container of it runs", "its use",
                                 "40 Health shows why."))
        found += [_fits(environment, review, check, service, one) for one in running]
    return tuple(found)


def _fits(environment: Environment, review: CapacityReview, check: str, service: Service,
          one: ContainerUse) -> Finding:
    rules, words = environment.capacity, use_words(one)
    planned = [f"memory {service.memory}"] if service.memory else []
    planned += [f"cores {service.cpus:g}"] if service.cpus else []
    expected = f"{', '.join(planned) or 'its limits'}; used to less than {rules.near_percent:.0f} %"
    if one.oom_killed:
        return Finding(check, Verdict.FAILED, f"killed for memory; {words}", expected, "See the proposal below.")
    if service.memory_bytes not in (None, one.memory_limit_bytes) or service.cpus not in (None, one.cpu_limit):
        memory = amount(one.memory_limit_bytes, "bytes") if one.memory_limit_bytes else "no memory limit"
        limits = f"runs with {memory} and {f'{one.cpu_limit:g} cores' if one.cpu_limit else 'no processor limit'}"
        return Finding(check, Verdict.WARNING, f"{limits}; {words}", expected,
                       "The Compose file on the server is not the plan's: 10 Preflight compares them.")
    if not planned and not one.memory_limit_bytes and not one.cpu_limit:
        return not_applicable(check, f"neither the environment file nor its container has a limit; {words}")
    if one.memory_bytes is None or one.cores is None:
        return Finding(check, Verdict.INCONCLUSIVE, f"the kernel's counters are not readable; {words}", expected,
                       "On the server: `docker stats`.")
    tight = max(memory_percent(one), cpu_percent(one))
    busy = cpu_percent(one) >= rules.near_percent or is_held_back(one)
    if busy and memory_percent(one) < rules.near_percent and _has_just_started(review, one):
        return Finding(check, Verdict.INCONCLUSIVE, f"{words}: of its start alone", expected,
                       f"Run it again when it has run for {JUST_STARTED.total_seconds() / 60:.0f} minutes or more.")
    return finding(check, tight < rules.near_percent and not is_held_back(one), measured=words, expected=expected,
                   otherwise=Verdict.WARNING, next_step="See the proposal below.")


def _has_just_started(review: CapacityReview, one: ContainerUse) -> bool:
    """Whether its mean use of processors is mostly what every start takes."""
    usage = review.usage
    return isinstance(usage, UsageNow) and one.started_at is not None and usage.at - one.started_at < JUST_STARTED


def use_words(one: ContainerUse) -> str:
    """What a container uses, in words."""
    held = "" if one.throttled_percent is None else f", held back in {one.throttled_percent:.0f} % of the periods"
    return (f"memory {amount(one.memory_bytes, 'bytes')} ({memory_percent(one):.0f} %), "
            f"{in_cores(one.cores)} on average{held}")


def allocation_rows(environment: Environment, review: CapacityReview) -> list[dict[str, str]] | str:
    """The plan's allocation next to what is used, a row a container; the reason where that is not known."""
    if not isinstance(review.usage, UsageNow):
        return f"Not known: {review.usage.reason}"
    rows = []
    for name, service in environment.services.items():
        for one in review.usage.containers:
            if one.service in service.containers(name):
                held = one.throttled_percent
                rows.append({
                    "container": one.service, "memory": amount(one.memory_bytes, "bytes"), "of": service.memory or (
                        amount(one.memory_limit_bytes, "bytes") if one.memory_limit_bytes else "no limit"),
                    "memory used": f"{memory_percent(one):.0f} %", "cores, mean": _number(one.cores),
                    "of cores": f"{service.cpus or one.cpu_limit:g}" if service.cpus or one.cpu_limit else "no limit",
                    "held back": "–" if held is None else f"{held:.0f} %",
                    "since (UTC)": f"{one.started_at:%Y-%m-%d %H:%M}" if one.started_at else "–"})
    return rows or "No container of the project runs."


def storage_rows(review: CapacityReview) -> list[dict[str, str]] | str:
    """Folders and Docker's images with their sizes; the reason where that is not known."""
    usage = review.usage
    if not isinstance(usage, UsageNow):
        return f"Not known: {usage.reason}"
    rows = [{"what": one.path, "size": amount(one.size_bytes, "bytes"), "can be deleted": "–", "": one.reason}
            for one in usage.folders]
    rows += [{"what": f"Docker: {kind}", "size": amount(size, "bytes"),
              "can be deleted": amount(usage.reclaimable.get(kind), "bytes"), "": ""}
             for kind, size in usage.images.items()]
    return rows


def storage_is_known(review: CapacityReview) -> tuple[Finding, ...]:
    """Whether folders and images could be measured; one that does not exist yet is not applicable."""
    usage = review.usage
    if not isinstance(usage, UsageNow):
        return (Finding("sizes are known", Verdict.INCONCLUSIVE, usage.reason, "sizes", usage.next_step),)
    found = [Finding(f"{one.path} is measured", Verdict.NOT_APPLICABLE, one.reason) if not one.exists else
             finding(f"{one.path} is measured", None if one.size_bytes is None else not one.reason,
                     measured=one.reason or amount(one.size_bytes, "bytes"), otherwise=Verdict.WARNING,
                     next_step="Give the server's user access to it, or measure it there with `du -sh`.")
             for one in usage.folders]
    words = ", ".join(f"{kind} {amount(size, 'bytes')}" for kind, size in usage.images.items())
    return (*found, finding("Docker's images are measured", True if words else None,
                            measured=words or "Docker did not say within its limit",
                            next_step="On the server: `docker system df`."))


def is_held_back(one: ContainerUse) -> bool:
    """Whether its processor limit keeps it from work, and not only for moments."""
    return (one.throttled_percent or 0.0) >= THROTTLED_PERCENT and cpu_percent(one) >= BUSY_PERCENT


def memory_percent(one: ContainerUse) -> float:
    """Percent of its memory limit that it holds; 0 where one of both is not known."""
    return 100 * one.memory_bytes / one.memory_limit_bytes if one.memory_bytes and one.memory_limit_bytes else 0.0


def cpu_percent(one: ContainerUse) -> float:
    """Percent of its processor limit that it used on average; 0 where one of both is not known."""
    return 100 * one.cores / one.cpu_limit if one.cores and one.cpu_limit else 0.0


def in_cores(value: float | None) -> str:
    """A number of processors in words."""
    return f"{_number(value)} cores"


def _number(value: float | None) -> str:
    return "–" if value is None else "<0.01" if 0 < value < 0.01 else f"{value:.2f}"
