"""What the logs of a window say: can they be read, how many requests failed, which were slow, and what is new. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.text import head_of, pluralize, readable_number
from runbook_lib.environment import Environment
from runbook_lib.observability.facts.log_masking import NOT_FOUND, OTHERS
from runbook_lib.observability.facts.log_results import LogReading, LogReview, MessageTemplate, RouteTimes
from runbook_lib.observability.facts.log_window import NO_LOGS

T = TypeVar("T")
UNREADABLE_PERCENT = 1.0  # of a log's lines; above it, what the tables do not hold may be what matters
MOST_UNREADABLE_PERCENT = 20.0  # above it, the other lines show nothing of the log as a whole
ERRORS, SLOW, NEW = "requests answered with 5xx", "response times by route", "new errors"
_SEE_UNREAD = "The row of that log gives the reason, with an example: correct its format in `logs`, or what writes it."
WARNED = "WARNING"  # the level below an error
_NAMED = 3  # routes and templates in a sentence
_SEE_TEMPLATES = "Read its example in the table of templates; 21 Verify judges the release, 22 Rollback undoes it."


def logs_are_quiet(environment: Environment, review: LogReview) -> tuple[Finding, ...]:
    """Every log can be read, few requests fail, no route is slow, and no error is new since the deployment."""
    if not review.readings:
        return tuple(not_applicable(name, NO_LOGS) for name in ("the logs can be read", ERRORS, SLOW, NEW))
    return (*logs_can_be_read(review), few_requests_fail(environment, review), routes_are_fast(environment, review),
            nothing_is_new(review))


def logs_can_be_read(review: LogReview) -> tuple[Finding, ...]:
    """Each log gave lines that can be read: nothing readable is inconclusive, as is a log that mostly cannot be;
    fewer unreadable lines are a warning."""
    return tuple(_reading(one) for one in review.readings)


def _reading(one: LogReading) -> Finding:
    check, expected = f"log {one.log} can be read", f"at most {UNREADABLE_PERCENT:g} % unreadable lines"
    percent = one.unreadable_percent
    reasons = "; ".join(f"{pluralize(count, 'line')} {reason}{_example(one, reason)}"
                        for reason, count in (one.unreadable or {}).items())
    missing = "; ".join(filter(None, (one.problem, *one.gaps)))
    read = f"{100 - percent:.0f} % of its lines were read" if percent and _is_mostly_unread(one) else ""
    words = "; ".join(filter(None, (f"{one.lines:,} lines in the window", read, reasons, missing)))
    if one.problem or (percent is not None and not one.lines and not one.outside):
        return Finding(check, Verdict.INCONCLUSIVE, words, expected,
                       "Check its place and format in `logs` of the environment file, and who may read it.")
    if percent is None:
        # an empty error log is how it should be; an access log without a request shows nothing
        quiet = one.kind == "application" and not one.gaps
        return finding(check, True if quiet else None, measured=missing or "it has no lines in the window",
                       expected=expected, next_step="Was there no request at all? Give more hours, or check its path.")
    fine = percent <= UNREADABLE_PERCENT and not one.gaps
    return finding(check, None if _is_mostly_unread(one) else fine, measured=words, expected=expected,
                   next_step="The table of unreadable lines shows some of them: correct what writes them, or the "
                   "format in `logs`.", otherwise=Verdict.WARNING)


def _example(one: LogReading, reason: str) -> str:
    begin = f"{reason}: "
    # of a line of control characters nothing can be shown
    shown = (head_of(sample.removeprefix(begin), 160) for sample in one.samples if sample.startswith(begin))
    first = next((text for text in shown if text.strip()), "")
    return f", for example: {first}" if first else ""


def _is_mostly_unread(one: LogReading) -> bool:
    """Whether too little of a log was read for a sentence about all of it."""
    return (one.unreadable_percent or 0) > MOST_UNREADABLE_PERCENT


def _unread(review: LogReview, kind: str) -> str:
    """The logs of a kind that nothing good can be concluded from, in words; empty where there is none."""
    return "; ".join(f"of {one.log} {one.unreadable_percent:.0f} % could not be read" for one in review.of_kind(kind)
                     if _is_mostly_unread(one))


def few_requests_fail(environment: Environment, review: LogReview) -> Finding:
    """The share of 5xx stays within the plan's figure; too few requests have no share."""
    limit, fewest = environment.success.error_rate_percent, environment.rollback.minimum_requests
    expected = f"at most {limit:g} %, of {fewest} requests or more"
    absent = _no_requests(review)
    if absent:
        return _without(ERRORS, absent, expected)
    share = 100 * review.errors / review.requests
    words = f"{review.errors:,} of {review.requests:,} ({readable_number(share, 2)} %)"
    after = review.requests - review.requests_before
    if review.deployed_at and review.requests_before and after:
        since, before = (readable_number(100 * errors / requests, 2) for errors, requests in (
            (review.errors - review.errors_before, after), (review.errors_before, review.requests_before)))
        words += f"; since the deployment {since} %, before {before} %"
    enough = review.requests >= fewest
    if enough and share <= limit and (unread := _unread(review, "access")):
        return Finding(ERRORS, Verdict.INCONCLUSIVE, f"{words}; {unread}", expected, _SEE_UNREAD)
    return finding(ERRORS, share <= limit if enough else None, measured=words, expected=expected,
                   next_step="The failed requests below name their routes, and what the application logged for them."
                   if enough else "Too few requests for a share. Give more hours.")


def routes_are_fast(environment: Environment, review: LogReview) -> Finding:
    """The p95 of each route with enough requests stays within the plan's figure."""
    limit, fewest = environment.success.p95_ms, environment.rollback.minimum_requests
    expected = f"p95 of each route below {limit} ms, of {fewest} requests or more"
    absent = _no_requests(review)
    if absent:
        return _without(SLOW, absent, expected)
    if not review.timed_requests:
        return Finding(SLOW, Verdict.NOT_APPLICABLE, "the access log has no response times", expected)
    measured = [one for one in review.routes if one.p95_ms is not None and one.requests >= fewest
                and one.route not in (NOT_FOUND, OTHERS)]
    slow = sorted((one for one in measured if (one.p95_ms or 0) >= limit), key=lambda one: -(one.p95_ms or 0))
    slowest = max((one.p95_ms or 0 for one in measured), default=0)
    fine = f"{pluralize(len(measured), 'route')}, the slowest {slowest} ms" if measured else "too few requests of each"
    if measured and not slow and (unread := _unread(review, "access")):
        return Finding(SLOW, Verdict.INCONCLUSIVE, f"{fine}; {unread}", expected, _SEE_UNREAD)
    return finding(SLOW, not slow if measured else None, measured=_listed(slow, _route_words) or fine,
                   expected=expected,
                   next_step="The table of slow requests shows whether the application or the way to it took the time."
                   if measured else "Give more hours.")


def nothing_is_new(review: LogReview) -> Finding:
    """No error since the deployment whose template was never there before it; new warnings are a warning."""
    expected = "no template that was not there before the deployment"
    logs = review.of_kind("application")
    if not logs:
        return _without(NEW, ("no log of messages is named", False), expected)
    if review.deployed_at is None:
        known = review.deployments_known
        return Finding(NEW, Verdict.NOT_APPLICABLE if known else Verdict.INCONCLUSIVE, review.deployment, expected,
                       "" if known else "Open 00 Start here: it shows what is deployed.")
    unread = [one.log for one in logs if one.problem]
    new = [one for one in review.templates if one.is_new]
    errors = [one for one in new if one.level != WARNED]
    if unread:
        return Finding(NEW, Verdict.INCONCLUSIVE, f"{', '.join(unread)} could not be read", expected,
                       "See the rows of the logs themselves; give fewer hours where one is too large.")
    if new and not review.messages_before:  # without an error since, nothing has to be compared
        return Finding(NEW, Verdict.INCONCLUSIVE,
                       f"no line is older than the deployment; since then {_listed(new, _template_words)}", expected,
                       "Read them in the table of templates. Give more hours, so that the window begins before the "
                       "deployment; lines of a container that it replaced are gone.")
    if review.messages == review.messages_before:
        return Finding(NEW, Verdict.INCONCLUSIVE, "no line is younger than the deployment", expected,
                       "Does the application still write its log, and is it this one? Wait a few minutes, run again.")
    if not new and (mostly := _unread(review, "application")):
        return Finding(NEW, Verdict.INCONCLUSIVE, f"none in what could be read; {mostly}", expected, _SEE_UNREAD)
    return finding(NEW, not new, measured=_listed(errors or new, _template_words) or f"none; {review.deployment}",
                   expected=expected, next_step=_SEE_TEMPLATES,
                   otherwise=Verdict.FAILED if errors else Verdict.WARNING)


def log_answer(environment: Environment, review: LogReview, findings: Iterable[Finding]) -> str:
    """The one sentence that the report opens with."""
    found = tuple(findings)
    worst = Verdict.worst(one.verdict for one in found)
    first = "; ".join(head_of(f"{one.check}: {one.measured}", 300) for one in found if one.verdict is worst)
    window = f"{review.since:%Y-%m-%d %H:%M} to {review.until:%Y-%m-%d %H:%M} UTC"
    counted = _counted(review)
    if worst is Verdict.FAILED:
        return f"The logs of {environment.title_within} show a fault, {window}: {head_of(first, 400)}. Read: {counted}."
    if worst is Verdict.INCONCLUSIVE:
        return f"The logs of {environment.title_within} do not tell enough, {window}: {head_of(first, 400)}."
    if errors := _errors_in(review):
        total, often = sum(one.count for one in errors), max(errors, key=lambda one: one.count)
        named = f"{pluralize(total, 'error')} of {pluralize(len(errors), 'kind')}, most often {_template_words(often)}"
        reading = f"; worth reading: {head_of(first, 300)}" if worst is Verdict.WARNING else ""
        return f"There are {named} in {counted}, {window}{reading}."
    if worst is Verdict.WARNING:
        return f"Nothing failed in {counted}, {window}; worth reading: {head_of(first, 400)}."
    if worst is Verdict.NOT_APPLICABLE:
        return f"There is nothing to review: {head_of(first, 400)}."
    return f"The logs of {environment.title_within} are quiet, {window}: {counted}, and nothing is wrong in them."


def _errors_in(review: LogReview) -> list[MessageTemplate]:
    return [one for one in review.templates if one.level != WARNED]


def _counted(review: LogReview) -> str:
    """What was read. Of requests nothing is to be concluded where no log has any."""
    both = (("access", review.requests, "request"), ("application", review.messages, "message"))
    return " and ".join(pluralize(number, name) for kind, number, name in both if review.of_kind(kind))


def _no_requests(review: LogReview) -> tuple[str, bool] | None:
    """Why nothing can be counted, and whether that is missing data; None where there are requests."""
    logs = review.of_kind("access")
    if not logs:
        return "no access log is named", False
    return None if review.requests else ("no request could be read in the window", True)


def _without(check: str, absent: tuple[str, bool], expected: str) -> Finding:
    why, missing = absent
    if not missing:
        return Finding(check, Verdict.NOT_APPLICABLE, f"{why} in `logs` of the environment file", expected)
    return Finding(check, Verdict.INCONCLUSIVE, why, expected, "See the rows of the logs themselves; give more hours.")


def _listed(found: Sequence[T], words: Callable[[T], str]) -> str:
    more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return "; ".join(map(words, found[:_NAMED])) + more


def _route_words(one: RouteTimes) -> str:
    return f"{one.route} {one.p95_ms} ms (of {one.requests:,})"


def _template_words(one: MessageTemplate) -> str:
    return f"{one.level} {head_of(one.template, 100)} ({pluralize(one.count, 'time')} since {one.first:%H:%M:%S} UTC)"
