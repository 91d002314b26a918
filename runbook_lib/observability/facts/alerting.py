"""What is firing since when, and who was informed: Prometheus and Alertmanager, asked at once, and joined."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.times import from_timestamp
from runbook_lib.environment import Environment
from runbook_lib.observability.facts.alert_delivery import (
    AlertDelivery,
    ChannelRecord,
    RoutedAlert,
    alert_delivery,
    channel_records,
)
from runbook_lib.observability.facts.alert_rules import AlertRules, alert_rules
from runbook_lib.platform.facts.availability import DeclaredAbsent, Unanswered, fetch_concurrently, with_deadline
from runbook_lib.platform.facts.monitoring import Alert, active_alerts, instant_query

DEADLINE_S = 20.0  # of each part: one that hangs keeps no other from being shown


@dataclass(frozen=True)
class Alerting:
    """The whole path of alerts at a time, by Prometheus' clock in UTC. A part that did not answer is Unanswered."""

    at: datetime
    rules: AlertRules | Unanswered
    alerts: tuple[Alert, ...] | Unanswered
    delivery: AlertDelivery | Unanswered
    records: tuple[ChannelRecord, ...] | Unanswered

    @property
    def firing(self) -> tuple[Alert, ...]:
        """What fires; nothing where Prometheus did not answer."""
        return () if isinstance(self.alerts, Unanswered) else tuple(one for one in self.alerts if one.state == "firing")

    def routed(self, alert: Alert) -> RoutedAlert | None:
        """The same alert in Alertmanager; None where it has none. Prometheus adds labels on the way there."""
        if isinstance(self.delivery, Unanswered):
            return None
        return next((one for one in self.delivery.alerts if alert.labels.items() <= one.labels.items()), None)

    @property
    def rows(self) -> tuple[dict[str, str], ...]:
        """One row an alert that is pending or fires: since when, and who was informed or why no one was."""
        alerts = () if isinstance(self.alerts, Unanswered) else self.alerts
        return tuple({
            "alert": one.name, "of": ", ".join(_own_labels(one)), "state": one.state, "since": _when(one.since),
            "who is informed": self.informed(one), "open": one.runbook,
        } for one in alerts)

    def informed(self, alert: Alert) -> str:
        """Who is informed of an alert, in words, or why no one is."""
        if alert.state != "firing":
            return "no one yet: it does not fire"
        if isinstance(self.delivery, Unanswered):
            return f"not known: {self.delivery.reason}"
        routed = self.routed(alert)
        if routed is None:
            return "no one: Alertmanager does not have it"
        if routed.silenced_by:
            known = {one.id: f"until {_when(one.ends)} by {one.by}" for one in self.delivery.silences}
            ended = "by a silence that just ended"
            return f"no one: silenced {'; '.join(known.get(one, ended) for one in routed.silenced_by)}"
        if routed.inhibited_by:
            return f"no one: it follows from {', '.join(dict.fromkeys(routed.inhibited_by))}"
        if routed.muted_by:
            return f"no one: its route is silent in the time interval {', '.join(routed.muted_by)}, which is now"
        return ", ".join(map(str, self.delivery.channels_of(routed.receivers))) or (
            f"no one: {', '.join(routed.receivers)} has no channel")

    @property
    def receiver_rows(self) -> tuple[dict[str, str], ...]:
        """One row a channel of a receiver, with what it did in a day."""
        if isinstance(self.delivery, Unanswered):
            return ()
        records = {} if isinstance(self.records, Unanswered) else {one.kind: one for one in self.records}
        return tuple({
            "receiver": receiver.name, "channel": str(channel), "sends the end": "yes" if channel.tells_end else "no",
            "sent in 24 h, its kind": _count(records.get(channel.kind), failed=False),
            "of these failed": _count(records.get(channel.kind), failed=True),
        } for receiver in self.delivery.receivers for channel in receiver.channels)

    @property
    def silence_rows(self) -> tuple[dict[str, str], ...]:
        """One row a silence in force."""
        return () if isinstance(self.delivery, Unanswered) else tuple(one.row for one in self.delivery.silences)


def survey(environment: Environment) -> Question[Alerting]:
    """Rules, alerts, delivery and what the channels did, at once, each with a deadline; it waits for the slowest."""
    asked: tuple[Question[Any], ...] = (
        alert_rules(environment), active_alerts(environment), alert_delivery(environment),
        channel_records(environment), instant_query(environment, "time()", name="Prometheus' clock"))
    parts = tuple(with_deadline(one, DEADLINE_S) for one in asked)

    def fetch(connections: Connections) -> Alerting:
        if reason := environment.no_monitoring_reason:
            absent = DeclaredAbsent("alerting", reason)
            return Alerting(datetime.now(UTC), absent, absent, absent, absent)
        rules, alerts, delivery, records, read = fetch_concurrently(parts, connections)
        value = None if isinstance(read, Unanswered) or not read else read[0].value
        # ours where it does not answer: then nothing of it is judged by its age either
        at = datetime.now(UTC) if value is None else from_timestamp(value)
        return Alerting(at, rules, alerts, delivery, records)

    return Question("alerting", fetch)


def _own_labels(alert: Alert) -> list[str]:
    shown_elsewhere = ("alertname", "severity", "environment")
    return [value for name, value in alert.labels.items() if name not in shown_elsewhere and value]


def _when(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "not known"


def _count(record: ChannelRecord | None, *, failed: bool) -> str:
    value = None if record is None else record.failures if failed else record.attempts
    return "not known" if value is None else f"{value:.0f}"
