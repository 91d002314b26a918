"""Users' requests in whatever access log the environment file names, while a release is watched.

Where it is not the JSON of our own proxy: the log may be a file or a container's output, in a format of its own, and
need not name who answered. Reads of our own are counted where they are sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import RunbookError
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import lines_of
from runbook_lib.environment import Environment
from runbook_lib.environment.logs import LogField, LogFile, access_log
from runbook_lib.environment.traffic import OURS
from runbook_lib.platform.facts.own_reads import OwnReads, Read, own_traffic, traffic_of
from runbook_lib.platform.facts.traffic import BIN_S, SecondBucket, Traffic, parse_traffic

TIMEOUT_S = 30.0
AGENTS = "agents"
_KEYS: dict[str, dict[LogField, str]] = {
    "json": {"time": "time,timestamp,@timestamp,ts,time_iso8601", "status": "status,status_code,code",
             "path": "path,uri,request_uri,url", "seconds": "seconds,request_time,duration,duration_s"},
    # Source: Traefik manual, access logs; Caddy manual, structure of an access log
    "traefik": {"time": "StartUTC,time", "status": "DownstreamStatus", "path": "RequestPath", "seconds": "Duration"},
    "caddy": {"time": "ts", "status": "status", "path": "uri", "seconds": "duration"},
}


@dataclass(frozen=True)
class UserRequests:
    """What a log showed of users since the mark. `agents`: its lines name the clients' programs, ours left out.

    `problem` is why nothing could be read; empty where it could.
    """

    traffic: Traffic | None = None
    agents: bool = False
    problem: str = ""


@dataclass
class AccessLog:
    """The access log of one plan, and how far it had come when the watch began. `seen` is what it showed last.

    With a `marker`, a file on the server, users count from the switch that wrote it.
    """

    environment: Environment
    mark: str = ""
    marker: str = ""
    seen: UserRequests = UserRequests()

    @property
    def log(self) -> LogFile | None:
        """The log of requests that counts, by the environment file; None where it names none."""
        return access_log(self.environment.logs)

    @property
    def where(self) -> str:
        """The log for people."""
        log = self.log
        return "" if log is None else log.path or f"what {log.service} writes"

    def begin(self, connections: Connections) -> UserRequests:
        """Count from now on. What cannot be read is a value: a release is watched without it, too."""
        try:
            self.mark = connections.server.run(self._command("switched" if self.marker else "mark")).stdout.strip()
            self.seen = UserRequests()
        except RunbookError as error:
            self.mark, self.seen = "", UserRequests(problem=error.what)
        return self.seen

    def read(self, connections: Connections) -> UserRequests:
        """Requests of users since the mark."""
        if self.mark:
            try:
                text = connections.server.run(self._command("count")).stdout
                lines = [line for line in lines_of(text) if line != AGENTS]
                self.seen = UserRequests(parse_traffic("\n".join(lines)), AGENTS in lines_of(text))
            except RunbookError as error:
                self.seen = replace(self.seen, problem=error.what)
        return self.seen

    def _command(self, verb: str) -> Command:
        log, rules = self.log, self.environment.traffic
        assert log is not None
        argv = ["bash", "-s", "--", verb, self.environment.project, log.path or "", log.service or ""]
        if verb == "switched":
            argv.append(self.marker)
        if verb == "count":
            keys = _KEYS.get(log.format, _KEYS["json"]) | dict(log.fields)
            argv += [self.mark, log.format, rules.api, " ".join(self.environment.health.endpoints),
                     " ".join(rules.slow_by_intent), OURS, str(BIN_S), keys["time"], keys["status"], keys["path"],
                     keys["seconds"]]
        program = programs.text("platform/compression.sh", "platform/rotated_log.sh", "platform/user_requests.sh")
        return Command(tuple(argv), stdin=program, timeout_s=TIMEOUT_S)


def begin_counting(log: AccessLog) -> Question[UserRequests]:
    """Count users' requests from now on. Source: the access log of the environment file."""
    return Question("users' requests", log.begin)


def users_so_far(log: AccessLog) -> Question[UserRequests]:
    """What the watch has seen of users, as it was read last."""
    return Question("users' requests", lambda connections: log.seen)


def users_since_switch(log: AccessLog) -> Question[Traffic]:
    """Requests since the switch, whoever sent them and whichever release answered; none where the log shows none."""

    def fetch(connections: Connections) -> Traffic:
        if log.log is not None:
            log.begin(connections)
            log.read(connections)
        return log.seen.traffic or Traffic((), datetime.now(UTC))

    return Question("traffic since the switch", fetch)


def all_traffic(log: AccessLog, reads: OwnReads) -> Question[Traffic]:
    """Reads of our own that are due, and with them what users have sent, where an access log shows it."""
    own = own_traffic(reads)

    def fetch(connections: Connections) -> Traffic:
        ours = own.fetch(connections)
        users = log.read(connections) if log.log is not None else UserRequests()
        return ours if users.traffic is None else joined(users, reads.done, log.environment)

    return Question(own.name, fetch)


def joined(users: UserRequests, reads: Sequence[Read], environment: Environment) -> Traffic:
    """Users' requests and our reads, each once: a log that names no program has our answered reads in it already."""
    assert users.traffic is not None
    apart, api = environment.health.endpoints, environment.traffic.api

    def is_logged(one: Read) -> bool:
        path = one.path.partition("?")[0]
        return one.status is not None and path.startswith(api) and path not in apart

    # fewer lines than our reads: this log shows other requests
    twice = not users.agents and users.traffic.requests >= sum(map(is_logged, reads))
    own = traffic_of([one for one in reads if not (twice and is_logged(one))])
    seconds = {one.at: one for one in own.seconds}
    ours = sum(map(is_logged, reads)) if twice else 0
    for one in users.traffic.seconds:
        # how many are users' is known of all together, and no more is asked
        taken = min(ours, one.external)
        ours, one = ours - taken, replace(one, external=one.external - taken)
        seconds[one.at] = _sum(seconds[one.at], one) if one.at in seconds else one
    return Traffic(tuple(seconds[at] for at in sorted(seconds)), max(own.read_at, users.traffic.read_at))


def _sum(one: SecondBucket, other: SecondBucket) -> SecondBucket:
    bins = dict(one.latency_bins)
    for step, count in other.latency_bins.items():
        bins[step] = bins.get(step, 0) + count
    return SecondBucket(one.at, one.requests + other.requests, one.errors + other.errors,
                        one.external + other.external, bins)
