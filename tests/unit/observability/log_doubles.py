"""Logs for tests: lines as bytes, and what a review makes of them without a server."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from runbook_lib.environment.logs import LogFile
from runbook_lib.observability.facts.log_reading import Unreadable, read_log
from runbook_lib.observability.facts.log_results import LogReview
from runbook_lib.observability.facts.log_review import read_file, review
from runbook_lib.observability.facts.log_window import LogSurvey
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed

SINCE = datetime(2026, 11, 26, 12, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=1)
SURVEY = LogSurvey(SINCE, UNTIL, {})
REQUESTS = LogFile(kind="access", format="json", path="/var/log/a")
COMBINED = LogFile(kind="access", format="combined", path="/var/log/a")
MESSAGES = LogFile(kind="application", format="json", path="/var/log/m")
TEXTS = LogFile(kind="application", format="text", path="/var/log/t")
GOOD = b'192.0.2.1 - - [27/Nov/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 5 "-" "curl"\n'


def read(log: LogFile, text: bytes) -> tuple[list[dict[str, object]], dict[str, int]]:
    """The rows of a log, and how many lines could not be read, by their reason."""
    unreadable = Unreadable()
    rows = [row for frame in read_log(io.BytesIO(text), log, unreadable) for row in frame.to_dicts()]
    return rows, unreadable.counts


def at(minutes: float) -> datetime:
    """So many minutes after the window's begin."""
    return SINCE + timedelta(minutes=minutes)


def request(minutes: float = 60, path: str = "/", status: object = 200, seconds: object = 0.01, **more: Any) -> bytes:
    """A line of a JSON access log."""
    entry = {"time": at(minutes).isoformat(), "path": path, "status": status, "seconds": seconds, "address": "192.0.2.1",
             "request_id": "", **more}
    return json.dumps(entry).encode() + b"\n"


def message(minutes: float = 60, text: str = "boom", level: str = "ERROR", **more: Any) -> bytes:
    """A line of a JSON log of messages."""
    return json.dumps({"time": at(minutes).isoformat(), "level": level, "message": text, **more}).encode() + b"\n"


def reviewed(*logs: tuple[LogFile, bytes], deployed: Deployed | None = None) -> LogReview:
    """The review of logs with this content; their names are log0, log1, …"""
    content = {f"log{number}": text for number, (_, text) in enumerate(logs)}
    files = {f"log{number}": log for number, (log, _) in enumerate(logs)}
    return review(files, SURVEY, deployed,
                  lambda name, add: read_file(io.BytesIO(content[name]), name, files[name], add))


def deployed_at(*minutes: float) -> Deployed:
    """A server whose releases were deployed so many minutes after the window's begin."""
    releases = tuple(Release("c" * 40, f"v{number}", "blue", None, "run", "ann", "", at(when))
                     for number, when in enumerate(minutes, start=1))
    return Deployed("blue", None, "", "", None, frozenset(), releases)
