"""Reviewing the logs of a window: they come as files of this machine, are read to tables, and are deleted again."""

from __future__ import annotations

import gzip
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, BinaryIO

from runbook_lib.core.errors import CommandTimedOut, FactUnreadable, LinkDropped
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.environment.logs import LogFile
from runbook_lib.observability.facts.log_masking import clean_text
from runbook_lib.observability.facts.log_reading import Unreadable, read_log
from runbook_lib.observability.facts.log_results import LogReading, LogReview
from runbook_lib.observability.facts.log_tables import MessageTables, RequestTables, Window
from runbook_lib.observability.facts.log_totals import requests_of, single_requests, templates_of
from runbook_lib.observability.facts.log_window import LogSize, LogSurvey, download_log
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed

if TYPE_CHECKING:
    import polars as pl

AddPiece = Callable[["pl.DataFrame", str], int]


def review_logs(environment: Environment, survey: LogSurvey, deployed: Deployed | None,
                deadline_s: float = 300.0) -> Question[LogReview]:
    """Routes, statuses, clients, slow requests and templates of errors in the window that was surveyed.

    A log that cannot be had, or read to its end within `deadline_s`, is missing in part and named. `deployed` tells
    when the last deployment was; None: not known. Source: the logs of the environment file, as the server cut them.
    """

    def fetch(connections: Connections) -> LogReview:
        until = monotonic() + deadline_s
        with tempfile.TemporaryDirectory(prefix="runbook-logs-") as folder:

            def read(name: str, add: AddPiece) -> LogReading:
                return _read_from_server(environment, survey, name, Path(folder) / name, connections, add, until)

            return review(environment.logs, survey, deployed, read)

    return Question("review of the logs", fetch)


def review(logs: dict[str, LogFile], survey: LogSurvey, deployed: Deployed | None,
           read: Callable[[str, AddPiece], LogReading]) -> LogReview:
    """The review, with a function that reads a log by its name and hands over its tables, piece by piece."""
    release, words = last_deployment(deployed, survey.since, survey.until)
    deployed_at, version = (release.begun, release.version) if release else (None, "")
    window = Window(survey.since, survey.until, deployed_at)
    requests = RequestTables(window)
    readings = [read(name, requests.add) for name, log in logs.items() if log.kind == "access"]
    single = [one for one in (requests.slow, requests.failed) if one is not None]
    ids = {value for table in single for value in table.get_column("request_id") if value}
    messages = MessageTables(window, ids)
    readings += [read(name, messages.add) for name, log in logs.items() if log.kind == "application"]
    found = LogReview(survey.since, survey.until, deployed_at, words, tuple(readings), **requests_of(requests),
                      deployments_known=deployed is not None, deployed_version=version)
    return replace(found, slow=single_requests(requests.slow, messages.found),
                   failed=single_requests(requests.failed, messages.found), templates=templates_of(messages),
                   messages=messages.messages, messages_before=messages.older)


def last_deployment(deployed: Deployed | None, since: datetime, until: datetime) -> tuple[Release | None, str]:
    """The last deployment, if lines before and after it can be compared; and which it was, in words."""
    if deployed is None:
        return None, "which deployment was the last is not known"
    recorded = [one for one in deployed.releases if one.begun <= until]
    if not recorded:
        return None, "no deployment is recorded up to then"
    last = recorded[-1]
    words = f"the last deployment was {last.version} on {last.begun:%Y-%m-%d} at {last.begun:%H:%M} UTC"
    if len(recorded) == 1:
        return None, f"{words}, and it is the first one"
    if last.begun < since:
        return None, f"{words}, before this window"
    return last, words


def read_file(file: BinaryIO, name: str, log: LogFile, add: AddPiece, until: float | None = None) -> LogReading:
    """Read a log to its end, or to the moment `until` of the monotonic clock."""
    unreadable, inside, read, problem = Unreadable(), 0, 0, ""
    try:
        for frame in read_log(file, log, unreadable):
            read += frame.height
            inside += add(frame, name)
            if until is not None and monotonic() > until:
                problem = "it was not read to its end in time"
                break
    except (EOFError, gzip.BadGzipFile, zlib.error):  # what came before it counts
        problem = "the transfer ended early"
    samples = tuple(f"{reason}: {clean_text(line)}" for reason, lines in unreadable.samples.items() for line in lines)
    return LogReading(name, log.kind, inside, read - inside, dict(unreadable.counts), samples, problem)


def _read_from_server(environment: Environment, survey: LogSurvey, name: str, to: Path, connections: Connections,
                      add: AddPiece, until: float) -> LogReading:
    log, size = environment.logs[name], survey.logs[name]
    if not isinstance(size, LogSize) or size.reason:
        return LogReading(name, log.kind, problem=size.reason)
    left_s = until - monotonic()
    try:
        if left_s <= 0:
            raise CommandTimedOut("no time was left for it", where=name)
        gaps = download_log(environment, survey, name, to, connections, left_s)
    except (FactUnreadable, CommandTimedOut, LinkDropped) as error:
        return LogReading(name, log.kind, problem=error.what)
    try:
        with gzip.open(to) as file:
            reading = read_file(file, name, log, add, until)  # type: ignore[arg-type]
    finally:
        to.unlink(missing_ok=True)  # secrets in it are not redacted
    return replace(reading, gaps=tuple(dict.fromkeys((*size.gaps, *gaps))))
