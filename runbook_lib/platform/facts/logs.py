"""Severe lines in the logs since a moment: ERROR and CRITICAL of the backend, 5xx of nginx. Log text is never run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runbook_lib.core.commands import Command
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of
from runbook_lib.core.times import parse_time
from runbook_lib.environment import Environment

BACKEND_LOG = "/var/log/gw2/backend.log"
ACCESS_LOG = "/var/log/nginx/access.log"
SEVERE = ("ERROR", "CRITICAL", "FATAL")
MOST_BYTES = 20_000_000
MOST_LINES = 2_000
LONGEST_LINE = 8_000
SHOWN = 2_000
_NO_LOG = 66
_WORD = re.compile(r"\b(?:ERROR|CRITICAL|FATAL|Traceback)\b")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

# Severe lines, lines that are not JSON, and before such a line the last JSON one, whose time then dates it.
_SEVERE_LINES = r"""
/^\{/ { last = $0; if ($0 ~ /"level": ?"(ERROR|CRITICAL|FATAL)"/) print substr($0, 1, LONGEST); next }
NF    { if (last != "") print substr(last, 1, LONGEST); last = ""; print substr($0, 1, LONGEST) }
"""
_FIVE_HUNDREDS = r"""/"status": ?5[0-9][0-9]/ { print substr($0, 1, LONGEST) }"""

# The newest rotated file comes first: a rotation since the moment asked about must not hide lines.
_READ = f"""
set -o pipefail
[ -e "$1" ] || exit {_NO_LOG}
for file in "$1.1" "$1"; do [ -e "$file" ] && {{ tail -c {MOST_BYTES} -- "$file" || exit 1; }}; done \\
    | LC_ALL=C awk -v LONGEST={LONGEST_LINE} "$2" | tail -n {MOST_LINES}
"""


@dataclass(frozen=True)
class LogLine:
    """One line. `at` is in UTC, None where nothing dates the line; control characters are shown as `\\xNN`."""

    at: datetime | None
    level: str
    message: str
    request_id: str = ""
    source: str = ""


def errors_since(environment: Environment, since: datetime) -> Question[tuple[LogLine, ...] | None]:
    """ERROR and CRITICAL lines of the backend's log since then, at most the last 2,000; None where there is no log.

    Raises FactUnreadable when the log cannot be read. Source: the backend's log on the server, the rotated one too.
    """
    return Question("errors in the backend's log", lambda connections: _severe(connections, since))


def server_errors_since(environment: Environment, since: datetime) -> Question[tuple[LogLine, ...] | None]:
    """Requests that nginx answered with 5xx since then, at most the last 2,000; None where there is no access log.

    Raises FactUnreadable when the log cannot be read. Source: nginx's access log on the server.
    """

    def fetch(connections: Connections) -> tuple[LogLine, ...] | None:
        text = _read(connections, ACCESS_LOG, _FIVE_HUNDREDS)
        return None if text is None else parse_access(text.splitlines(), since)

    return Question("5xx in nginx's log", fetch)


def _severe(connections: Connections, since: datetime) -> tuple[LogLine, ...] | None:
    text = _read(connections, BACKEND_LOG, _SEVERE_LINES)
    return None if text is None else parse_backend(text.splitlines(), since)


def _read(connections: Connections, path: str, program: str) -> str | None:
    command = Command(("bash", "-c", _READ, "log", path, program), accepts=(0, _NO_LOG))
    result = connections.server.run(command)
    return None if result.exit_code == _NO_LOG else result.stdout


def parse_backend(lines: Iterable[str], since: datetime) -> tuple[LogLine, ...]:
    """Severe lines at or after `since`.

    A line that is not JSON is dated by the JSON line before it, and counts when nothing dates it: a trace that was
    printed past the logger must not go unseen.
    """
    found, last = [], None
    for line in lines:
        entry = _object(line)
        if entry is None:
            if _WORD.search(line) and (last is None or last >= since):
                found.append(LogLine(last, "ERROR", sanitize(line), source=BACKEND_LOG))
            continue
        last = _time(entry) or last
        level = str(entry.get("level", "")).upper()
        if level in SEVERE and (last is None or last >= since):
            message = sanitize(str(entry.get("message", "")) + _exception(entry))
            found.append(LogLine(last, level, message, sanitize(str(entry.get("request_id") or "")), BACKEND_LOG))
    return tuple(found)


def parse_access(lines: Iterable[str], since: datetime) -> tuple[LogLine, ...]:
    """Lines of nginx's JSON access log with a status from 500 upwards, at or after `since`."""
    found = []
    for line in lines:
        entry = _object(line)
        if entry is None:  # truncated, or not ours; its status was 5xx, so it is kept
            found.append(LogLine(None, "5xx", sanitize(line), source=ACCESS_LOG))
            continue
        at, status = _time(entry), entry.get("status")
        if isinstance(status, int) and status >= 500 and (at is None or at >= since):
            request = f"{entry.get('method', '?')} {entry.get('path', '?')}"
            message = sanitize(f"{request} {status} by {entry.get('upstream', '?')}")
            found.append(LogLine(at, str(status), message, sanitize(str(entry.get("request_id") or "")), ACCESS_LOG))
    return tuple(found)


def sanitize(text: str) -> str:
    """Text without control characters, escape sequences and direction marks, at most 2,000 characters."""
    shown = _CONTROLS.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
    return head_of(shown, SHOWN)


def _exception(entry: dict[str, Any]) -> str:
    """The last line of a trace: what was raised."""
    trace = str(entry.get("exception") or "").strip()
    return f" ({trace.splitlines()[-1]})" if trace else ""


def _object(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _time(entry: dict[str, Any]) -> datetime | None:
    try:
        return parse_time(str(entry.get("time")))
    except ValueError:
        return None
