"""A cleaned sample of what was read, as a file of evidence: a line for each template and each single request."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from runbook_lib.observability.facts.log_results import LogReview, SlowRequest

COLUMNS = ("kind", "at", "until", "log", "level_or_status", "route_or_template", "count", "seconds",
           "application_seconds", "request_id", "text")
# a spreadsheet runs a cell that begins so: the text is another's
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def log_sample(review: LogReview) -> str:
    """CSV with a heading: templates with one example each, slow and failed requests, and a few unreadable lines.

    Client addresses are left out; secrets and e-mail addresses have been replaced where the lines were read.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in review.templates:
        writer.writerow(_safe(("new template" if one.is_new else "template", _time(one.first), _time(one.last), one.log,
                               one.level, one.template, one.count, "", "", "", one.example)))
    for kind, found in (("slow request", review.slow), ("failed request", review.failed)):
        writer.writerows(_request_rows(kind, found))
    for log in review.readings:
        writer.writerows(_safe(("unreadable line", "", "", log.log, "", "", "", "", "", "", sample))
                         for sample in log.samples)
    return file.getvalue()


def _request_rows(kind: str, found: Iterable[SlowRequest]) -> Iterable[tuple[object, ...]]:
    return (_safe((kind, _time(one.at), "", "", one.status, one.route, "", one.seconds, one.application_seconds,
                   one.request_id, one.application)) for one in found)


def _safe(cells: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in cells)


def _time(at: object) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
