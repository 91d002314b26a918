"""Planned limits, processes, connection pool and settings of Redis next to those in force. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runbook_lib.capacity.checks.planned_value import PlannedValue, amount_of, ratio_of
from runbook_lib.capacity.checks.setting_effects import effect_of
from runbook_lib.capacity.facts.server_tuning import CacheState, ContainerLimit, ServerTuning, WorkerProcesses
from runbook_lib.core.text import readable_size
from runbook_lib.environment import Environment
from runbook_lib.environment.services import Service
from runbook_lib.environment.tuning import Planned
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.monitoring import Sample

CACHE, LIMITS, PROCESSES = "Redis", "container limits", "processes"
_SEE_HEALTH = "40 Health shows why."


def cache_values(environment: Environment, server: ServerTuning | Unanswered) -> Iterable[PlannedValue]:
    """The planned settings of Redis."""
    redis = environment.tuning.redis
    names = redis.planned
    if not names:
        return [PlannedValue(CACHE, "settings", "", None, None, absent=no_cache_because(environment) or
                             "tuning.redis plans none")]
    if reason := no_cache_because(environment):
        return [PlannedValue(CACHE, name, planned, None, None, absent=reason) for name, planned in names.items()]
    if isinstance(server, Unanswered):
        return [PlannedValue(CACHE, name, planned, None, None, note=server.reason, change=server.next_step)
                for name, planned in names.items()]
    state = cache_state(environment, server)
    return [_cached(state, name, planned) for name, planned in names.items()]


def no_cache_because(environment: Environment) -> str:
    """Why this environment has no cache; empty where it has one."""
    if environment.cache is None:
        return environment.without["cache"]
    return environment.services[environment.cache.service].absent_reason


def cache_state(environment: Environment, server: ServerTuning) -> CacheState | None:
    """What the environment's cache answered; None where no container runs it."""
    service = environment.cache.service if environment.cache else ""
    return next((one for one in server.caches if one.service == service), None)


def _cached(state: CacheState | None, name: str, planned: str) -> PlannedValue:
    if state is None:
        return PlannedValue(CACHE, name, planned, None, None, note="its container does not run", change=_SEE_HEALTH)
    if name not in state.settings:
        words = state.unknown.get(f"setting {name}") or state.unknown.get("Redis") or "not answered"
        return PlannedValue(CACHE, name, planned, None, None, note=words,
                            change="Its user may not ask CONFIG GET, or it has another name: ask for it by hand.")
    value = state.settings[name]
    there, wanted = amount_of(value, "B"), amount_of(planned, "B")
    good = there == wanted if there is not None and wanted is not None else value == planned
    # Redis counts its memory in bytes
    sizes = name == "maxmemory" and wanted
    said, shown = (readable_size(wanted), readable_size(there) if there else "no limit") if sizes else (planned, value)
    ratio = ratio_of(there, wanted)
    return PlannedValue(CACHE, name, said, shown, good, ratio, change=(
        f"Now: CONFIG SET {name} {planned.lower()}. To stay: the line `{name} {planned.lower()}` in redis.conf. "
        f"{effect_of(name, ratio)}").strip())


def limit_values(environment: Environment, server: ServerTuning | Unanswered) -> Iterable[PlannedValue]:
    """Processor and memory of the containers that the plan's chapter is about."""
    tuned = {environment.tuning.backend.service, environment.tuning.frontend.service, environment.database_service}
    tuned |= {environment.cache.service} if environment.cache else set()
    for name, service in environment.services.items():
        if name in tuned and service.required and service.limits_words:
            yield from _limits_of(name, service, server)


def _limits_of(name: str, service: Service, server: ServerTuning | Unanswered) -> Iterable[PlannedValue]:
    words = ", ".join(([f"{service.cpus:g} CPU"] if service.cpus else [])
                      + ([readable_size(service.memory_bytes)] if service.memory_bytes else []))
    if isinstance(server, Unanswered):
        yield PlannedValue(LIMITS, name, words, None, None, note=server.reason, change=server.next_step)
        return
    running = [one for one in server.limits if one.service in service.containers(name)]
    if not running:
        yield PlannedValue(LIMITS, name, words, None, None, note="no container of it runs", change=_SEE_HEALTH)
    for one in running:
        yield PlannedValue(
            LIMITS, one.service, words, _limit_words(one),
            service.cpus in (None, one.cpus) and service.memory_bytes in (None, one.memory_bytes),
            one.memory_bytes / service.memory_bytes if one.memory_bytes and service.memory_bytes else None,
            change=f"In the Compose file, deploy.resources.limits of {name}: {service.limits_words}; then deploy. "
                   "Until then it is slowed down or killed earlier than planned, or may take the server from the "
                   "others.")


def _limit_words(one: ContainerLimit) -> str:
    cpus = f"{one.cpus:g} CPU" if one.cpus else "no CPU limit"
    return f"{cpus}, {readable_size(one.memory_bytes) if one.memory_bytes else 'no memory limit'}"


def process_values(environment: Environment, server: ServerTuning | Unanswered) -> Iterable[PlannedValue]:
    """Worker processes, and what each of them was given."""
    tuning = environment.tuning
    parts: tuple[tuple[str | None, str, Mapping[str, Planned]], ...] = (
        (tuning.backend.service, str(tuning.backend.workers), tuning.backend.variables),
        (tuning.frontend.service, tuning.frontend.nginx_workers or "", {}))
    for service, workers, variables in parts:
        if service is None or not environment.services[service].required:
            continue
        name = f"workers of {service}"
        if isinstance(server, Unanswered):
            yield PlannedValue(PROCESSES, name, workers, None, None, note=server.reason, change=server.next_step)
            continue
        containers = environment.services[service].containers(service)
        found = [one for one in server.processes if one.service in containers]
        if not found:
            yield PlannedValue(PROCESSES, name, workers, None, None, note="no process of it was found",
                               change="40 Health shows whether it runs; `process` in the environment file is its name.")
        for one in found:
            yield _workers(one, workers)
            for variable, planned in variables.items():
                yield _variable(one, variable, str(getattr(tuning.backend, planned)))


def _workers(one: WorkerProcesses, planned: str) -> PlannedValue:
    auto = planned == "auto"
    wanted = sorted(one.processors) if auto else [int(planned)]
    words = f"auto: {' or '.join(map(str, wanted)) or 'one a processor'}" if auto else planned
    nearest = min(wanted, key=lambda number: abs(number - one.workers), default=None)
    return PlannedValue(
        PROCESSES, f"workers of {one.service}", words, str(one.workers), one.workers in wanted if wanted else None,
        one.workers / nearest if nearest and one.workers else None,
        note="" if one.masters == 1 else f"with {one.masters} parents",
        change=f"Set {planned} workers where {one.service} is started, then restart it. Fewer of them answer fewer "
               "requests at once; more take memory and connections.")


def _variable(one: WorkerProcesses, name: str, planned: str) -> PlannedValue:
    values, check = one.variables.get(name, ()), f"{name} of {one.service}"
    change = f"In the backend's environment file: {name}={planned}; then deploy: a process keeps what it began with."
    if not values:
        return PlannedValue(PROCESSES, check, planned, None, None, note=one.words or "no process has it", change=change)
    alone = amount_of(values[0], "") if len(values) == 1 else None
    return PlannedValue(PROCESSES, check, planned, " and ".join(values), values == (planned,),
                        ratio_of(alone, float(planned)),
                        note="" if len(values) == 1 else "its processes differ", change=change)


def pool_value(environment: Environment, pool: tuple[Sample, ...] | Unanswered | None) -> PlannedValue:
    """The connection pool, as the application itself reports it."""
    planned, name = environment.tuning.backend.pool_size, "connection pool"
    if planned is None:
        return PlannedValue(PROCESSES, name, "", None, None, absent="tuning.backend.pool_size plans none")
    words = f"{planned} connections"
    if pool is None:
        return PlannedValue(PROCESSES, name, words, None, None, absent="tuning.backend.pool_query names no metric of "
                                                                       "it")
    if isinstance(pool, Unanswered):
        return PlannedValue(PROCESSES, name, words, None, None, note=pool.reason, change=pool.next_step)
    known = [one.value for one in pool if one.value is not None]
    if len(known) != 1:
        return PlannedValue(PROCESSES, name, words, None, None, note=f"tuning.backend.pool_query gave {len(known)} "
                                                                     f"series",
                            change="41 Metrics review shows which metrics are recorded.")
    return PlannedValue(
        PROCESSES, name, words, f"{known[0]:g} connections", known[0] == planned, ratio_of(known[0], planned),
        change="Set the pool's size in the backend's environment file, then deploy. A larger one, in two colours, can "
               "exceed max_connections; in a smaller one requests wait.")
