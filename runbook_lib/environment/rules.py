"""What counts as good, when to act, and who acts: backup, watch, triggers, alerts, windows, checklists."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from runbook_lib.environment.notifications import MailAddress
from runbook_lib.environment.requests import HostPath
from runbook_lib.environment.types import (
    AbsolutePath,
    ClockTime,
    Count,
    Days,
    Hours,
    Interval,
    Name,
    Percent,
    Seconds,
    SecretName,
    StrictModel,
    Text,
)


class Backup(StrictModel):
    """The nightly SQL dump. The newest `keep_newest` verified dumps stay, however old they are. Without a database
    there is none, and all of it may be left out.

    `file_name`, `format`, `frequency`, `configuration` and `files` are a plan's words, for people.
    """

    directory: AbsolutePath
    file_name: Text | None = None
    format: Text | None = None
    frequency: Text | None = None
    daily_at: ClockTime = "02:00"
    keep_days: Days = 30
    # age alone has deleted the last good backup elsewhere: clocks jump, and schedules stop
    keep_newest: Count = 7
    maximum_age_h: Hours = 26
    configuration: tuple[Text, ...] = ()
    files: tuple[Text, ...] = ()


class Watch(StrictModel):
    """How long and how often a deployment is probed after the gate."""

    duration_s: Seconds = 600.0
    interval_s: Interval = 15.0


class Rollback(StrictModel):
    """The automatic triggers; an error rate counts only once `minimum_requests` were seen.

    After a switch the release is probed every `interval_s` for `watch_s`; `failure_threshold` failed probes in a row
    fail the health check. When it is quiet, `synthetic_per_s` requests are sent. `triggers` are a plan's words for
    the three, shown in the plan of a deployment.
    """

    triggers: tuple[Text, ...] = ("Health check failures", "Error rate above the limit", "Critical service unavailable")
    api_error_rate_percent: Percent = 10.0
    # at three requests a minute one error is a third: a rate needs a number below it
    minimum_requests: Count = 50
    failure_threshold: Count = 3
    watch_s: Seconds = 300.0
    interval_s: Interval = 5.0
    synthetic_per_s: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = 0.0


Criterion = Literal["services", "response_time", "error_rate", "endpoints", "migrations", "assets", "logs",
                    "monitoring"]


# for a file that has no words of its own: a table without a row would look like a release without a fault
_CRITERIA: dict[Criterion, str] = {
    "services": "All services healthy", "response_time": "Response time below the limit (p95)",
    "error_rate": "Error rate below the limit", "endpoints": "All endpoints responding",
    "migrations": "Database migrations applied", "assets": "Page and its files as they were built",
    "logs": "No critical errors in logs", "monitoring": "Monitoring shows green"}


class Success(StrictModel):
    """When a deployment is considered successful, in the plan's words and as figures.

    `criteria` gives each measurement of 21 Verify the plan's words for it, in the order of its table; without it, all
    are shown in words of the runbooks.
    """

    criteria: Annotated[dict[Criterion, Text], Field(min_length=1)] = Field(default_factory=lambda: dict(_CRITERIA))
    p95_ms: Annotated[int, Field(ge=1, le=600_000)] = 500
    error_rate_percent: Percent = 1.0


class Load(StrictModel):
    """The bounded synthetic load that the verification generates: GET requests, `paths` in turn.

    Without paths, the health endpoints that users may ask, or `/`.
    """

    # bounded here too, so that no file can turn a verification into an attack
    requests: Annotated[int, Field(ge=1, le=100_000)] = 60
    rate_per_s: Annotated[float, Field(gt=0, le=500, allow_inf_nan=False)] = 1.0
    paths: Annotated[tuple[HostPath, ...], Field(max_length=40)] = ()


class AlertCondition(StrictModel):
    """One alert of the plan: its words, and the figure and duration of the Prometheus rule of the same name."""

    condition: Text
    above: Annotated[float, Field(ge=0, le=1_000_000_000, allow_inf_nan=False)] | None = None
    unit: Literal["seconds", "percent"] | None = None
    for_s: Annotated[int, Field(ge=0, le=604_800)]


class AlertChannel(StrictModel):
    """Where alerts go, and messages of runs. An optional channel is off until its secret is put on the server."""

    title: Text
    optional: bool
    to: tuple[MailAddress, ...] = ()
    secret: SecretName | None = None


class Alerts(StrictModel):
    """When to call an engineer, and how. A ratio of requests counts from `minimum_requests_per_minute` on."""

    minimum_requests_per_minute: Count = 20
    conditions: dict[Text, AlertCondition] = Field(default_factory=dict)
    channels: dict[Text, AlertChannel] = Field(default_factory=dict)


class Logging(StrictModel):
    """Levels, files and rotation."""

    levels: dict[Literal["ERROR", "WARNING", "INFO", "DEBUG"], Text]
    level: Literal["ERROR", "WARNING", "INFO"]
    files: dict[Text, tuple[Text, ...]]
    rotation: Literal["daily"]
    keep_days: Days
    compress: bool


class Tls(StrictModel):
    """The oldest protocol that users may be offered. The rest are a plan's words: how certificates come and renew."""

    issuer: Text | None = None
    renewal: Text | None = None
    https_enforced: bool = True
    minimum_version: Literal["TLSv1.2", "TLSv1.3"] = "TLSv1.2"
    certificate: AbsolutePath | None = None
    private_key: AbsolutePath | None = None
    nginx: dict[Text, Text] = Field(default_factory=dict)


class Access(StrictModel):
    """Who may reach what."""

    ssh: tuple[Text, ...]
    database: tuple[Text, ...]
    api: tuple[Text, ...]
    secret_storage: tuple[Text, ...]


class Window(StrictModel):
    """A maintenance window, in UTC. `week_of_month` 1 means the first such weekday of the month."""

    schedule: Text
    weekday: Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    week_of_month: Annotated[int, Field(ge=1, le=5)] | None = None
    begins: ClockTime
    ends: ClockTime

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Window:
        if self.ends <= self.begins:
            raise ValueError(f"ends at {self.ends}, which is not after it begins at {self.begins}")
        return self


class Maintenance(StrictModel):
    """What is done inside the windows."""

    activities: tuple[Text, ...]


class Checklists(StrictModel):
    """The plan's deployment checklists, word for word.

    10 Preflight measures the items of `pre_deployment` with the keys `environment_variables`, `secrets`, `backup` and
    `rollback_plan`; a person attests the others.
    """

    pre_deployment: dict[Name, Text] = Field(default_factory=dict)
    deployment: tuple[Text, ...] = ()
    post_deployment: tuple[Text, ...] = ()


class Pipeline(StrictModel):
    """The stages of the automated deployment and what each does."""

    workflow: Text
    branch: Text
    stages: dict[Text, tuple[Text, ...]]
