"""What the server logged for single requests, found by their ids: nginx's access log and the backend's log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from runbook_lib.core.commands import Command
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.questions import Question
from runbook_lib.core.text import lines_of
from runbook_lib.platform.facts.log_lines import sanitize
from runbook_lib.platform.facts.logs import ACCESS_LOG, BACKEND_LOG, LONGEST_LINE

MOST_REQUESTS = 10
MOST_LINES = 200
MOST_BYTES = 5_000_000  # of each file: the requests are seconds old
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# The rotated file first: the log may have been rotated since. A longer line is left out whole, for what is cut in its
# middle may be a piece of a secret. grep's 1 means that no line has the ids, and is not a failure.
_LINES = f"""
patterns=(); for id in "$@"; do patterns+=(-e "$id"); done
for log in {ACCESS_LOG} {BACKEND_LOG}; do
    for file in "$log.1" "$log"; do
        [ ! -r "$file" ] || tail -c {MOST_BYTES} -- "$file" | {{ grep -F "${{patterns[@]}}" || [ $? = 1 ]; }} || exit 1
    done
done | LC_ALL=C awk 'length($0) <= {LONGEST_LINE}' | tail -n {MOST_LINES}
"""


@dataclass(frozen=True)
class RequestLine:
    """One line about a request: its time as logged, level or status, and what it says; empty where it has none."""

    at: str
    level: str
    message: str


def lines_of_requests(request_ids: Sequence[str]) -> Question[tuple[RequestLine, ...]]:
    """The lines that name one of the first ten ids, at most the last 200, in the order of the logs.

    Ids of another form are left out. Empty where no log has them. Source: the two logs on the server.
    """
    ids = [one for one in dict.fromkeys(request_ids) if _REQUEST_ID.fullmatch(one)][:MOST_REQUESTS]
    command = Command(("bash", "-c", _LINES, "requests", *ids), timeout_s=20)
    return Question("log lines of the failed requests", lambda connections: () if not ids else parse_lines(
        connections.server.run(command).stdout))


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
    message = str(entry.get("message") or f"{entry.get('method', '?')} {entry.get('path', '?')}")
    raised = lines_of(str(entry.get("exception") or "").strip())[-1:]
    return RequestLine(str(entry.get("time") or ""), str(entry.get("level") or entry.get("status") or ""),
                       sanitize(": ".join((message, *raised))))
