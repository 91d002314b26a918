"""What the server logged for single requests, found by their ids in the logs that the environment file names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import lines_of
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.log_lines import LEVELS, MESSAGES, TIMES, first_of, sanitize
from runbook_lib.platform.facts.logs import LONGEST_LINE

MOST_REQUESTS = 10
MOST_LINES = 200
MOST_BYTES = 5_000_000  # of each log: the requests are seconds old
LIMIT_S = 15  # for all logs together; one that is slow costs its own lines
NOT_READ = "not read"  # in the place of the level: a line about a log, and of none
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


@dataclass(frozen=True)
class RequestLogs:
    """Where requests are logged: `files` on the server, and `services` of the Compose `project` that log to Docker."""

    files: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    project: str = ""


NO_REQUEST_LOGS = RequestLogs()


@dataclass(frozen=True)
class RequestLine:
    """One line about a request: its time as logged, level or status, and what it says; empty where it has none.

    With the level `NOT_READ`: which log was not read whole, and why.
    """

    at: str
    level: str
    message: str


def request_logs(environment: Environment) -> RequestLogs:
    """The logs of the environment file: those of requests first, then the application's."""
    logs = sorted(environment.logs.values(), key=lambda one: one.kind != "access")
    return RequestLogs(tuple(one.path for one in logs if one.path), tuple(one.service for one in logs if one.service),
                       environment.project)


def lines_of_requests(logs: RequestLogs, request_ids: Sequence[str]) -> Question[tuple[RequestLine, ...]]:
    """The lines that name one of the first ten ids, at most the last 200, in the order of the logs.

    Ids of another form are left out. Empty where no log has them. What is slow is read as far as it came within
    `LIMIT_S`, and named first. Source: the logs on the server, and `docker logs`.
    """
    ids = [one for one in dict.fromkeys(request_ids) if _REQUEST_ID.fullmatch(one)][:MOST_REQUESTS]
    argv = ("bash", "-s", "--", str(LIMIT_S), str(MOST_LINES), str(MOST_BYTES), str(LONGEST_LINE), logs.project,
            "\n".join(logs.files), "\n".join(logs.services), *ids)
    command = Command(argv, stdin=programs.text("platform/whole_lines.sh", "platform/request_lines.sh"),
                      timeout_s=LIMIT_S + 15)
    asked = ids and (logs.files or logs.services)

    def fetch(connections: Connections) -> tuple[RequestLine, ...]:
        if not asked:
            return ()
        result = connections.server.run(command)
        return (*parse_gaps(result.stderr), *parse_lines(result.stdout))

    return Question("log lines of the failed requests", fetch)


def parse_gaps(text: str) -> tuple[RequestLine, ...]:
    """What was not read whole, as request_lines.sh names it on standard error; each once."""
    return tuple(RequestLine("", NOT_READ, sanitize(line[2:])) for line in dict.fromkeys(lines_of(text))
                 if line.startswith("G "))


def parse_lines(text: str) -> tuple[RequestLine, ...]:
    """Each line of the logs; one that is not a JSON object is shown as it is."""
    return tuple(_line(line) for line in lines_of(text) if line.strip())


def _line(line: str) -> RequestLine:
    try:
        entry = read_json(line, strict=False)
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        return RequestLine("", "", sanitize(line))
    message = str(first_of(entry, MESSAGES) or f"{entry.get('method', '?')} {entry.get('path', '?')}")
    raised = lines_of(str(entry.get("exception") or "").strip())[-1:]
    level = str(first_of(entry, LEVELS) or entry.get("status") or "")
    return RequestLine(*map(sanitize, (str(first_of(entry, TIMES)), level, ": ".join((message, *raised)))))
