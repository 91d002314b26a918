"""Is the use of each resource known, below its limit, and how long will the limit last? Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from runbook_lib.capacity.checks.capacity_review import CapacityReview, ReviewedResource, date_of
from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.text import head_of, pluralize
from runbook_lib.environment import Environment
from runbook_lib.environment.capacity import why_absent
from runbook_lib.platform.checks.metrics_clock import clocks_agree, still_scraped
from runbook_lib.platform.facts.availability import Unanswered

# what follows the title of a resource, in the names of its checks
NAMED = "resources are named"
READABLE = 40  # characters of a query
KNOWN, BELOW, LASTS = ": use is known", ": below the limit", ": the limit lasts"
_SEE = "See its row under “Is the use known?”"
_LONGER = "Prometheus keeps what `--storage.tsdb.retention.time` says; run this review again when there is more."


def use_is_known(environment: Environment, review: CapacityReview) -> tuple[Finding, ...]:
    """Prometheus answers with the use of every resource, up to now, and its clock agrees with ours."""
    if not environment.capacity.resources:
        if environment.no_monitoring_reason:
            return (not_applicable(NAMED, environment.no_monitoring_reason),)
        return (Finding(NAMED, Verdict.NOT_APPLICABLE, "the environment file names none in `capacity.resources`: name "
                        "them there with their PromQL and limits, and this review shows how long they last"),)
    window = review.window
    declared = [not_applicable(f"{one.title}{KNOWN}", reason) for one in environment.capacity.resources.values()
                if (reason := why_absent(one, environment.absent_services))]
    return (clocks_agree(window.clock_ahead_s, window.unanswered), still_scraped(window.scrapes, window.grid.end),
            *_drills(review), *(_known(review, one) for one in review.resources), *declared)


def _drills(review: CapacityReview) -> tuple[Finding, ...]:
    """What an alert drill used is not what the application needs: whether its hours are known, and left out."""
    drills, check = review.window.drills, "hours of alert drills are left out"
    if isinstance(drills, Unanswered):
        return (Finding(check, Verdict.INCONCLUSIVE, drills.reason, "the server's record of drills", drills.next_step),)
    begin = review.window.grid.begin
    within = [f"{one.begin:%Y-%m-%d %H:%M} to {one.end:%H:%M} UTC" for one in drills if one.end >= begin]
    return (finding(check, True, measured=head_of(", ".join(reversed(within)), 120)),) if within else ()


def _known(review: CapacityReview, one: ReviewedResource) -> Finding:
    check = f"{one.resource.title}{KNOWN}"
    if one.lacking:
        return Finding(check, Verdict.INCONCLUSIVE, _without_query(one.lacking.reason, one.resource.query),
                       "its use up to now", (_young(review) if _gave_nothing(one) else "") or one.lacking.next_step)
    return finding(check, True, measured=f"{one.shown(one.latest)}; {len(one.days)} whole days of history")


def _gave_nothing(one: ReviewedResource) -> bool:
    """Whether it is its query that had no answer, and not the hours that had to be left out."""
    return one.lacking is not None and bool(one.resource.query) and str(one.resource.query) in one.lacking.reason


def _young(review: CapacityReview) -> str:
    """A query over hours has no answer yet where Prometheus has just begun: that is not a fault to search for."""
    known = review.window.known
    if known is None or known >= timedelta(days=1):
        return ""
    return f"Prometheus has data of {_length(known)}: this may need some hours. Run again tomorrow."


def _without_query(reason: str, query: str | None) -> str:
    """A query of some length stands in the environment file: no table and no sentence can be read with it."""
    return reason.replace(query, "its query") if query and len(query) > READABLE else reason


def below_limits(environment: Environment, review: CapacityReview) -> tuple[Finding, ...]:
    """The highest use of the last 24 hours: a limit that is reached is a failure, one that is near a warning.

    What is not known has its one row under `use_is_known`.
    """
    return tuple(_below(environment, review, one) for one in review.resources
                 if not one.lacking and (one.limit is not None or one.resource.none_expected))


def _span(review: CapacityReview) -> str:
    known = review.window.known
    if known is None or known >= timedelta(days=1):
        return "the last 24 hours"
    return f"the {_length(known)} that Prometheus has"


def _length(known: timedelta) -> str:
    minutes = known.total_seconds() / 60
    return f"{minutes / 60:.0f} hours" if minutes >= 120 else f"{minutes:.0f} minutes"


def _below(environment: Environment, review: CapacityReview, one: ReviewedResource) -> Finding:
    rules, title = environment.capacity, one.resource.title
    if one.resource.none_expected:
        known = one.latest is not None
        return finding(f"{title}: none", one.latest <= 0 if one.latest is not None else None, expected="0",
                       measured=f"at most {one.shown(one.latest)} in {_span(review)}" if known else "not known",
                       otherwise=Verdict.WARNING,
                       next_step="Its memory is too small: see the proposal below." if known else _SEE)
    near = None if one.limit is None else one.limit * rules.near_percent / 100
    # both figures in the resource's own unit: "85 % of 80 %" has to be computed before it can be read
    check, expected = f"{title}{BELOW}", f"below {one.shown(near)}; the limit is {one.shown(one.limit)}"
    if one.share is None:
        return Finding(check, Verdict.INCONCLUSIVE, "not known", expected, _SEE)
    measured = f"{one.shown(one.latest)} at most in {_span(review)}, {one.share:.0f} % of the limit"
    return finding(check, one.share < rules.near_percent, expected=expected, measured=measured,
                   otherwise=Verdict.FAILED if one.share >= 100 else Verdict.WARNING,
                   next_step="See the proposal below; 41 Metrics review shows since when.")


def limits_last(environment: Environment, review: CapacityReview) -> tuple[Finding, ...]:
    """How long each limit lasts at the present growth; with too short or too uneven a history that is refused.

    Those that are refused for one reason have one row, and what is not known has its own under `use_is_known`.
    """
    limited = [one for one in review.resources if one.limit is not None and not one.lacking]
    return (*(_lasts(environment, review, one) for one in limited if one.grown.trend is not None),
            *_refused(environment, [one for one in limited if one.grown.trend is None]))


def _refused(environment: Environment, resources: list[ReviewedResource]) -> tuple[Finding, ...]:
    alike: dict[str, list[str]] = defaultdict(list)
    for one in resources:
        alike[one.grown.refusal].append(one.resource.title)
    expected = f"more than {environment.capacity.plan_within_days} days"
    return tuple(Finding(
        f"{titles[0]}{LASTS}" if len(titles) == 1 else f"how long {len(titles)} limits last", Verdict.INCONCLUSIVE,
        f"no forecast: {refusal}" + (f" ({', '.join(titles)})" if len(titles) > 1 else ""), expected, _LONGER)
        for refusal, titles in alike.items())


def _lasts(environment: Environment, review: CapacityReview, one: ReviewedResource) -> Finding:
    rules, check = environment.capacity, f"{one.resource.title}{LASTS}"
    expected = f"more than {rules.plan_within_days} days"
    ahead = one.forecast(review.now)
    if ahead is None:
        return finding(check, True, measured=f"no limit in sight: {one.growth_words}", expected=expected)
    verdict = Verdict.FAILED if ahead.best <= rules.act_within_days else (
        Verdict.WARNING if ahead.best <= rules.plan_within_days or ahead.earliest <= rules.act_within_days
        else Verdict.PASSED)
    words = f"{one.shown(one.limit)} {ahead.words}, {date_of(review.now, ahead.best)}; {one.growth_words}"
    return Finding(check, verdict, words, expected,
                   "" if verdict is Verdict.PASSED else "See the proposal below: the change, or what can be deleted.")


def capacity_answer(environment: Environment, review: CapacityReview, *groups: Iterable[Finding]) -> str:
    """The one sentence that the report opens with: what is full, what will be and when, and what is not known."""
    title = environment.title
    if review.window.unanswered:
        return f"{title}: it is not known how long its resources last: {review.window.unanswered.reason}."
    findings = [one for group in groups for one in group]
    if not environment.capacity.resources:
        return _without_resources(title, findings)
    ahead = sorted(((forecast, one) for one in review.resources if (forecast := one.forecast(review.now))),
                   key=lambda pair: pair[0].best)
    horizon = environment.capacity.plan_within_days
    soon = [(forecast, one) for forecast, one in ahead if forecast.best <= horizon][:2]
    parts = [f"{one.resource.title} reaches {one.shown(one.limit)} {forecast.words}"
             + (f", on {date_of(review.now, forecast.best)}" if forecast.best else "") for forecast, one in soon]
    named = tuple(one.resource.title for _, one in soon)
    parts += [f"{one.check.removesuffix(BELOW)}: {one.measured}" for one in findings
              if one.verdict is Verdict.FAILED and not one.check.startswith(named or ("\n",))][:2]
    if not parts and review.resources and all(one.lacking for one in review.resources):
        parts = ["it is not known how long its resources last"]
    elif not parts:
        parts = [f"nothing is known to reach a limit within {horizon} days"]
        parts += [f"the first would be {one.resource.title}, {forecast.words}" for forecast, one in ahead[:1]]
    unknown = [one for one in findings if one.verdict is Verdict.INCONCLUSIVE]
    missing = f"; not known: {_not_known(environment, unknown[0])}" if unknown else ""
    more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
    return f"{title}: {'; '.join(parts)}{missing}{more}."


def _not_known(environment: Environment, one: Finding) -> str:
    """What is not known, and why."""
    reason = one.measured
    for resource in environment.capacity.resources.values():
        reason = _without_query(reason, resource.query)
    return f"{one.check.removesuffix(KNOWN)} ({head_of(reason, 120)})"


def _without_resources(title: str, findings: list[Finding]) -> str:
    """Of an environment whose file names no resource: what the containers and folders show, and what is not asked."""
    not_asked = "How long its resources last is not asked: `capacity.resources` names none"
    judged = [one for one in findings if one.verdict.was_checked]
    bad = [one for one in judged if one.verdict is not Verdict.PASSED]
    shown = "; ".join(f"{one.check} ({head_of(one.measured, 90)})" for one in bad[:2])
    more = f" and {len(bad) - 2} more" if len(bad) > 2 else ""
    first = f"{title}: {shown}{more}" if bad else (
        f"{title}: {pluralize(len(judged), 'check')} of its containers and folders passed" if judged
        else f"{title}: nothing could be judged")
    return f"{first}. {not_asked}."
