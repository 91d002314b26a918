"""What a load test found, as the generator's result or an archived run has it: values, strict about their form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.histogram import Histogram, histogram_of

ENDED_BY_BUDGET, ENDED_BY_STOP, ENDED_AT_LIMIT, KNEE = "error budget", "stopped", "limit", "knee: "


@dataclass(frozen=True)
class LoadCounts:
    """Requests of a stage or of one of its steps. `limited` were refused by the rate limit, `unsent` never left."""

    requests: int
    replies: int
    errors: int
    limited: int
    unsent: int
    times: Histogram

    @property
    def error_rate_percent(self) -> float | None:
        """Errors per request that was not rate-limited, in percent; None without such a request."""
        judged = self.requests - self.limited
        return 100 * self.errors / judged if judged > 0 else None

    def percentile_ms(self, percent: float) -> float | None:
        """A percentile of the response time in milliseconds, within 2 %; None of nothing."""
        seconds = self.times.percentile(percent)
        return None if seconds is None else seconds * 1000


@dataclass(frozen=True)
class LoadStage:
    """One stage. `load` is users a second or users at once; `late_p95_s`: how late the generator itself was."""

    load: float
    begins_s: float
    seconds: float
    visits: int
    works: int
    late_p95_s: float | None
    counts: LoadCounts
    steps: Mapping[str, LoadCounts]
    reasons: Mapping[str, int]

    @property
    def requests_per_s(self) -> float:
        """Requests that were answered, each second."""
        return self.counts.replies / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True)
class SecondCounts:
    """One second of the load; percentiles in seconds, None without a request."""

    second: int
    requests: int
    errors: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None


@dataclass(frozen=True)
class LoadResult:
    """The whole. `ended` is why no more was sent; `left` are the accounts that could not be removed, the first 20.

    `monotonic_s` is its begin by this machine's clock that no one sets; None of results that did not keep it.
    """

    ended: str
    began_at: float
    duration_s: float
    stages: tuple[LoadStage, ...]
    seconds: tuple[SecondCounts, ...]
    left: tuple[str, ...]
    left_count: int
    monotonic_s: float | None = None

    @property
    def begin_s(self) -> float:
        """Its begin by the clock of the containers' samples."""
        return self.began_at if self.monotonic_s is None else self.monotonic_s

    @property
    def judged(self) -> LoadStage | None:
        """The first stage: the load at which the criteria are judged."""
        return self.stages[0] if self.stages else None


    def stage_rows(self, unit: str) -> tuple[dict[str, str], ...]:
        """One row a stage, for a table."""
        return tuple({
            f"load ({unit})": f"{one.load:g}", "replies/s": f"{one.requests_per_s:.1f}",
            "requests": f"{one.counts.requests:,}", **_percentiles(one.counts), "errors": f"{one.counts.errors:,}",
            "rate-limited": f"{one.counts.limited:,}",
            "most frequent error": max(one.reasons, key=lambda why: one.reasons[why], default=""),
        } for one in self.stages)

    def step_rows(self) -> tuple[dict[str, str], ...]:
        """One row a request of the flow, at the load that is judged."""
        steps = self.judged.steps if self.judged else {}
        return tuple({"request": name, "requests": f"{one.requests:,}", "errors": f"{one.errors:,}",
                      **_percentiles(one)} for name, one in steps.items())


def milliseconds(value: float | None) -> str:
    """A time for a table; a dash where it is not known."""
    return "–" if value is None else f"{value:.0f}"


def load_result_of(data: Mapping[str, Any]) -> LoadResult:
    """The value of a generator's result. Raises FactUnreadable for any other form."""
    try:
        return LoadResult(
            ended=str(data["ended"]), began_at=float(data["began_at"]), duration_s=float(data["duration_s"]),
            stages=tuple(_stage(one) for one in data["stages"]),
            seconds=tuple(SecondCounts(**{name: one[name] for name in SecondCounts.__dataclass_fields__})
                          for one in data["seconds"]),
            left=tuple(str(name) for name in data["left"]), left_count=int(data["left_count"]),
            monotonic_s=float(data["monotonic_s"]) if "monotonic_s" in data else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FactUnreadable(f"That is not the result of a load test ({type(error).__name__}).",
                             next_step="Run the load test again.") from error


def _stage(data: Mapping[str, Any]) -> LoadStage:
    late = data["late_p95_s"]
    return LoadStage(
        load=float(data["load"]), begins_s=float(data["begins_s"]), seconds=float(data["seconds"]),
        visits=int(data["visits"]), works=int(data["works"]), late_p95_s=None if late is None else float(late),
        counts=_counts(data["counts"]),
        steps={str(name): _counts(one) for name, one in data["steps"].items()},
        reasons={str(why): int(count) for why, count in data["reasons"].items()},
    )


def _percentiles(counts: LoadCounts) -> dict[str, str]:
    return {f"p{share} (ms)": milliseconds(counts.percentile_ms(share)) for share in (50, 95, 99)}


def _counts(data: Mapping[str, Any]) -> LoadCounts:
    requests, replies, errors, limited, unsent = (
        int(data[name]) for name in ("requests", "replies", "errors", "limited", "unsent"))
    return LoadCounts(requests, replies, errors, limited, unsent, histogram_of(data["times"]))
