"""Whether alerts reach the team: what fires is delivered, every condition has its rule, the channels work. Pure."""

from __future__ import annotations

from datetime import timedelta

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.text import head_of, pluralize
from runbook_lib.environment import Environment
from runbook_lib.environment.rules import AlertChannel, AlertCondition
from runbook_lib.observability.facts.alert_delivery import AlertDelivery, ChannelRecord, Silence
from runbook_lib.observability.facts.alert_rules import AlertRules
from runbook_lib.observability.facts.alerting import Alerting
from runbook_lib.platform.facts.availability import DeclaredAbsent, Unanswered
from runbook_lib.platform.facts.monitoring import Alert

LONG_SILENCE = timedelta(days=1)
MARGIN_S = 120.0  # an alert is in Alertmanager within a few evaluations, and within a minute after its start
_RULES = "Compare the rules of the release with `alerts.conditions` in the environment file; 20 Deploy brings them."
_CONFIG = "Compare alertmanager.yml, and the secrets of the optional channels on the server; then 44 Notify tests them."


def firing_alerts_are_sent(alerting: Alerting) -> tuple[Finding, ...]:
    """Each alert that fires is a warning with who was informed; a failure where no one was, and no silence says why.

    An alert may still be on its way where it, or Alertmanager, began within the last two minutes.
    """
    check = "what fires is sent to the team"
    if isinstance(alerting.alerts, Unanswered):
        return (_unanswered(check, alerting.alerts, "every alert is sent"),)
    if not alerting.firing:
        return (Finding(check, Verdict.PASSED, "no alert fires", "every alert is sent"),)
    return tuple(_sent(alerting, one) for one in alerting.firing)


def _sent(alerting: Alerting, alert: Alert) -> Finding:
    check, expected = f"{alert.name} is sent", "the team is informed"
    since = f"{alert.since:%Y-%m-%d %H:%M} UTC" if alert.since else "a time that is not known"
    measured = f"firing; true since {since}; informed: {head_of(alerting.informed(alert), 160)}"
    if isinstance(alerting.delivery, Unanswered):
        return Finding(check, Verdict.INCONCLUSIVE, measured, expected, alerting.delivery.next_step)
    routed = alerting.routed(alert)
    reached = routed is not None and bool(routed.silenced_by or routed.inhibited_by or routed.muted_by
                                          or alerting.delivery.channels_of(routed.receivers))
    begun = (alert.since, alerting.delivery.started)  # it keeps no alerts; Prometheus sends each again within a minute
    young = any(one is not None and (alerting.at - one).total_seconds() < MARGIN_S for one in begun)
    if reached:
        return Finding(check, Verdict.WARNING, measured, expected,
                       f"Open {alert.runbook or '40_health'}: it fires now.")
    return Finding(check, Verdict.INCONCLUSIVE if young else Verdict.FAILED, measured, expected,
                   "Run again in a minute." if young else _CONFIG)


def conditions_have_rules(environment: Environment, alerting: Alerting) -> tuple[Finding, ...]:
    """Each condition of the plan has a rule in force, with its duration, whose expression can be evaluated."""
    rules = alerting.rules
    if isinstance(rules, Unanswered):
        return (_unanswered("every condition has its rule", rules, "loaded by Prometheus"),)
    return tuple(_rule(name, condition, rules) for name, condition in environment.alerts.conditions.items())


def _rule(name: str, condition: AlertCondition, rules: AlertRules) -> Finding:
    rule, expected = rules.of(name), f"after {condition.for_s} s: {condition.condition}"
    if rule is None:
        return finding(f"{name} has its rule", False, measured="Prometheus has no such rule", expected=expected,
                       next_step=_RULES)
    measured = f"cannot be evaluated: {head_of(rule.error, 120)}" if rule.error else f"after {rule.for_s:.0f} s"
    return finding(f"{name} has its rule", not rule.error and rule.for_s == condition.for_s, measured=measured,
                   expected=expected, next_step=_RULES)


def channels_are_connected(environment: Environment, alerting: Alerting) -> tuple[Finding, ...]:
    """Each channel of the plan is one of Alertmanager's; an optional one that is off is not applicable."""
    delivery = alerting.delivery
    if isinstance(delivery, Unanswered):
        return (_unanswered("Alertmanager has the channels", delivery, "those of alerts.channels"),)
    return tuple(_channel(name, channel, delivery, alerting.records)
                 for name, channel in environment.alerts.channels.items())


def _channel(name: str, channel: AlertChannel, delivery: AlertDelivery,
             records: tuple[ChannelRecord, ...] | Unanswered) -> Finding:
    check = f"{name} works"
    found = [one for receiver in delivery.receivers for one in receiver.channels if one.kind == name]
    if not found and channel.optional:
        return Finding(check, Verdict.NOT_APPLICABLE, f"optional, and off: no receiver has it without {channel.secret}")
    if not found:
        return finding(check, False, measured="no receiver of Alertmanager has it", expected=channel.title,
                       next_step=_CONFIG)
    to = ", ".join(dict.fromkeys(map(str, found)))
    record = None if isinstance(records, Unanswered) else next((one for one in records if one.kind == name), None)
    if record is None or record.failures is None:
        return finding(check, None, measured=f"{to}; Prometheus does not know whether messages failed",
                       expected="none failed", next_step="Check Prometheus' target `alertmanager` in 40 Health.")
    failures = round(record.failures)
    return finding(check, failures == 0, measured=f"{to}; {pluralize(failures, 'failed attempt')} in 24 h",
                   expected="none failed", next_step="Read Alertmanager's log; it names the reason of each.",
                   otherwise=Verdict.WARNING)


def silences_end(alerting: Alerting) -> tuple[Finding, ...]:
    """No silence lasts for more than another day: one that is forgotten hides the next incident."""
    check, expected = "silences end", "within a day"
    if isinstance(alerting.delivery, Unanswered):
        return (_unanswered(check, alerting.delivery, expected),)
    long = [one for one in alerting.delivery.silences if one.ends - alerting.at > LONG_SILENCE]
    return (finding(check, not long, measured="; ".join(map(_words, long[:3])) or pluralize(
        len(alerting.delivery.silences), "silence"), expected=expected, otherwise=Verdict.WARNING,
        next_step="End it in Alertmanager's page, unless its comment says why it has to last."),)


def _words(one: Silence) -> str:
    return head_of(f"{one.matchers} until {one.ends:%Y-%m-%d %H:%M} UTC by {one.by}: {one.comment}", 160)


def no_drill_is_left(alerting: Alerting) -> tuple[Finding, ...]:
    """No rule of a drill is loaded: one that was left would send its messages again and again."""
    check, expected = "no drill is left", "no rule of a drill is loaded"
    if isinstance(alerting.rules, Unanswered):
        return (_unanswered(check, alerting.rules, expected),)
    left = sorted({f"{one.name} of {one.labels['drill']}" for one in alerting.rules.rules if one.is_drill})
    return (finding(check, not left, measured=", ".join(left) or "none", expected=expected, otherwise=Verdict.WARNING,
                    next_step="Is a drill running? If not, the next applied run of 42 removes what was left."),)


def alert_answer(environment: Environment, alerting: Alerting, *groups: tuple[Finding, ...]) -> str:
    """The one sentence: what fires, who was informed, and what is wrong with the path."""
    findings = [one for group in groups for one in group]
    firing = alerting.firing
    if isinstance(alerting.alerts, DeclaredAbsent):
        return f"{environment.title} has no alerts: {alerting.alerts.reason}."
    if isinstance(alerting.alerts, Unanswered):
        begin = f"It is not known what fires in {environment.title_within}: {alerting.alerts.reason}."
    elif firing:
        names = ", ".join(dict.fromkeys(one.name for one in firing))
        verb = "fires" if len(firing) == 1 else "fire"
        begin = f"{pluralize(len(firing), 'alert')} of {environment.title_within} {verb}: {names}."
    else:
        begin = f"No alert of {environment.title_within} fires."
    bad = [one for one in findings if one.verdict in (Verdict.FAILED, Verdict.INCONCLUSIVE)]
    if not bad:
        return f"{begin} Rules, routes and channels are set up for the next one: a drill proves that it arrives."
    names = "; ".join(f"{one.check} ({one.verdict}: {head_of(one.measured, 80)})" for one in bad[:2])
    more = f" and {len(bad) - 2} more" if len(bad) > 2 else ""
    return f"{begin} Whether the next one reaches the team is in doubt: {names}{more}."


def _unanswered(check: str, missing: Unanswered, expected: str) -> Finding:
    if isinstance(missing, DeclaredAbsent):
        return not_applicable(check, missing.reason)
    return Finding(check, Verdict.INCONCLUSIVE, missing.reason, expected, missing.next_step)
