"""The alerts that Prometheus can raise: their rules as they are in force, and the files that they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of
from runbook_lib.environment import Environment

DRILL_LABEL = "drill"  # its value is the run id: on rules, alerts and messages of a drill, and on no others


@dataclass(frozen=True)
class AlertRule:
    """One alerting rule in force. `state` is inactive, pending or firing; `error` is why its expression failed."""

    name: str
    expression: str
    for_s: float
    state: str
    labels: dict[str, str]
    annotations: dict[str, str]
    error: str = ""

    @property
    def is_drill(self) -> bool:
        """Whether a drill has loaded it."""
        return DRILL_LABEL in self.labels

    def compares_with(self, above: float | None) -> str:
        """What a rule of the form `measure > above` compares with that threshold; empty for every other form."""
        measure, _, threshold = self.expression.rpartition(">")
        try:
            return measure.strip() if above is not None and float(threshold) == above else ""
        except ValueError:
            return ""


@dataclass(frozen=True)
class AlertRules:
    """All alerting rules, and the patterns of the files that Prometheus reads rules from, inside its container."""

    rules: tuple[AlertRule, ...]
    files: tuple[str, ...] = ()

    def of(self, name: str) -> AlertRule | None:
        """The rule of an alert, not a drill's copy of it; None where there is none."""
        return next((one for one in self.rules if one.name == name and not one.is_drill), None)


def alert_rules(environment: Environment) -> Question[AlertRules]:
    """The rules as Prometheus has loaded them. Raises EndpointUnavailable, FactUnreadable.

    Source: Prometheus manual, HTTP API, Rules and Config.
    """

    def fetch(connections: Connections) -> AlertRules:
        prometheus = connections.prometheus
        return parse_rules(prometheus.get("rules", type="alert"), prometheus.get("status/config"))

    return Question("alert rules", fetch)


def parse_rules(rules: Any, configuration: Any) -> AlertRules:
    """`data` of /api/v1/rules and of /api/v1/status/config. Raises FactUnreadable."""
    import yaml

    try:
        found = [rule for group in rules["groups"] for rule in group["rules"] if rule["type"] == "alerting"]
        files = (yaml.safe_load(configuration["yaml"]) or {}).get("rule_files") or []
        return AlertRules(tuple(_rule(one) for one in found), tuple(str(one) for one in files))
    except (KeyError, TypeError, ValueError, AttributeError, yaml.YAMLError) as error:
        raise FactUnreadable(head_of(f"Prometheus's reply about rules is of an unknown form: {error!r}", 300),
                             next_step="Open Prometheus on the server (port 9090) and compare.") from error


def _rule(one: dict[str, Any]) -> AlertRule:
    return AlertRule(
        name=str(one["name"]), expression=str(one["query"]), for_s=float(one["duration"]), state=str(one["state"]),
        labels={str(name): str(value) for name, value in one["labels"].items()},
        annotations={str(name): str(value) for name, value in one["annotations"].items()},
        error=str(one.get("lastError") or "") if one.get("health") == "err" else "",
    )
