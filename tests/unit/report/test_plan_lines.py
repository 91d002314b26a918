"""A plan as lines: every step, what is skipped, and how it is applied."""

from __future__ import annotations

from runbook_lib.archive.records import plan_record
from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.report.plan_lines import plan_headline, plan_lines

PLAN = Plan("deploy v1", "lab", (Step("a", "Fetch\x1b[2J", (Command(("true",)),), why="the commit"),), skipped=(SkippedStep("Migrate", "no migration"),))


def test_every_step_has_a_line_and_the_last_one_applies_the_plan() -> None:
    event = {"plan": plan_record(PLAN), "hash": PLAN.hash}
    assert plan_headline(event) == f"plan: deploy v1 on lab, 1 step, plan hash {PLAN.hash}"
    first, skipped, last = plan_lines(event)
    assert first.startswith("   1  Fetch") and first.endswith(": the commit") and "\x1b" not in first
    assert skipped == "   –  skipped: Migrate: no migration"
    assert last == f"exactly this plan: --apply --confirm lab -p plan_hash={PLAN.hash}"


def test_a_plan_without_steps_cannot_be_applied() -> None:
    event = {"plan": plan_record(Plan("deploy v1", "lab", (), reason="it is live")), "hash": "0" * 16}
    assert plan_headline(event).startswith("plan: deploy v1 on lab, 0 steps") and plan_lines(event) == []
