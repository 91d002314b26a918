"""The drill of alerts: which conditions are made true by which means, within which limits, and the one step. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from runbook_lib.core import programs
from runbook_lib.core.alerts import ExpectedAlert
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import BadParameter
from runbook_lib.core.operation_names import ALERT_DRILL
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.core.text import did_you_mean
from runbook_lib.environment import Environment
from runbook_lib.environment.alert_drill import AlertDrill, DrillInstance
from runbook_lib.environment.services import COLOURS
from runbook_lib.observability.facts.alert_delivery import AlertDelivery
from runbook_lib.observability.facts.alert_routes import RUN, rules_folder, with_drill_branch, without_drill_causes
from runbook_lib.observability.facts.alert_rules import DRILL_LABEL, AlertRule, AlertRules
from runbook_lib.observability.facts.alerting import Alerting
from runbook_lib.platform.facts.availability import Unanswered

NAME = ALERT_DRILL
NOT_ALLOWED = "the environment file has no alert_drill: nothing is provoked here"
MARGIN_S = 150  # after the program's own limit: undoing, and its record
MARK = f"DRILL {RUN}: "
ABOVE = "@ABOVE@"  # the threshold of the processors, which a busy server raises: the program puts it in


def select_conditions(environment: Environment, names: Sequence[str] = ()) -> tuple[str, ...]:
    """The conditions to provoke: those named, or all that the environment file allows; none where it allows none.

    Raises BadParameter for a name that it does not allow.
    """
    allowed = tuple(environment.alert_drill.conditions) if environment.alert_drill else ()
    for name in names:
        if name not in allowed:
            raise BadParameter(f"conditions: {name!r} may not be provoked here{did_you_mean(name, allowed)}",
                               where=environment.name,
                               next_step=f"Allowed by alert_drill: {', '.join(allowed) or 'none'}.")
    return tuple(dict.fromkeys(names)) or allowed


def provocations(environment: Environment, alerting: Alerting, names: Sequence[str]) -> tuple[dict[str, str], ...]:
    """One row a condition: its rule, what is done, its effect and for how long."""
    drill = environment.alert_drill
    if drill is None or isinstance(alerting.rules, Unanswered):
        return ()
    rules = alerting.rules
    return tuple({
        "alert": name, "condition": environment.alerts.conditions[name].condition,
        "fires after": _wait(drill, rules, name),
        "what is done": _deed(drill, name), "effect": _effect(drill, name), "at most": f"{drill.hold_s} s",
    } for name in names)


def _wait(drill: AlertDrill, rules: AlertRules, name: str) -> str:
    rule = rules.of(name)
    if rule is None:
        return "no rule"
    shorter_s = duration_s(drill, rule)
    real = f"{rule.for_s:.0f} s" if rule.for_s else "at once"
    return f"{shorter_s:.0f} s instead of {real}" if shorter_s != rule.for_s else f"{real}, as the rule itself"


def _deed(drill: AlertDrill, name: str) -> str:
    one, instance = drill.conditions[name], drill.instance
    service = instance.service if instance else ""
    return {
        "silent_instance": f"one more instance of {service} is listed, and answers nothing",
        "failing_instance": f"one more instance of {service} without its data gets "
                            f"{instance.requests if instance else 0} requests to {instance.errors if instance else ''}",
        "slow_instance": f"one more instance of {service} loses its processor for "
                         f"{instance.slow_s if instance else 0} s while it works on requests",
        "cpu": "a container computes on every processor, with the lowest weight; where they are in use already, "
               "the copy of the rule waits for half of what is left, and ends by a higher threshold where nothing is",
        "memory": f"a container fills the memory to 2 % above the threshold, with at most {one.at_most_mb} MB",
        "disk": f"a file in {one.directory} fills its disk to 1 % above the threshold, at most {one.at_most_gb} GB",
    }[one.by]


def _effect(drill: AlertDrill, name: str) -> str:
    one = drill.conditions[name]
    return {
        "cpu": "other programs go first; a busy server answers somewhat later",
        "memory": f"{one.leave_mb} MB are left at least; files are read from the disk again",
        "disk": f"{one.leave_gb} GB are left at least; writing goes on",
    }.get(one.by, "none: the proxy does not know the instance, no user reaches it")


def plan_drill(environment: Environment, alerting: Alerting, names: Sequence[str]) -> Plan:
    """One step on the server, which provokes, follows, undoes and records. Empty where nothing may be provoked."""
    drill, rules, delivery = environment.alert_drill, alerting.rules, alerting.delivery
    if drill is None or not names:
        return Plan(NAME, environment.name, reason=NOT_ALLOWED)
    if isinstance(rules, Unanswered) or isinstance(delivery, Unanswered):
        return Plan(NAME, environment.name, reason="Prometheus or Alertmanager did not answer")
    left = tuple(SkippedStep(f"Provoke {name}", "not among the conditions of this run")
                 for name in drill.conditions if name not in names)
    command = Command(("bash", "-s", "--", *drill_words(environment, rules, delivery, names)),
                      stdin=programs.text("platform/whole_lines.sh", "observability/alert_drill_undo.sh",
                                          "observability/alert_provocations.sh", "observability/alert_drill.sh"),
                      timeout_s=drill.limit_s + MARGIN_S)
    step = Step(
        "alert-drill", f"Provoke {', '.join(names)}, follow each alert to its channels, undo everything", (command,),
        why="the program ends what it began, also when this run dies; messages begin with DRILL",
        # the real rule of the same name would fire as well, where it waits no longer than the drill lasts
        expected_alerts=tuple(ExpectedAlert(name, without=(DRILL_LABEL,)) for name in names
                              if (rule := rules.of(name)) and rule.for_s < drill.hold_s),
    )
    return Plan(NAME, environment.name, (step,), skipped=left, facts={"conditions": list(names)},
                achieves=f"Provoked on {environment.name}, and followed to the channels: {', '.join(names)}")


def drill_words(environment: Environment, rules: AlertRules, delivery: AlertDelivery,
                names: Sequence[str]) -> tuple[str, ...]:
    """What the program is given, as KEY=VALUE."""
    drill = environment.alert_drill
    assert drill is not None, "the caller has asked"
    words: dict[str, Any] = {
        "checkout": environment.server.directory, "project": environment.project,
        # recorded next to what was seen: receivers and channels may be others when the record is read
        "channels": json.dumps({one.name: [[channel.kind, channel.tells_end] for channel in one.channels]
                                for one in delivery.receivers}),
        "for_s": drill.for_s, "limit_s": drill.limit_s, "hold_s": drill.hold_s, "settle_s": drill.settle_s,
        "over_s": drill.over_s,
        "rules_folder": rules_folder(rules), "conditions": " ".join(names),
        "rules": _as_yaml(drill_rules(drill, [_above_what_is_used(environment, rule) for name in names
                                              if (rule := rules.of(name))])),
        "route": _as_yaml(with_drill_branch(delivery.route)),
        "inhibitions": _as_yaml(without_drill_causes(delivery.inhibitions)),
        **(_instance_words(environment, drill.instance) if drill.instance else {}),
    }
    for name in names:
        one, above = drill.conditions[name], environment.alerts.conditions[name].above
        limits = {"above": f"{above or 0:.0f}", "at_most_mb": one.at_most_mb, "leave_mb": one.leave_mb,
                  "at_most_gb": one.at_most_gb, "leave_gb": one.leave_gb, "directory": one.directory}
        words |= {f"by_{name}": one.by, **{f"{one.by}_{limit}": value for limit, value in limits.items()
                                           if value is not None and one.by in ("memory", "disk")}}
        if one.by == "cpu" and (rule := rules.of(name)) and (compared := rule.compares_with(above)):
            words |= {"cpu_above": f"{above:g}", "cpu_used": compared}
    # what the helper containers are made of, where no instance is named: images that the server runs
    words.setdefault("services", " ".join(name for name, one in environment.services.items() if not one.coloured))
    return tuple(f"{name}={value}" for name, value in words.items())


def _above_what_is_used(environment: Environment, rule: AlertRule) -> AlertRule:
    """The rule, which waits for the program to say above how much: a server may be as busy before the drill begins."""
    drill = environment.alert_drill
    assert drill is not None, "the caller has asked"
    above = environment.alerts.conditions[rule.name].above
    if drill.conditions[rule.name].by != "cpu" or not (compared := rule.compares_with(above)):
        return rule
    return replace(rule, expression=f"{compared} > {ABOVE}")


def _as_yaml(value: object) -> str:
    """JSON that YAML reads as well, in ASCII: JSON's escape of an emoji, a pair of surrogates, is an error there."""
    return "".join(one if one.isascii() else f"\\U{ord(one):08X}" for one in json.dumps(value, ensure_ascii=False))


def _instance_words(environment: Environment, instance: DrillInstance) -> dict[str, Any]:
    coloured = environment.services[instance.service].coloured
    names = [f"{instance.service}-{colour}" for colour in COLOURS] if coloured else [instance.service]
    return {
        "services": " ".join(names), "network": instance.network, "alias": instance.alias, "port": instance.port,
        "errors": instance.errors, "answers": instance.answers, "requests": instance.requests,
        "slow_s": instance.slow_s, "memory": instance.memory.removesuffix("B").lower(),
        "variables": " ".join(f"{name}={value}" for name, value in instance.variables.items()),
    }


def duration_s(drill: AlertDrill, rule: AlertRule) -> float:
    """How long the condition has to hold in the drill: never longer than in the rule itself."""
    return min(float(drill.for_s), rule.for_s)


def drill_rules(drill: AlertDrill, rules: Sequence[AlertRule]) -> dict[str, Any]:
    """A group of copies: the same expressions and labels, a shorter duration, and recognizable as a drill."""
    return {"groups": [{"name": "alert-drill", "interval": "1s", "rules": [{
        "alert": one.name, "expr": one.expression, "for": f"{duration_s(drill, one):.0f}s",
        "labels": {**one.labels, DRILL_LABEL: RUN},
        "annotations": {**one.annotations, "summary": MARK + one.annotations.get("summary", one.name)},
    } for one in rules]}]}

