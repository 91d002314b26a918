"""Severe lines that the containers of services have written, as Docker keeps them. Log text is never run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.times import parse_time
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.log_lines import LogLine, severe_line

LONGEST_LINE, MOST_LINES, TIMEOUT_S = 8_000, 2_000, 300.0


def logging_services(environment: Environment) -> tuple[str, ...]:
    """Services whose application log is what their containers write; none where any such log is a file."""
    logs = [one for one in environment.logs.values() if one.kind == "application"]
    if any(one.path for one in logs):
        return ()
    return tuple(dict.fromkeys(one.service for one in logs if one.service))


def container_lines(environment: Environment, services: tuple[str, ...], since: datetime,
                    connections: Connections) -> tuple[tuple[LogLine, ...], tuple[str, ...], str, datetime | None]:
    """Severe lines since a moment, oldest first; the services that have containers; why there may be more lines; and
    the moment from which on none is missing, where that is known.

    Source: `docker logs`.
    """
    logs = environment.logs.values()
    keys = {one.service: one.fields["level"] for one in logs if one.service and "level" in one.fields}
    argv = ("bash", "-s", "--", environment.project, str(int(since.timestamp())), str(LONGEST_LINE), str(MOST_LINES),
            *(f"{name}={key}" if (key := keys.get(name)) else name for name in services))
    program = programs.text("platform/severe_lines.sh", "platform/container_logs.sh")
    command = Command(argv, stdin=program, timeout_s=TIMEOUT_S)
    return parse_container_lines(connections.server.run(command).stdout.split("\n"), keys)


def severe_since(environment: Environment, services: tuple[str, ...], since_s: float) -> Question[tuple[LogLine, ...]]:
    """The severe lines of services' containers of the last `since_s` seconds, oldest first. Source: `docker logs`."""
    def fetch(connections: Connections) -> tuple[LogLine, ...]:
        since = datetime.now(UTC) - timedelta(seconds=since_s)
        return container_lines(environment, services, since, connections)[0]

    return Question("errors in the containers' logs", fetch)


def parse_container_lines(
        lines: Iterable[str], level_keys: Mapping[str, str] = MappingProxyType({}),
) -> tuple[tuple[LogLine, ...], tuple[str, ...], str, datetime | None]:
    """The reply of container_logs.sh; `level_keys` are those that the environment file names, by service."""
    found: list[LogLine] = []
    services: list[str] = []
    gaps: list[str] = []
    kept: list[datetime] = []
    for line in lines:
        mark, text = line[:1], line[2:]
        if mark == "F":
            services.append(text)
        elif mark == "G":
            gaps.append(text)
        elif mark == "K" and text.isdecimal():
            kept.append(datetime.fromtimestamp(int(text), UTC))
        elif mark in ("L", "X") and services:
            stamp, _, written = text.partition(" ")
            one = severe_line(written, _at(stamp), services[-1], level_keys.get(services[-1], ""), chosen=mark == "X")
            found += [one] if one else []
    found.sort(key=lambda one: (one.at is not None, one.at))
    # a gap without such a moment does not end with time
    since = max(kept) if kept and len(kept) == len(gaps) else None
    return tuple(found), tuple(dict.fromkeys(services)), "; ".join(dict.fromkeys(gaps)), since


def _at(stamp: str) -> datetime | None:
    try:
        return parse_time(stamp)
    except ValueError:
        return None
