"""What nginx answered since the switch, counted from its access log; requests are sent when there are no others.

The switch leaves a marker next to the upstreams: which file the log was (its inode), how long, and how it ended.
Whatever rotates the log since then is followed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable
from runbook_lib.core.questions import Connections, Http, Question
from runbook_lib.core.text import head_of, lines_of
from runbook_lib.core.times import parse_time
from runbook_lib.environment import Environment
from runbook_lib.environment.logs import access_log
from runbook_lib.environment.requests import filled
from runbook_lib.environment.traffic import AGENT, OURS

MARKER = ".runbook/switched.mark"
BIN_S = 0.05  # response times are counted in steps of this
ERROR_RATE = "API error rate"
_NO_MARKER = 66

# Which file the log is, how long, the sum of its end by which rotated_log.sh knows it again, and the addresses of the
# backend that had the traffic: nginx's old workers keep passing requests to it for a while, and its answers do not
# count for the new one.
MARKER_PROGRAM = r"""
at="0 0"
if [ -e "$1" ]; then
    at=$(stat -c "%i %s" "$1") size=${at#* } most=256
    [ "$size" -ge "$most" ] || most=$size
    sum=$(tail -c "+$((size - most + 1))" "$1" | head -c "$most" | cksum) && at="$at sum=${sum% *}-${sum#* }"
fi
old= ids=
[ -z "$3" ] || ids=$(docker ps --quiet --filter "label=com.docker.compose.project=$4" \
    --filter "label=com.docker.compose.service=$3") || ids=
[ -z "$ids" ] || old=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' $ids) || old=
echo "$at" $old > "$2"
"""


@dataclass(frozen=True)
class SecondBucket:
    """API requests that ended in one second, health checks and 429 left out. `external`: not sent by the watch.

    `latency_bins` counts response times in steps of 0.05 s, without what is slow by intent.
    """

    at: datetime
    requests: int
    errors: int
    external: int
    latency_bins: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Traffic:
    """The API's traffic since the switch, second by second. `read_at` is the server's clock."""

    seconds: tuple[SecondBucket, ...]
    read_at: datetime

    @property
    def requests(self) -> int:
        """Requests that count."""
        return sum(one.requests for one in self.seconds)

    @property
    def errors(self) -> int:
        """Of these, the ones answered with 5xx."""
        return sum(one.errors for one in self.seconds)

    @property
    def error_rate_percent(self) -> float | None:
        """Errors per request in percent; None when there was no request."""
        return 100 * self.errors / self.requests if self.requests else None

    @property
    def p95_s(self) -> float | None:
        """The 95th percentile of response times in seconds, to 0.05 s; None when there was no request."""
        return _p95_s(self.seconds)

    def latest_p95_s(self, seconds: float, fewest: int) -> float | None:
        """The same of the last `seconds`, or of as many more as had `fewest` requests; None of fewer altogether."""
        counted = 0
        for place, one in reversed(list(enumerate(self.seconds))):
            counted += sum(one.latency_bins.values())
            earlier = self.seconds[place - 1].at if place else None
            if counted >= fewest and (earlier is None or earlier <= self.read_at - timedelta(seconds=seconds + 1)):
                return _p95_s(self.seconds[place:])
        return None

    def external_in_last(self, seconds: float) -> int:
        """Requests of the last `seconds` that the watch did not send."""
        return sum(one.external for one in self.seconds if one.at > self.read_at - timedelta(seconds=seconds + 1))


def _p95_s(seconds: Sequence[SecondBucket]) -> float | None:
    bins: Counter[int] = Counter()
    for one in seconds:
        bins.update(one.latency_bins)
    left = -(-bins.total() * 95 // 100)
    for step in sorted(bins):
        left -= bins[step]
        if left <= 0:
            return (step + 0.5) * BIN_S
    return None


def cutover_marker(environment: Environment, old_colour: str | None = None) -> Command:
    """The command that marks the switch: how far the access log has come, and which backend had the traffic."""
    old = environment.api_of(old_colour) if old_colour else ""
    return Command(("sh", "-c", MARKER_PROGRAM, "mark", _access_log(environment), environment.server.path(MARKER), old,
                    environment.project))


def traffic_since_switch(environment: Environment) -> Question[Traffic]:
    """API requests since the switch, second by second. Raises FactUnreadable when no switch left its marker.

    Source: nginx's access log on the server, rotated files included.
    """
    return Question("traffic since the switch", lambda connections: _read(environment, connections))


def watched_traffic(environment: Environment) -> Question[Traffic]:
    """The same; when traffic is low, `rollback.synthetic_per_s` reads are sent: without requests nothing is proven."""
    interval_s = environment.rollback.interval_s
    wanted = round(environment.rollback.synthetic_per_s * interval_s)

    def fetch(connections: Connections) -> Traffic:
        traffic = _read(environment, connections)
        if traffic.external_in_last(interval_s) < wanted:
            _send(connections.http, environment.traffic.reads or environment.health.public_paths, wanted)
        return traffic

    return Question("traffic since the switch", fetch)


def error_rate_history(environment: Environment) -> Question[Mapping[str, Sequence[tuple[datetime, float]]]]:
    """Failed API requests in percent, second by second since the switch, whichever release answered."""

    def fetch(connections: Connections) -> Mapping[str, Sequence[tuple[datetime, float]]]:
        seconds = _read(environment, connections, old="none").seconds
        return {ERROR_RATE: tuple((one.at, 100 * one.errors / one.requests) for one in seconds)}

    return Question("error rate since the switch", fetch)


def parse_traffic(text: str) -> Traffic:
    """`now`, `second` and `bin` lines as the counting program prints them. Raises FactUnreadable."""
    counts: dict[datetime, tuple[int, int, int]] = {}
    bins: dict[datetime, dict[int, int]] = {}
    read_at = None
    for line in lines_of(text):
        kind, *words = line.split()
        try:
            if kind == "now":
                read_at = parse_time(words[0])
                continue
            numbers = [int(word) for word in words[1:]]
            try:
                at = _moment(words[0])
            except (ValueError, OSError, OverflowError):  # a truncated line of the log names no time
                continue
            if kind == "bin":
                step, count = numbers
                bins.setdefault(at, {})[step] = count
            else:
                requests, errors, external = numbers
                counts[at] = requests, errors, external
        except (ValueError, IndexError, TypeError) as error:
            raise FactUnreadable(f"the access log was counted in an unknown form: {head_of(line, 80)!r}",
                                 where="the access log") from error
    if read_at is None:
        raise FactUnreadable("the server's clock did not answer", where="the access log")
    return Traffic(tuple(SecondBucket(at, *counts[at], bins.get(at, {})) for at in sorted(counts)), read_at)


def _moment(text: str) -> datetime:
    """An ISO time; or `@` and the seconds since 1970, which is how some logs count."""
    return datetime.fromtimestamp(int(text[1:]), UTC) if text.startswith("@") else parse_time(text)


def _access_log(environment: Environment) -> str:
    """The log in which requests are counted; empty where there is none, or where it is not a file."""
    return getattr(access_log(environment.logs), "path", None) or ""


def _read(environment: Environment, connections: Connections, old: str = "") -> Traffic:
    apart, rules = " ".join(environment.health.endpoints), environment.traffic
    words = ("bash", "-s", "--", environment.server.path(MARKER), _access_log(environment), apart, old, rules.api,
             " ".join(rules.slow_by_intent), OURS, str(BIN_S))
    program = programs.text("platform/compression.sh", "platform/rotated_log.sh", "platform/api_traffic.sh")
    result = connections.server.run(Command(words, stdin=program, timeout_s=30, accepts=(0, _NO_MARKER)))
    if result.exit_code == _NO_MARKER:
        raise FactUnreadable("no switch has left its marker, so nothing can be counted since it",
                             where=environment.server.path(MARKER),
                             next_step="Deploy with 20 Deploy: its switch writes it.")
    return parse_traffic(result.stdout)


def _send(http: Http, reads: Sequence[str], number: int) -> None:
    """Reads past the cache, concurrently. Their outcome is in the access log, and is counted there."""

    def once(place: int) -> None:
        path = filled(reads[place % len(reads)], {"number": str(random.randrange(500))})
        with suppress(EndpointUnavailable):
            http.request("GET", path, headers={"User-Agent": AGENT}, timeout_s=5.0)

    with ThreadPoolExecutor(min(8, max(1, number)), thread_name_prefix="synthetic") as pool:
        list(pool.map(once, range(number)))
