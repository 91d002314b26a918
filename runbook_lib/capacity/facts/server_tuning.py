"""What containers, worker processes and Redis work with now: asked of the engine, of /proc, and of Redis itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of, lines_of, printable
from runbook_lib.environment import Environment

LIMIT_S = 6.0
_CACHE = "cache"  # how the program calls a question to Redis
# nginx's own words for processes that are about to go, or that serve no request
_NO_WORKERS = ("is shutting down", "cache manager process", "cache loader process")


@dataclass(frozen=True)
class ContainerLimit:
    """What the engine limits a container to; None: not limited. A change by `docker update` is in it."""

    service: str
    cpus: float | None
    memory_bytes: int | None


@dataclass(frozen=True)
class WorkerProcesses:
    """The processes of one container: `workers` have a parent among them, `masters` have none.

    `processors` is what programs in it take for the number of processors. `variables` are the distinct values that its
    processes have, by name; one whose processes could not be asked is missing, and `words` says why.
    """

    service: str
    workers: int
    masters: int
    processors: tuple[int, ...] = ()
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: str = ""


@dataclass(frozen=True)
class KeySample:
    """Keys of a pattern: how many, how many of them never end, the longest time to live in seconds.

    `complete`: all keys were searched, and not only the first thousands.
    """

    pattern: str
    found: int
    endless: int
    longest_s: float
    complete: bool


@dataclass(frozen=True)
class CacheState:
    """Redis about itself. `unknown` has what it did not answer, with its own words."""

    service: str
    settings: Mapping[str, str] = field(default_factory=dict)
    info: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[KeySample, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ServerTuning:
    """All of it, as far as it runs; `at` is when it was known."""

    limits: tuple[ContainerLimit, ...]
    processes: tuple[WorkerProcesses, ...]
    caches: tuple[CacheState, ...]
    at: datetime | None = None


def survey_server_tuning(environment: Environment, *, limit_s: float = LIMIT_S) -> Question[ServerTuning]:
    """Limits of every container, worker processes with the variables that the environment names, and Redis.

    Raises DockerUnavailable, FactUnreadable. Source: `docker inspect`, /proc of the containers, Redis' CONFIG GET, INFO
    and SCAN.
    """

    def fetch(connections: Connections) -> ServerTuning:
        argv = ("bash", "-s", "--", environment.project, f"{limit_s:g}", *tuning_questions_of(environment))
        text = programs.text("capacity/tuning_in_force.sh")
        found = parse_tuning(connections.server.run(Command(argv, stdin=text, timeout_s=4 * limit_s + 20)).stdout)
        return replace(found, at=datetime.now(UTC))

    return Question("limits, processes and cache", fetch)


def tuning_questions_of(environment: Environment) -> tuple[str, ...]:
    """What the program is to ask, one argument each; absent services are left out."""
    tuning = environment.tuning
    asked: list[tuple[str, ...]] = []
    for part, variables in ((tuning.backend, tuple(tuning.backend.variables)), (tuning.frontend, ())):
        if part.service is not None and environment.services[part.service].required:
            asked += [("processes", name, part.process or "", " ".join(variables))
                      for name in environment.services[part.service].containers(part.service)]
    redis, cache = tuning.redis, environment.cache
    if cache is not None and environment.services[cache.service].required:
        probe = environment.services[cache.service].probe
        names = tuple(redis.planned)
        patterns = dict.fromkeys(one.keys for one in tuning.backend.cached if one.keys)
        asked += [(_CACHE, name, (probe.password_variable if probe else None) or "", " ".join(names),
                   " ".join((*patterns, *([redis.session_keys] if redis.session_keys else ()))))
                  for name in environment.services[cache.service].containers(cache.service)]
    return tuple("\t".join(words) for words in asked)


def parse_tuning(text: str) -> ServerTuning:
    """The lines of tuning_in_force.sh. Raises FactUnreadable for a line of another form."""
    rows: dict[str, list[tuple[str, ...]]] = {}
    for line in lines_of(printable(text)):
        kind, *words = line.split("\t")
        rows.setdefault(kind, []).append(tuple(words))
    try:
        unknown = rows.get("unknown", [])
        names = dict.fromkeys(one[0] for kind in ("process", "processors") for one in rows.get(kind, []))
        caches = dict.fromkeys(one[0] for kind in ("setting", "info", "keys") for one in rows.get(kind, []))
        # whoever answered nothing at all is there all the same, with the reason
        caches |= dict.fromkeys(one[0] for one in unknown if one[1] == "Redis" or one[1].split(" ")[0] in (
            "setting", "keys"))
        return ServerTuning(
            tuple(_limit(*one) for one in rows.get("limits", [])),
            tuple(_processes(name, rows) for name in names),
            tuple(_cache(name, rows) for name in caches))
    except (ValueError, TypeError, IndexError) as cause:
        raise FactUnreadable("What the server answered about its tuning came in an unknown form.",
                             where=head_of(text, 200), next_step="Run the notebook again.") from cause


def _limit(service: str, nano: str, quota: str, period: str, memory: str) -> ContainerLimit:
    # an engine's older form, still that of `docker update --cpu-quota`
    by_quota = int(quota) / (int(period) or 100_000) if int(quota) > 0 else None
    return ContainerLimit(service, int(nano) / 1e9 if int(nano) else by_quota, int(memory) or None)


def _processes(service: str, rows: Mapping[str, list[tuple[str, ...]]]) -> WorkerProcesses:
    known = {pid: (parent, command) for name, pid, parent, command in rows.get("process", []) if name == service}
    workers = [pid for pid, (parent, command) in known.items()
               if parent in known and not any(words in command for words in _NO_WORKERS)]
    masters = [pid for pid, (parent, _) in known.items() if parent not in known]
    processors = {int(number) for name, *numbers in rows.get("processors", []) if name == service for number in numbers}
    variables: dict[str, dict[str, None]] = {}
    for name, _, variable, value in rows.get("variable", []):
        if name == service:
            variables.setdefault(variable, {})[value] = None
    words = _unknown(service, rows).get("variables", "")
    return WorkerProcesses(service, len(workers), len(masters), tuple(sorted(processors)),
                           {name: tuple(values) for name, values in variables.items()}, words)


def _cache(service: str, rows: Mapping[str, list[tuple[str, ...]]]) -> CacheState:
    return CacheState(
        service, _pairs(service, rows.get("setting", [])), _pairs(service, rows.get("info", [])),
        tuple(KeySample(pattern, int(found), int(endless), int(longest) / 1000, every == "1")
              for name, pattern, found, endless, longest, every in rows.get("keys", []) if name == service),
        _unknown(service, rows))


def _pairs(service: str, rows: Iterable[tuple[str, ...]]) -> dict[str, str]:
    return {one[1]: one[2] for one in rows if one[0] == service}


def _unknown(service: str, rows: Mapping[str, list[tuple[str, ...]]]) -> dict[str, str]:
    return {one[1]: head_of(one[2], 200) for one in rows.get("unknown", []) if one[0] == service}
