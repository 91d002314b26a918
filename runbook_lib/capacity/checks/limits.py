"""Is the use of each resource known, below its limit, and how long will the limit last? Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from runbook_lib.capacity.checks.capacity_review import CapacityReview, ReviewedResource, date_of
from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.text import head_of
from runbook_lib.environment import Environment
from runbook_lib.environment.capacity import why_absent

# what follows the title of a resource, in the names of its checks
KNOWN, BELOW = ": known", ": below its limit"
_SEE = "See its row under “Is the use known?”"
_LONGER = "Prometheus keeps what `--storage.tsdb.retention.time` says; run this review again when there is more."


def use_is_known(environment: Environment, review: CapacityReview) -> tuple[Finding, ...]:
    """Prometheus answers with the use of every resource, up to now."""
    if not environment.capacity.resources:
        return (Finding("resources are named", Verdict.INCONCLUSIVE, "none", "capacity.resources",
                        "Name them in the environment file, with their PromQL and limits."),)
    declared = [not_applicable(f"{one.title}{KNOWN}", reason) for one in environment.capacity.resources.values()
                if (reason := why_absent(one, environment.absent_services))]
    return (*(_known(one) for one in review.resources), *declared)


def _known(one: ReviewedResource) -> Finding:
    check = f"{one.resource.title}{KNOWN}"
    if one.lacking:
        return Finding(check, Verdict.INCONCLUSIVE, one.lacking.reason, "its use up to now", one.lacking.next_step)
    return finding(check, True, measured=f"{one.shown(one.latest)}; {len(one.days)} whole days of history")


def below_limits(environment: Environment, review: CapacityReview) -> tuple[Finding, ...]:
    """The highest use of the last 24 hours: a limit that is reached is a failure, one that is near a warning."""
    return tuple(_below(environment, review, one) for one in review.resources
                 if one.limit is not None or one.resource.none_expected)


def _span(review: CapacityReview) -> str:
    known = review.window.known
    if known is None or known >= timedelta(days=1):
        return "the last 24 hours"
    minutes = known.total_seconds() / 60
    return f"the {f'{minutes / 60:.0f} hours' if minutes >= 120 else f'{minutes:.0f} minutes'} that Prometheus has"


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
    """How long each limit lasts at the present growth; with too short or too uneven a history that is refused."""
    return tuple(_lasts(environment, review, one) for one in review.resources if one.limit is not None)


def _lasts(environment: Environment, review: CapacityReview, one: ReviewedResource) -> Finding:
    rules, check = environment.capacity, f"{one.resource.title}: lasts"
    expected = f"more than {rules.plan_within_days} days"
    if one.lacking:
        return Finding(check, Verdict.INCONCLUSIVE, "its use is not known", expected, _SEE)
    if one.grown.trend is None:
        return Finding(check, Verdict.INCONCLUSIVE, f"no forecast: {one.grown.refusal}", expected, _LONGER)
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
    first = f"{unknown[0].check.removesuffix(KNOWN)} ({head_of(unknown[0].measured, 120)})" if unknown else ""
    missing = f"; not known: {first}" if unknown else ""
    more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
    return f"{title}: {'; '.join(parts)}{missing}{more}."
