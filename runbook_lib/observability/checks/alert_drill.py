"""Is a drill of alerts allowed here and now, did each arrive, and is everything undone? Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.text import head_of
from runbook_lib.environment import Environment
from runbook_lib.environment.rules import Window
from runbook_lib.observability.facts.alert_drills import DONE, AlertDrillRecord, AlertDrills
from runbook_lib.observability.facts.alert_routes import has_drill, rules_folder, without_drill
from runbook_lib.observability.facts.alert_rules import DRILL_LABEL, AlertRules
from runbook_lib.observability.facts.alert_timeline import AlertPath
from runbook_lib.observability.facts.alerting import Alerting
from runbook_lib.platform.facts.availability import DeclaredAbsent, Unanswered

ALLOWED = "a drill is allowed"
NOT_ALLOWED = "the environment file has no alert_drill"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_EVIDENCE = "Read the step's evidence, then run again."
_CHANNEL = "Alertmanager's log names the reason; 44 Notify tests the channel from this machine."


def drill_preconditions(environment: Environment, alerting: Alerting, names: Sequence[str]) -> tuple[Finding, ...]:
    """Whether the drill may begin. An environment that does not name itself for it is not applicable, and goes on."""
    if environment.alert_drill is None:
        return (Finding(ALLOWED, Verdict.NOT_APPLICABLE, NOT_ALLOWED),)
    rules, delivery, alerts = alerting.rules, alerting.delivery, alerting.alerts
    for part in (rules, delivery, alerts):
        if isinstance(part, Unanswered):
            return (Finding("the path of alerts answers", Verdict.INCONCLUSIVE, part.reason, "rules, alerts, receivers",
                            part.next_step),)
    assert not isinstance(rules, Unanswered), "asked just above"
    assert not isinstance(alerts, Unanswered), "asked just above"
    active, raised = {one.name for one in alerts if one.name in names}, _raised(environment, rules, names)
    true_now, allowed = sorted(active - raised), sorted(active & raised)
    pending = f"only {', '.join(allowed)}, whose copy gets a higher threshold" if allowed else "none pending or firing"
    others = sorted({one.name for one in alerting.firing} - set(names))
    without = [name for name in names if rules.of(name) is None]
    return (
        _in_window(environment, alerting.at),
        finding("every condition has its rule", not without, expected="a rule to copy",
                measured=f"none for {', '.join(without)}" if without else "all of them",
                next_step="20 Deploy brings the rules of a release."),
        finding("no condition is true already", not true_now, measured=", ".join(true_now) or pending,
                expected="none", next_step="Something is wrong now: open 40 Health, and drill later."),
        finding("rules can be added", bool(rules_folder(rules)), measured=", ".join(rules.files) or "no rule_files",
                expected="a pattern of files", next_step="Let rule_files of prometheus.yml name a folder: …/*.yml"),
        finding("no other alert fires", not others, measured=", ".join(others) or "none", expected="none",
                next_step="Its messages count as the drill's, if they are sent meanwhile.", otherwise=Verdict.WARNING),
    )


def _raised(environment: Environment, rules: AlertRules, names: Sequence[str]) -> set[str]:
    """Conditions that may be true already: the copy of their rule waits for more than what the server uses now."""
    drill, limits = environment.alert_drill, environment.alerts.conditions
    return {name for name in names if drill and drill.conditions[name].by == "cpu"
            and (rule := rules.of(name)) and rule.compares_with(limits[name].above)}


def _in_window(environment: Environment, at: datetime) -> Finding:
    check = "it is time for a drill"
    names = environment.alert_drill.windows if environment.alert_drill else ()
    if not names:
        return Finding(check, Verdict.PASSED, "at any time", "alert_drill.windows names none")
    inside = [name for name in names if is_inside(environment.windows[name], at)]
    schedules = "; ".join(environment.windows[name].schedule for name in names)
    return finding(check, bool(inside), measured=f"{at:%A %Y-%m-%d %H:%M} UTC", expected=schedules,
                   next_step="Wait for the window, or change alert_drill.windows.")


def is_inside(window: Window, at: datetime) -> bool:
    """Whether a time in UTC lies in a window."""
    if WEEKDAYS[at.weekday()] != window.weekday:
        return False
    if window.week_of_month is not None and (at.day + 6) // 7 != window.week_of_month:
        return False
    return window.begins <= f"{at:%H:%M}" < window.ends


def drill_results(environment: Environment, names: Sequence[str], before: AlertDrills,
                  after: AlertDrills) -> tuple[Finding, ...]:
    """What this run's drill showed of each condition; what was not provoked, or not seen, is inconclusive."""
    if environment.alert_drill is None:
        return (Finding("a drill took place", Verdict.NOT_APPLICABLE, NOT_ALLOWED),)
    record = next(iter(reversed(after.added_since(before).drills)), None)
    if record is None:
        return (finding("a drill took place", None, measured="no drill is recorded", expected=", ".join(names),
                        next_step=_EVIDENCE),)
    ended = finding("the drill reached its end", True if record.outcome == DONE else None,
                    measured=record.message, expected="its end", next_step=_EVIDENCE)
    undone = finding("the drill undid everything", record.undone, measured=record.message, expected="nothing is left",
                     next_step="Run again in plan mode: it names what is left; an applied run removes it first.")
    return (ended, undone, *chain.from_iterable(_condition(record, name) for name in names))


def _condition(record: AlertDrillRecord, name: str) -> tuple[Finding, ...]:
    path, check = record.path(name), f"{name} fires"
    if name in record.not_provoked or path is None:
        why = record.not_provoked.get(name, record.message if record.outcome != DONE else "no begin is recorded")
        return (finding(check, None, measured=f"not provoked: {head_of(why, 200)}", expected="provoked for real",
                        next_step="Change its limits in alert_drill, or choose other conditions."),)
    if path.fired is None:
        seen = "its rule was pending, and no longer" if path.pending is not None else "its condition was never true"
        return (finding(check, None, measured=f"{seen} within {record.seconds:.0f} s", expected="provoked for real",
                        next_step="With much traffic, raise alert_drill.instance.requests; else alert_drill.hold_s."),)
    fires = finding(check, True, measured=f"{path.fired - path.begun:.0f} s after it was provoked",
                    expected=f"after {record.for_s:.0f} s of being measured")
    return (fires, *_delivery(path))


def _delivery(path: AlertPath) -> tuple[Finding, ...]:
    name = path.name
    if path.routed is None:
        return (finding(f"{name} reaches Alertmanager", False, measured="it never had it", expected="within seconds",
                        next_step="Prometheus' log names why its Alertmanagers do not answer."),)
    if path.suppressed:
        return (finding(f"{name} is sent", None, measured="silenced or inhibited all the time", expected="sent",
                        next_step="End the silence that the table names, then run again."),)
    if not path.sent:
        return (finding(f"{name} is sent", False, measured="its receiver has no channel", expected="sent",
                        next_step="Compare alertmanager.yml with alerts.channels in the environment file."),)
    return (*(_taken(path, f"{name} is sent by {kind}", kind, at, path.begun) for kind, at in path.sent.items()),
            finding(f"{name} is over", None if path.over is None else True, expected="no longer in Alertmanager",
                    measured="still firing when the drill ended" if path.over is None else
                    f"{path.over - (path.ended or path.over):.0f} s after its end",
                    next_step="Its condition held on: read the step's evidence, and 40 Health."),
            *(_taken(path, f"the end of {name} is sent by {kind}", kind, at, path.ended)
              for kind, at in path.end_sent.items() if path.over is not None))


def _taken(path: AlertPath, check: str, kind: str, at: float | None, since: float | None) -> Finding:
    failures = path.failures.get(kind, 0)
    measured = f"failed {failures} times" if failures else "the channel took nothing"
    if at is not None:
        again = f", after {failures} failed attempts" if failures else ""
        begin = "it was provoked" if since == path.begun else "its end"
        measured = f"{max(0.0, at - (since or 0)):.0f} s after {begin}{again}"
    return finding(check, at is not None, measured=measured, expected="the channel confirms it", next_step=_CHANNEL)


def drill_is_undone(before: Alerting, after: Alerting) -> tuple[Finding, ...]:
    """Rules, routes and inhibitions are what they were before the drill: asked again, not taken from its record."""
    check, expected = "rules and routes are as before", "as before the drill"
    unanswered = next((one for one in (before.rules, after.rules, before.delivery, after.delivery)
                       if isinstance(one, Unanswered)), None)
    if isinstance(unanswered, DeclaredAbsent):
        return (not_applicable(check, unanswered.reason),)
    if unanswered is not None:
        return (Finding(check, Verdict.INCONCLUSIVE, unanswered.reason, expected, unanswered.next_step),)
    rules = () if isinstance(after.rules, Unanswered) else after.rules.rules
    differs = [f"the rule {one.name} of a drill is loaded" for one in rules if DRILL_LABEL in one.labels]
    # before it there may have been what an earlier drill left
    was, is_now = (None if isinstance(one.delivery, Unanswered) else one.delivery for one in (before, after))
    assert was is not None, "asked just above"
    assert is_now is not None, "asked just above"
    if has_drill(is_now.route, is_now.inhibitions):
        differs.append("Alertmanager's routes are those of a drill")
    elif without_drill(was.route, was.inhibitions) != without_drill(is_now.route, is_now.inhibitions):
        differs.append("Alertmanager's routes are others than before")
    return (finding(check, not differs, measured="; ".join(differs) or "the same", expected=expected,
                    next_step="Run again with mode apply: it first removes what is left."),)
