"""The metrics that the plan monitors, each as PromQL, with its threshold and with the change that is worth naming."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from runbook_lib.environment.rules import Alerts
from runbook_lib.environment.types import StrictModel, Text

MetricName = Literal["request_rate", "response_time", "error_rate", "cpu_usage", "memory_usage", "connection_pool",
                     "cache_hits", "active_users"]
Amount = Annotated[float, Field(gt=0, le=1e15, allow_inf_nan=False)]
Limit = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]


class Metric(StrictModel):
    """One metric of the plan. `queries` has for each line of its chart a PromQL that gives one series, in `unit`.

    `judged` names the line that threshold, comparison and changes are about: the first one, where it is left out. The
    threshold is that of `alert`, a name of `alerts.conditions`, or `above` or `below` for at least `for_s` seconds.
    `worse` is the direction in which a change is bad news; a change smaller than `minimum_change`, in `unit`, is never
    named. `needs_requests`: without requests it has no value, and with few of them its value proves nothing. `activity`
    is a PromQL of something else that it needs: where that is zero, a missing value is not a gap. Where the application
    has no such metric, `absent_reason` is why, and nothing is asked.
    """

    title: Text
    unit: Text = ""
    queries: dict[Text, Text] = Field(default_factory=dict)
    judged: Text | None = None
    alert: Text | None = None
    above: Limit | None = None
    below: Limit | None = None
    for_s: Annotated[int, Field(ge=0, le=604_800)] = 0
    worse: Literal["higher", "lower"] | None = None
    minimum_change: Amount | None = None
    needs_requests: bool = False
    activity: Text | None = None
    absent_reason: Text | None = None

    @model_validator(mode="after")
    def _can_be_asked_and_judged(self) -> Metric:
        # with a reason the queries may stay: a file that extends another cannot take a mapping away
        if not self.queries and not self.absent_reason:
            raise ValueError("queries: is missing; name its PromQL, or say by absent_reason why there is none")
        if self.queries and self.minimum_change is None:
            raise ValueError("minimum_change: is missing; how large a change, in its unit, is worth naming?")
        if self.judged is not None and self.judged not in self.queries:
            raise ValueError(f"judged: {self.judged!r} is not among the queries")
        if sum(one is not None for one in (self.alert, self.above, self.below)) > 1:
            raise ValueError("alert, above and below: at most one of them is its threshold")
        if self.for_s and self.above is None and self.below is None:
            raise ValueError("for_s: belongs to above or below; an alert has its own duration")
        return self

    @property
    def main(self) -> str:
        """The line that is judged; empty where there is none."""
        return self.judged or next(iter(self.queries), "")


def metric_faults(metrics: Mapping[MetricName, Metric], alerts: Alerts) -> list[str]:
    """What the metrics and the rest of the file do not agree on."""
    faults = []
    for name, metric in metrics.items():
        if metric.alert is not None:
            condition = alerts.conditions.get(metric.alert)
            if condition is None:
                faults.append(f"metrics.{name}.alert: there is no condition {metric.alert!r} in alerts.conditions")
            elif condition.above is None:
                faults.append(f"metrics.{name}.alert: {metric.alert} has no figure to compare with")
        rate = metrics.get("request_rate")
        if metric.needs_requests and (rate is None or rate.absent_reason or name == "request_rate"):
            faults.append(f"metrics.{name}.needs_requests: needs metrics.request_rate, which is not asked for")
    return faults
