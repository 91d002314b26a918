"""Where a drill comes in: a branch of Alertmanager's routes, with the same receivers and short waits; rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from runbook_lib.observability.facts.alert_rules import DRILL_LABEL, AlertRules

RUN = "@RUN@"  # the server puts the run id there: with one in it, a plan could not be approved by its hash
# a message of a drill is not waited for; two of one second would be one
_WAITS = {"group_wait": "1s", "group_interval": "1s"}
# a message an alert: channels count messages, and one about all of them would be counted for the first alone
_GROUPS = {"group_by": ["alertname"]}


def with_drill_branch(route: Mapping[str, Any]) -> dict[str, Any]:
    """The whole tree, with a copy of itself in front for alerts of the drill alone. Source: Alertmanager, route."""
    of_drill = {**_hurried(route), "matchers": [f'{DRILL_LABEL}="{RUN}"'], "continue": False}
    return {**route, "routes": [of_drill, *(route.get("routes") or ())]}


def without_drill_causes(inhibitions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The inhibitions, for causes that are not of a drill: no alert of a drill keeps a real one from being sent."""
    real = f'{DRILL_LABEL}=""'
    return [{**one, "source_matchers": [*(one.get("source_matchers") or ()), real]} for one in inhibitions]


def without_drill(route: Mapping[str, Any],
                  inhibitions: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Routes and inhibitions without what a drill put there: what they were, also when one has left its own."""
    branches = [one for one in route.get("routes") or ()
                if not any(_is_of_drill(text) for text in one.get("matchers") or ())]
    real = [{**one, "source_matchers": [text for text in one.get("source_matchers") or () if not _is_of_drill(text)]}
            for one in inhibitions]
    return _filled({**route, "routes": branches}), [_filled(one) for one in real]


def has_drill(route: Mapping[str, Any], inhibitions: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a drill is, or was left, in them."""
    matchers = [*(text for one in route.get("routes") or () for text in one.get("matchers") or ()),
                *(text for one in inhibitions for text in one.get("source_matchers") or ())]
    return any(map(_is_of_drill, matchers))


def _is_of_drill(matcher: object) -> bool:
    return str(matcher).replace(" ", "").startswith(f'{DRILL_LABEL}="')


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value != []}


def rules_folder(rules: AlertRules) -> str:
    """Where Prometheus looks for files of rules, inside its container; empty where it names single files."""
    return next((str(PurePosixPath(one).parent) for one in rules.files
                 if one.startswith("/") and PurePosixPath("alert-drill.yml").match(PurePosixPath(one).name)), "")


def _hurried(route: Mapping[str, Any]) -> dict[str, Any]:
    # an interval in which a route is silent would keep a drill in it from being seen: it is a drill of the path
    quiet = ("mute_time_intervals", "active_time_intervals")
    kept = {name: value for name, value in route.items() if name not in quiet}
    return {**kept, **_WAITS, **_GROUPS, "routes": [_hurried(one) for one in route.get("routes") or ()]}
