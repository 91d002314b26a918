"""What a review keeps for the next one, and how the next one compares itself with it. Pure."""

from __future__ import annotations

import json
from typing import Any

from runbook_lib.capacity.checks.capacity_review import DAY_S, CapacityReview, amount
from runbook_lib.capacity.facts.usage_now import UsageNow
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.past_runs import PastRun

FORMAT = 1
EVIDENCE = "capacity.json"  # among the evidence of each run


def review_record(review: CapacityReview) -> str:
    """The figures of this review as JSON: what the next one compares itself with."""
    figures = {one.resource.title: {"use": one.latest, "unit": one.resource.unit,
                                    "per_day": trend.slope if (trend := one.grown.trend) and trend.is_certain else None}
               for one in review.resources if one.latest is not None}
    if isinstance(review.usage, UsageNow):
        figures |= {f"Memory of {one.service}": {"use": one.memory_bytes, "unit": "bytes", "per_day": None}
                    for one in review.usage.containers}
        figures |= {one.path: {"use": one.size_bytes, "unit": "bytes", "per_day": None} for one in review.usage.folders}
        figures |= {f"Docker: {kind}": {"use": size, "unit": "bytes", "per_day": None}
                    for kind, size in review.usage.images.items()}
    known = {name: figure for name, figure in figures.items() if figure["use"] is not None}
    return json.dumps({"format": FORMAT, "at": review.now.isoformat(), "figures": known}, indent=1) + "\n"


def compared_rows(review: CapacityReview, last: PastRun | None) -> list[dict[str, str]] | str:
    """Each figure then and now, its change a day, and what the last review's growth made expect of today."""
    figures = _figures(last)
    if not figures or last is None:
        return "There is no earlier review to compare with."
    days = max((review.now - last.at).total_seconds() / DAY_S, 0.0)
    rows = []
    for name, figure in _figures_of(review_record(review)).items():
        then = figures.get(name)
        if then is None or then["unit"] != figure["unit"]:
            continue
        unit, change = str(figure["unit"]), figure["use"] - then["use"]
        expected = None if then["per_day"] is None else then["use"] + then["per_day"] * days
        rows.append({"what": name, f"{last.at:%Y-%m-%d %H:%M} UTC": amount(then["use"], unit),
                     "now": amount(figure["use"], unit),
                     "change": f"{'+' if change > 0 else ''}{amount(change, unit)}",
                     # of reviews on the same day the rate would be noise a hundredfold
                     "a day": f"{'+' if change > 0 else ''}{amount(change / days, unit)}" if days >= 1 else "–",
                     "expected then": amount(expected, unit)})
    return rows or "The last review knew none of today's figures."


def compared_with_last(review: CapacityReview, last: PastRun | None) -> Finding:
    """Whether there is an earlier review on this environment, and when it was."""
    check = "compared with the last review"
    if last is None:
        return Finding(check, Verdict.NOT_APPLICABLE, "this is the first review of this environment in this archive")
    if not _figures(last):
        return Finding(check, Verdict.INCONCLUSIVE, f"the figures of {last.run_id} cannot be read",
                       f"{EVIDENCE} of that run", "Check the archive: `runbook archive verify`.")
    rows = compared_rows(review, last)
    return Finding(check, Verdict.PASSED if isinstance(rows, list) else Verdict.INCONCLUSIVE,
                   f"{last.run_id}, {max(0.0, (review.now - last.at).total_seconds() / DAY_S):.0f} days ago: "
                   f"{len(rows) if isinstance(rows, list) else 0} figures")


def _figures(last: PastRun | None) -> dict[str, Any]:
    return _figures_of(last.evidence) if last else {}


def _figures_of(text: str) -> dict[str, Any]:
    """The figures in a record; none where it is of another form, or was changed by hand."""
    try:
        record = read_json(text)
        return {str(name): {"use": float(one["use"]), "unit": str(one["unit"]),
                            "per_day": None if one["per_day"] is None else float(one["per_day"])}
                for name, one in record["figures"].items()} if record["format"] == FORMAT else {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
