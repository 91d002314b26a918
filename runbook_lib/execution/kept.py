"""What of a plan stays although it is undone: results that are final once their step has passed, as a backup is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from runbook_lib.core.plan import Plan

_PUBLISHED = re.compile(r"^published (/\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class KeptResult:
    """What stays of one step, in words. `certain` is False where it may be that nothing was made yet."""

    position: int
    key: str
    title: str
    what: str
    certain: bool = True


def is_kept(plan: Plan, place: int, failed: int) -> bool:
    """Whether the step at `place` stays as it is when the one at `failed` fails: every step before that has passed."""
    step = plan.steps[place]
    final_with = step.kept_by or (step.key if step.keeps else "")
    return any(one.key == final_with for one in plan.steps[:failed])


def kept_results(plan: Plan, failed: int, outputs: Mapping[str, str]) -> tuple[KeptResult, ...]:
    """What stays when the step at `failed` fails and the plan is undone; `outputs` by the steps' keys."""
    words = {step.key: _words(step.keeps, outputs.get(step.key, "")) for step in plan.steps}
    found = []
    for place, step in enumerate(plan.steps[:failed + 1]):
        if is_kept(plan, place, failed):
            found.append(KeptResult(place, step.key, step.title, words[step.kept_by or step.key]))
        elif step.may_keep:
            found.append(KeptResult(place, step.key, step.title, step.may_keep, certain=False))
    return tuple(found)


def kept_sentence(kept: tuple[KeptResult, ...]) -> str:
    """`kept: the backup …; may have stayed: …`, each thing once; empty where nothing stays."""
    certain = dict.fromkeys(one.what for one in kept if one.certain)
    perhaps = dict.fromkeys(one.what for one in kept if not one.certain)
    return "; ".join(line for line in (f"kept: {', '.join(certain)}" if certain else "",
                                       f"may have stayed: {', '.join(perhaps)}" if perhaps else "") if line)


def _words(keeps: str, output: str) -> str:
    path = _PUBLISHED.search(output)
    return keeps.replace("{published}", PurePosixPath(path[1]).name if path else "").strip()
