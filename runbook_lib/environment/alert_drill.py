"""Whether alerts of an environment may be provoked: which conditions of its alerts, by which means, and how far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from runbook_lib.environment.rules import Alerts
from runbook_lib.environment.services import Service
from runbook_lib.environment.types import AbsolutePath, ComposeName, Hours, Memory, Name, Port, StrictModel, UrlPath

# bounded more tightly than elsewhere: for so long something is wrong on purpose
HoldSeconds = Annotated[int, Field(ge=10, le=600)]
Gigabytes = Annotated[int, Field(ge=1, le=10_000)]
Megabytes = Annotated[int, Field(ge=64, le=1_000_000)]
AlertName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]
# words of one argument: no spaces, no quotes
Value = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:/,-]*$")]
By = Literal["silent_instance", "failing_instance", "slow_instance", "cpu", "memory", "disk"]
BY_INSTANCE: frozenset[By] = frozenset(("silent_instance", "failing_instance", "slow_instance"))


class DrillInstance(StrictModel):
    """One more instance of a service's live image, that Prometheus finds by `alias` and the proxy does not know.

    It is in `network` alone: what needs another one, as `errors` does, is answered with 5xx, while `answers` is
    answered as always. `requests` are sent at a time, and 25 good ones for each afterwards, so that the alert ends.
    `variables` replace some of the live container's. Nothing but Prometheus may resolve `alias`: users would be sent
    to the instance.
    """

    service: ComposeName
    network: ComposeName
    alias: Name
    port: Port
    errors: UrlPath
    answers: UrlPath
    memory: Memory = "512MB"
    requests: Annotated[int, Field(ge=20, le=500)] = 30
    slow_s: Annotated[int, Field(ge=1, le=20)] = 5
    variables: dict[Variable, Value] = Field(default_factory=dict)


class Provocation(StrictModel):
    """How one condition is made true. `memory` and `disk` are filled to just above the threshold.

    `at_most_mb` and `at_most_gb` are what may be taken for it, `leave_mb` and `leave_gb` what has to be left to the
    others; where that is not enough, the condition is not provoked. `directory` is on the file system that is filled.
    """

    by: By
    at_most_mb: Megabytes | None = None
    leave_mb: Megabytes | None = None
    at_most_gb: Gigabytes | None = None
    leave_gb: Gigabytes | None = None
    directory: AbsolutePath | None = None

    @model_validator(mode="after")
    def _has_its_limits(self) -> Provocation:
        limits = {"memory": {"at_most_mb", "leave_mb"}, "disk": {"at_most_gb", "leave_gb", "directory"}}
        needed = limits.get(self.by, set())
        given = {name for name in ("at_most_mb", "leave_mb", "at_most_gb", "leave_gb", "directory")
                 if getattr(self, name) is not None}
        if missing := sorted(needed - given):
            raise ValueError(f"{missing[0]}: is missing; {self.by} is filled within limits alone")
        if odd := sorted(given - needed):
            raise ValueError(f"{odd[0]}: means nothing to {self.by}")
        return self


class AlertDrill(StrictModel):
    """What a drill of alerts may do here. Without it nothing is ever provoked.

    A rule fires after `for_s` instead of its own duration. No provocation lasts longer than `hold_s`; a channel has
    `settle_s` to take its messages, an alert `over_s` to end; the whole ends, undone, after `limit_s` at the latest.
    Where `windows` names some of the environment's, a drill is refused outside them.
    """

    maximum_age_h: Hours
    windows: tuple[Name, ...] = ()
    for_s: Annotated[int, Field(ge=1, le=60)] = 5
    hold_s: HoldSeconds = 120
    settle_s: HoldSeconds = 30
    over_s: HoldSeconds = 120
    limit_s: Annotated[int, Field(ge=30, le=1800)] = 480
    instance: DrillInstance | None = None
    conditions: Annotated[dict[AlertName, Provocation], Field(min_length=1)]


def drill_faults(drill: AlertDrill | None, alerts: Alerts, services: Mapping[str, Service],
                 networks: Mapping[str, object], windows: Mapping[str, object]) -> list[str]:
    """What the drill and the rest of the file do not agree on, each with its path."""
    if drill is None:
        return []
    faults = [f"alert_drill.conditions.{name}: there is no condition {name!r} in alerts.conditions"
              for name in drill.conditions if name not in alerts.conditions]
    for name, one in drill.conditions.items():
        condition = alerts.conditions.get(name)
        if one.by in BY_INSTANCE and drill.instance is None:
            faults.append(f"alert_drill.conditions.{name}.by: {one.by} needs alert_drill.instance")
        if one.by in ("memory", "disk") and condition and (condition.unit != "percent" or condition.above is None):
            faults.append(f"alert_drill.conditions.{name}.by: {one.by} is filled to a percentage; {name} has none")
    faults += [f"alert_drill.windows: there is no window {name!r} in windows" for name in drill.windows
               if name not in windows]
    instance = drill.instance
    if instance and instance.service not in services:
        faults.append(f"alert_drill.instance.service: there is no service {instance.service!r}")
    if instance and instance.network not in networks:
        faults.append(f"alert_drill.instance.network: there is no network {instance.network!r}")
    return faults


