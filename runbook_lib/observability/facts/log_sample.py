"""A cleaned sample of what was read, as a file of evidence: a line for each template and each single request."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from ipaddress import ip_address

from runbook_lib.observability.facts.log_results import LogReview, SlowRequest

COLUMNS = ("kind", "at", "until", "log", "level_or_status", "route_or_template", "count", "seconds",
           "application_seconds", "request_id", "text")
# a spreadsheet runs a cell that begins so: the text is another's
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

# messages and unreadable lines hold them, too; a port behind one stays
_ADDRESSES = (re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\d)"),
              re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}"))


def log_sample(review: LogReview) -> str:
    """CSV with a heading: templates with one example each, slow and failed requests, and a few unreadable lines.

    Addresses of clients, and others, are left out; secrets and e-mail addresses have been replaced where the lines were
    read.
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
    plain = (_without_addresses(cell) if isinstance(cell, str) else cell for cell in cells)
    return tuple(f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in plain)


def _without_addresses(text: str) -> str:
    for pattern in _ADDRESSES:
        text = pattern.sub(_without_address, text)
    return text


def _without_address(found: re.Match[str]) -> str:
    try:
        ip_address(found[0])
    except ValueError:  # a time of day, a version
        return found[0]
    return "<address>"


def _time(at: object) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
