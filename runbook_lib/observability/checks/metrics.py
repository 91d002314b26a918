"""Are the plan's metrics there, below their thresholds, and as they were before the last deployment? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.text import head_of
from runbook_lib.environment import Environment
from runbook_lib.environment.metrics import MetricName
from runbook_lib.observability.checks.metrics_review import Change, MetricsReview, ReviewedMetric, amount
from runbook_lib.observability.checks.metrics_sentence import RECORDED, not_known
from runbook_lib.observability.checks.real_alerts import is_real
from runbook_lib.observability.facts.metric_history import BEFORE, WEEK_BEFORE
from runbook_lib.platform.checks.metrics_clock import clocks_agree, still_scraped
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.metric_ranges import Grid, Values

NO_METRICS = "the environment file names no metric"
TOO_FEW = "never enough requests a minute to judge it (alerts.minimum_requests_per_minute)"
STALE_S = 120.0  # a last sample older than that is not "now"; a rule that is evaluated late leaves no gap
FORM, BEYOND = "%Y-%m-%d %H:%M", " it for "  # beyond its threshold so long
_NAMES: tuple[str, ...] = MetricName.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Span:
    """Points `first` to `last` of a grid, both included."""

    first: int
    last: int

    def seconds(self, grid: Grid) -> int:
        """How long it lasted for certain: from its first point to its last."""
        return (self.last - self.first) * grid.step_s


def metrics_are_recorded(environment: Environment, review: MetricsReview) -> tuple[Finding, ...]:
    """Prometheus answers with each metric, without gaps up to the end of the window; and its clock agrees with ours."""
    if reason := environment.no_monitoring_reason:
        return tuple(not_applicable(f"{name}{RECORDED}", reason) for name in _NAMES)
    unnamed = [Finding(f"{name}{RECORDED}", Verdict.INCONCLUSIVE, "the environment file does not name it",
                       f"metrics.{name}", f"Name its PromQL in `metrics.{name}`, or say by `absent_reason` why not.")
               for name in _NAMES if name not in environment.metrics]
    window = review.window
    return (clocks_agree(window.clock_ahead_s, window.unanswered), _history(review),
            still_scraped(window.scrapes, window.grid.end),
            *(_recorded(review, one) for one in review.metrics), *unnamed)


def _history(review: MetricsReview) -> Finding:
    window, check = review.window, "the window is covered"
    begin, expected = window.grid.begin, f"data since {window.grid.begin:{FORM}} UTC"
    if window.data_since is None:
        known = any(isinstance(one.main(), Values) for one in review.metrics)
        return finding(check, None if not known else True, expected=expected,
                       measured="Prometheus does not say since when it has data" if known else "no data at all",
                       next_step="Is it the Prometheus that is meant, and does it scrape? 40 Health shows targets.")
    short = (window.data_since - begin).total_seconds()
    return finding(check, short <= STALE_S, measured=f"Prometheus has data since {window.data_since:{FORM}} UTC",
                   expected=expected, otherwise=Verdict.WARNING,
                   next_step="What lies before is not judged. Choose a shorter window for one that is covered.")


def _recorded(review: MetricsReview, one: ReviewedMetric) -> Finding:
    check, expected = f"{one.metric.title}{RECORDED}", "a sample for each point"
    if one.metric.absent_reason:
        return not_applicable(check, one.metric.absent_reason)
    lines = one.history.windows["now"] if one.history else {}
    values, idle = one.main(), _idle(review, one)
    missing = [line for line in lines.values() if isinstance(line, Unanswered)]
    if all(idle) and not (isinstance(values, Values) and values.known):
        return Finding(check, Verdict.NOT_APPLICABLE, "nothing to measure: no activity in the window")
    if not isinstance(values, Values) or missing:
        lacking = missing[0] if missing else Unanswered(one.name, "it was not asked for")
        return Finding(check, Verdict.INCONCLUSIVE, lacking.reason, expected, lacking.next_step)
    grid, first = review.grid, _first_place(review)
    gaps = _spans(value is None and not quiet and place >= first
                  for place, (value, quiet) in enumerate(zip(values, idle, strict=True)))
    gaps = [gap for gap in gaps if gap.seconds(grid) + grid.step_s > STALE_S]
    total = f"{len(values.known)} of {len(grid)} points"
    if gaps and gaps[-1].last == len(grid) - 1:
        last = max((place for place, value in enumerate(values) if value is not None), default=None)
        words = "no sample" if last is None else f"the last sample is of {grid.at(last):{FORM}} UTC"
        return Finding(check, Verdict.INCONCLUSIVE, f"{words}: {one.metric.queries[one.metric.main]}", expected,
                       "Its target or rule is gone, or the metric was renamed: 40 Health shows the targets.")
    longest = max(gaps, key=lambda gap: gap.last - gap.first, default=None)
    return finding(check, longest is None, expected=expected, otherwise=Verdict.WARNING,
                   measured=total if longest is None else f"{total}; gaps: {len(gaps)}, the longest "
                   f"{_minutes(longest.seconds(grid) + grid.step_s)} from {grid.at(longest.first):{FORM}} UTC",
                   next_step="A gap is where Prometheus, the target or the server did not run: compare with the marks.")


def _first_place(review: MetricsReview) -> int:
    """The first point for which Prometheus can have data."""
    since, grid = review.window.data_since, review.grid
    return 0 if since is None else max(0, int((since - grid.begin).total_seconds()) // grid.step_s + 2)


def _idle(review: MetricsReview, one: ReviewedMetric) -> list[bool]:
    """For each point whether the metric can have no value: what it is computed from did not happen."""
    rate = next((other.main() for other in review.metrics if other.name == "request_rate"), None)
    needed = [rate] if one.metric.needs_requests else []
    needed += [one.history.activity] if one.history and one.history.activity is not None else []
    known = [values for values in needed if isinstance(values, Values)]
    return [any(values[place] == 0 for values in known) for place in range(len(review.grid))]


def metrics_below_thresholds(review: MetricsReview) -> tuple[Finding, ...]:
    """Each metric with a threshold: never beyond it for as long as its alert allows. Shorter is a warning."""
    return tuple(_against_threshold(review, one) for one in review.metrics
                 if one.limit is not None and not one.metric.absent_reason)


def _against_threshold(review: MetricsReview, one: ReviewedMetric) -> Finding:
    unit, grid, values, limit = one.metric.unit, review.grid, one.main(), one.limit or 0.0
    below = one.metric.below is not None
    side = "below" if below else "above"
    check = f"{one.title} is not {side} {amount(limit, unit)}"
    expected = f"never for {_minutes(one.limit_s)} or longer" if one.limit_s else "never"
    if not isinstance(values, Values) or not values.known:
        reason = values.reason if isinstance(values, Unanswered) else "no sample in the window"
        if all(_idle(review, one)):
            return Finding(check, Verdict.NOT_APPLICABLE, "nothing to measure: no activity in the window")
        return Finding(check, Verdict.INCONCLUSIVE, reason, expected, "See its row under “Is the data there?”")
    enough = (True,) * len(values) if one.enough is None else one.enough
    if all(many is None for many in enough):
        reason = "whether there were requests enough is not known"
        return Finding(check, Verdict.INCONCLUSIVE, reason, expected, "The request rate is missing: see its row.")
    beyond, during = _without_drills(review, one, [
        value is not None and (value < limit if below else value > limit) and many
        for value, many in zip(values, enough, strict=True)])
    spans = _spans(one is True for one in beyond)
    if not spans and None in beyond:
        return Finding(check, Verdict.INCONCLUSIVE, f"{side} it where it is not known whether there were requests "
                       "enough", expected, "The request rate has gaps there: see its row.")
    if not any(enough):
        return Finding(check, Verdict.NOT_APPLICABLE, TOO_FEW)
    extreme = (min if below else max)(values.known)
    if not spans:
        words = f"{'lowest' if below else 'highest'}: {amount(extreme, unit)}{during}"
        return finding(check, True, measured=words, expected=expected)
    longest = max(spans, key=lambda span: span.last - span.first)
    return Finding(
        check, Verdict.FAILED if longest.seconds(grid) >= one.limit_s else Verdict.WARNING,
        f"{side}{BEYOND}{_minutes(beyond.count(True) * grid.step_s)} in all, the longest "
        f"{_minutes(longest.seconds(grid) or grid.step_s)} from {grid.at(longest.first):{FORM}} UTC; "
        f"{'lowest' if below else 'highest'}: {amount(extreme, unit)}",
        expected, "Compare with the changes and marks below; then 21 Verify for the release, 40 Health for services.")


def _without_drills(review: MetricsReview, metric: ReviewedMetric,
                    beyond: list[bool | None]) -> tuple[list[bool | None], str]:
    """The same without what alert drills did on purpose; and words for that, where they did."""
    kept = [one and (is_real(at, metric.real) or not any(drill.covers(at) for drill in review.window.drills))
            for at, one in zip(review.grid, beyond, strict=True)]
    return kept, "; beyond it only while an alert drill provoked its alert" if kept != beyond else ""


def windows_compare(review: MetricsReview) -> tuple[Finding, ...]:
    """Whether there is something to compare with: the window before, and the same time a week earlier."""
    return tuple(_compared(review, window) for window in (BEFORE, WEEK_BEFORE))


def _compared(review: MetricsReview, window: str) -> Finding:
    check, reason = f"compared with {window}", review.window.impossible(window)
    asked = [one for one in review.metrics if one.history]
    found = [one for one in asked if isinstance(values := one.main(window), Values) and values.known]
    if found:
        return finding(check, True, measured=f"{len(found)} of {len(asked)} metrics have data then")
    if not reason and not review.window.unanswered and review.window.data_since is None:
        reason = "Prometheus has no data of that time, and does not say since when it has any"
    if reason:
        return Finding(check, Verdict.NOT_APPLICABLE, reason)
    if not review.metrics:
        return Finding(check, Verdict.NOT_APPLICABLE, NO_METRICS)
    missing = next((values for one in asked if isinstance(values := one.main(window), Unanswered)), None)
    return Finding(check, Verdict.INCONCLUSIVE, missing.reason if missing else "no metric was asked for", "data then",
                   missing.next_step if missing else "Name the metrics in the environment file.")


def changes_found(review: MetricsReview) -> tuple[Finding, ...]:
    """Changes for the worse, each a warning; and whether one of them came after the last deployment."""
    worse = [one for one in review.changes if one.worse]
    other = len(review.changes) - len(worse)
    if not review.metrics:
        return (Finding("no change for the worse", Verdict.NOT_APPLICABLE, NO_METRICS),)
    known = any(isinstance(one.main(), Values) for one in review.metrics)
    none = finding("no change for the worse", known or None, expected="each stays at its level",
                   measured=f"other changes: {other}" if known else "no metric is known",
                   next_step="See the rows under “Is the data there?”")
    named = tuple(Finding(f"{one.title} changed at {one.shift.at:%d %b %H:%M}", Verdict.WARNING, one.words,
                          "each stays at its level",
                          "Did it come with a release? 22 Rollback. Else 40 Health, and the log.")
                  for one in worse)
    return (*(named or (none,)), _after_deployment(review, worse, known=known))


def _after_deployment(review: MetricsReview, worse: Sequence[Change], *, known: bool) -> Finding:
    check, last = "no change for the worse after the last deployment", review.last_deployment
    lacking = next((one for one in review.missing if one.question == "deployed state"), None)
    if lacking:
        return Finding(check, Verdict.INCONCLUSIVE, lacking.reason, "none", lacking.next_step)
    if last is None:
        return Finding(check, Verdict.NOT_APPLICABLE, "no deployment in the window")
    after = [one for one in worse if one.shift.at >= last.at]
    return finding(check, not after if known else None, otherwise=Verdict.WARNING, expected="none",
                   measured=head_of("; ".join(one.words for one in after), 300) or last.name,
                   next_step="Run 21 Verify for the live release; where users are affected, 22 Rollback.")


def metrics_answer(environment: Environment, review: MetricsReview, *groups: Iterable[Finding]) -> str:
    """The one sentence that the report opens with: thresholds, what changed and when, and what is not known."""
    grid, findings = review.grid, [one for group in groups for one in group]
    span = f"{grid.begin:{FORM}} to {grid.end:%H:%M} UTC" if grid.begin.date() == grid.end.date() else (
        f"{grid.begin:{FORM}} to {grid.end:{FORM}} UTC")
    failed = [one for one in findings if one.verdict is Verdict.FAILED]
    unknown = [one for one in findings if one.verdict is Verdict.INCONCLUSIVE]
    if review.window.unanswered:
        return f"It is not known how {environment.title_within} was ({span}): {review.window.unanswered.reason}."
    cut = [(one.check.replace(" is not ", " was "), one, one.measured.partition(BEYOND)[2]) for one in failed[:2]]
    parts = [f"{what} for {long}" if long else f"{what}: {one.measured}" for what, one, long in cut]
    parts += [one.words for one in review.changes[:2]]
    more = len(failed[2:]) + len(review.changes[2:])
    text = "; ".join(parts) + (f"; and {more} more" if more else "")
    if not parts:
        judged = sum(isinstance(line := one.main(), Values) and bool(line.known) for one in review.metrics)
        text = "no metric is known" if not judged else (
            f"{judged} of {len(review.metrics)} metrics are known; none of them changed its level, and none was beyond "
            "its threshold for long")
    return f"{environment.title}, {span}: {text}{not_known(unknown)}."


def _spans(flags: Iterable[bool]) -> list[Span]:
    """Each unbroken run of true."""
    spans, place = [], 0
    for flag, group in groupby(flags):
        count = len(list(group))
        if flag:
            spans.append(Span(place, place + count - 1))
        place += count
    return spans


def _minutes(seconds: float) -> str:
    if seconds >= 7200:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
