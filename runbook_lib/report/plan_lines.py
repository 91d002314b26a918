"""A plan as lines of a terminal: what there is to read before it is applied without a browser.

Of a journal that is damaged, what can be read is shown: `runbook archive verify` has the word on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runbook_lib.core.text import pluralize, printable

NOT_READABLE = "not readable"


def plan_headline(event: Mapping[str, Any]) -> str:
    """Name, target, number of steps and hash of the plan that a journal's event `plan` records."""
    plan = _plan_in(event)
    return printable(f"plan: {plan.get('name', NOT_READABLE)} on {plan.get('target', NOT_READABLE)}, "
                     f"{pluralize(len(_objects(plan, 'steps')), 'step')}, plan hash {event.get('hash', NOT_READABLE)}")


def plan_lines(event: Mapping[str, Any]) -> list[str]:
    """A line a step, numbered, with its reason; then what is skipped, and how exactly this plan is applied."""
    plan = _plan_in(event)
    steps = _objects(plan, "steps")
    lines = [f"{number:>4}  {step.get('title') or step.get('key', NOT_READABLE)}"
             + (f": {step['why']}" if step.get("why") else "") for number, step in enumerate(steps, start=1)]
    lines += [f"   –  skipped: {one.get('title', NOT_READABLE)}: {one.get('reason', NOT_READABLE)}"
              for one in _objects(plan, "skipped")]
    if steps and "target" in plan and "hash" in event:
        lines.append(f"exactly this plan: --apply --confirm {plan['target']} -p plan_hash={event['hash']}")
    return [printable(line) for line in lines]


def _plan_in(event: Mapping[str, Any]) -> Mapping[str, Any]:
    plan = event.get("plan")
    return plan if isinstance(plan, dict) else {}


def _objects(plan: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = plan.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
