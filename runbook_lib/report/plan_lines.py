"""A plan as lines of a terminal: what there is to read before it is applied without a browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runbook_lib.core.text import pluralize, printable


def plan_headline(event: Mapping[str, Any]) -> str:
    """Name, target, number of steps and hash of the plan that a journal's event `plan` records."""
    plan = event["plan"]
    return printable(f"plan: {plan['name']} on {plan['target']}, {pluralize(len(plan['steps']), 'step')}, "
                     f"plan hash {event['hash']}")


def plan_lines(event: Mapping[str, Any]) -> list[str]:
    """A line a step, numbered, with its reason; then what is skipped, and how exactly this plan is applied."""
    plan = event["plan"]
    lines = [f"{number:>4}  {step['title']}" + (f": {step['why']}" if step.get("why") else "")
             for number, step in enumerate(plan["steps"], start=1)]
    lines += [f"   –  skipped: {one['title']}: {one['reason']}" for one in plan.get("skipped", [])]
    if plan["steps"]:
        lines.append(f"exactly this plan: --apply --confirm {plan['target']} -p plan_hash={event['hash']}")
    return [printable(line) for line in lines]
