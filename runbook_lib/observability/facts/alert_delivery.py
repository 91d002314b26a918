"""Who is informed of an alert: Alertmanager's receivers and their channels, its routes, silences and inhibitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of, printable
from runbook_lib.core.times import parse_time
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.monitoring import Sample, parse_samples

# what a channel sends to, where its configuration names no address
_UNNAMED = {"slack": "the channel of the webhook", "pagerduty": "the service of the routing key"}
# attempts and failures of a day, a channel: those of the first minutes after a start of Alertmanager count as well
SENT = "sum by (integration) (increase(alertmanager_notification_requests_total[1d]))"
FAILED = "sum by (integration) (increase(alertmanager_notification_requests_failed_total[1d]))"


@dataclass(frozen=True)
class Channel:
    """One way in which a receiver is informed. `tells_end`: a message is sent when the alert is resolved as well."""

    kind: str
    to: str
    tells_end: bool

    def __str__(self) -> str:
        return f"{self.kind} to {self.to}" if self.to else self.kind


@dataclass(frozen=True)
class Receiver:
    """A receiver of Alertmanager; without channels it informs no one."""

    name: str
    channels: tuple[Channel, ...]


@dataclass(frozen=True)
class RoutedAlert:
    """An alert that Alertmanager has. `inhibited_by` are names of alerts, `silenced_by` ids of silences.

    `muted_by` are time intervals in which its route sends nothing; before version 0.28 Alertmanager does not name them.
    """

    name: str
    labels: dict[str, str]
    since: datetime
    receivers: tuple[str, ...]
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()
    muted_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Silence:
    """A silence that is in force, or will be. Times in UTC."""

    id: str
    matchers: str
    by: str
    comment: str
    begins: datetime
    ends: datetime

    @property
    def row(self) -> dict[str, str]:
        """As a row of a table."""
        return {"silenced": self.matchers, "until": f"{self.ends:%Y-%m-%d %H:%M} UTC", "by": self.by,
                "comment": self.comment}


@dataclass(frozen=True)
class AlertDelivery:
    """What Alertmanager does with alerts. `route` and `inhibitions` are of its configuration, and have no secrets."""

    receivers: tuple[Receiver, ...]
    alerts: tuple[RoutedAlert, ...] = ()
    silences: tuple[Silence, ...] = ()
    route: Mapping[str, Any] = field(default_factory=dict)
    inhibitions: tuple[Mapping[str, Any], ...] = ()
    started: datetime | None = None

    def channels_of(self, receivers: tuple[str, ...]) -> tuple[Channel, ...]:
        """Every channel of these receivers."""
        return tuple(channel for one in self.receivers if one.name in receivers for channel in one.channels)


@dataclass(frozen=True)
class ChannelRecord:
    """What a kind of channel did in a day; None where Prometheus does not know."""

    kind: str
    attempts: float | None
    failures: float | None


def alert_delivery(environment: Environment) -> Question[AlertDelivery]:
    """Alertmanager's view. Raises EndpointUnavailable, FactUnreadable.

    Source: Alertmanager's OpenAPI description, v2, status, alerts and silences.
    """

    def fetch(connections: Connections) -> AlertDelivery:
        get = connections.alertmanager.get
        return parse_delivery(get("status"), get("alerts"), get("silences"))

    return Question("alert delivery", fetch)


def silences_in_force(environment: Environment) -> Question[tuple[Silence, ...]]:
    """Silences that are active, or will be; none where nothing sends alerts here. Raises as `alert_delivery`."""

    def fetch(connections: Connections) -> tuple[Silence, ...]:
        return parse_silences(connections.alertmanager.get("silences")) if environment.alerts_service else ()

    return Question("silences", fetch)


def channel_records(environment: Environment) -> Question[tuple[ChannelRecord, ...]]:
    """Attempts and failures of the last 24 hours, a kind of channel. Raises as `alert_delivery`."""

    def fetch(connections: Connections) -> tuple[ChannelRecord, ...]:
        sent, failed = (_by_kind(parse_samples(connections.prometheus.get("query", query=one)))
                        for one in (SENT, FAILED))
        return tuple(ChannelRecord(kind, sent[kind], failed.get(kind)) for kind in sorted(sent))

    return Question("notifications of a day", fetch)


def parse_delivery(status: Any, alerts: Any, silences: Any) -> AlertDelivery:
    """Replies of /api/v2/status, alerts and silences. Raises FactUnreadable."""
    import yaml

    try:
        configuration = yaml.safe_load(status["config"]["original"])
        names = {str(one["fingerprint"]): str(one["labels"]["alertname"]) for one in alerts}
        return AlertDelivery(
            receivers=tuple(_receiver(one) for one in configuration["receivers"]),
            alerts=tuple(sorted((_alert(one, names) for one in alerts), key=lambda one: (one.since, one.name))),
            silences=parse_silences(silences),
            route=dict(configuration["route"]), inhibitions=tuple(configuration.get("inhibit_rules") or ()),
            started=parse_time(status["uptime"]) if status.get("uptime") else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError, yaml.YAMLError) as error:
        raise _unknown_form(error) from error


def parse_silences(silences: Any) -> tuple[Silence, ...]:
    """Those of /api/v2/silences that are in force, or will be. Raises FactUnreadable."""
    try:
        return tuple(_silence(one) for one in silences if one["status"]["state"] in ("active", "pending"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unknown_form(error) from error


def _unknown_form(error: Exception) -> FactUnreadable:
    return FactUnreadable(head_of(f"Alertmanager's reply is of an unknown form: {error!r}", 300),
                          next_step="Open Alertmanager on the server (port 9093) and compare.")


def _receiver(one: dict[str, Any]) -> Receiver:
    channels = (_channel(key.removesuffix("_configs"), configured) for key, listed in one.items()
                if key.endswith("_configs") for configured in listed or ())
    return Receiver(str(one["name"]), tuple(channels))


def _channel(kind: str, configured: dict[str, Any]) -> Channel:
    to = str(configured.get("to") or configured.get("channel") or _UNNAMED.get(kind, ""))
    return Channel(kind, printable(to), bool(configured.get("send_resolved")))


def _alert(one: dict[str, Any], names: dict[str, str]) -> RoutedAlert:
    status = one["status"]
    return RoutedAlert(
        name=str(one["labels"]["alertname"]), labels={str(name): str(value) for name, value in one["labels"].items()},
        since=parse_time(one["startsAt"]), receivers=tuple(str(each["name"]) for each in one["receivers"]),
        silenced_by=tuple(str(each) for each in status["silencedBy"]),
        inhibited_by=tuple(names.get(str(each), "another alert") for each in status["inhibitedBy"]),
        muted_by=tuple(printable(str(each)) for each in status.get("mutedBy") or ()),
    )


def _silence(one: dict[str, Any]) -> Silence:
    signs = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}
    matchers = (f"{each['name']} {signs[bool(each.get('isEqual', True)), bool(each['isRegex'])]} {each['value']!r}"
                for each in one["matchers"])
    return Silence(str(one["id"]), printable(", ".join(matchers)), printable(str(one["createdBy"])),
                   printable(str(one["comment"])), parse_time(one["startsAt"]), parse_time(one["endsAt"]))


def _by_kind(samples: tuple[Sample, ...]) -> dict[str, float | None]:
    return {one.labels.get("integration", "?"): one.value for one in samples}
