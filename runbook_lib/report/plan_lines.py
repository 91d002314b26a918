"""A plan as lines of a terminal: what there is to read before it is applied without a browser.

Of a journal that is damaged, what can be read is shown: `runbook archive verify` has the word on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runbook_lib.core.text import pluralize, printable
from runbook_lib.report.run_report import StepReport

NAMED_ELSEWHERE = ("environment", "mode", "confirm", "reason", "plan_hash")
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


def applied_lines(steps: Sequence[StepReport]) -> list[str]:
    """A line a step of a plan that was applied: its title, how it ended, and what an undo came to; a failure's reason
    below it. No invitation to apply the plan once more: what it was made from has changed."""
    lines = []
    for number, step in enumerate(steps, start=1):
        took = f", {step.seconds:.1f} s" if step.seconds is not None else ""
        undone = f"; undo: {step.undo_state}" if step.undo_state and step.undo_state != step.state else ""
        kept = f"; {step.kept}" if step.kept else ""
        lines.append(f"{number:>4}  {step.title}: {step.state}{took}{undone}{kept}")
        lines += [f"      {text}" for text in (step.message, step.undo_message) if text]
    return [printable(line) for line in lines]


def parameters_line(values: Any) -> str:
    """The parameters of a run that say something, as they are typed; empty where none does."""
    given = values.items() if isinstance(values, dict) else ()
    shown = [f"{name}={value}" for name, value in given if name not in NAMED_ELSEWHERE and value not in ("", None, [])]
    return printable(f"parameters: {', '.join(shown)}") if shown else ""


def _plan_in(event: Mapping[str, Any]) -> Mapping[str, Any]:
    plan = event.get("plan")
    return plan if isinstance(plan, dict) else {}


def _objects(plan: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = plan.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
