"""Plans, findings and facts as the value of a cell."""

from __future__ import annotations

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.kernel.formatters import finding_text, plan_text, rows_html


def test_a_plan_is_readable_as_plain_text() -> None:
    step = Step("touch", "Touch it", (Command(("touch", "a b")),), (Command(("rm", "a b")),))
    text = plan_text(Plan("try", "lab", (step,)))
    assert "1. Touch it [server]" in text
    assert "touch 'a b'" in text
    assert "undo: rm 'a b'" in text
    assert "already there" in plan_text(Plan("try", "lab", reason="already there"))


def test_only_rows_of_findings_or_facts_become_tables() -> None:
    assert "sky" in str(rows_html((finding("sky", True),)))
    assert rows_html((1, 2)) is None
    assert "none" in str(rows_html(())), "where nothing had to be checked, no brackets are left lying about"


@pytest.mark.parametrize(("one", "text"), [
    (Finding("up", Verdict.PASSED), "passed       up"),
    (Finding("up", Verdict.FAILED, "500", "200", "Read the log."), "failed       up; measured 500; expected 200; Read the log."),
])
def test_a_finding_is_one_line_with_what_it_has(one: Finding, text: str) -> None:
    assert finding_text(one) == text


def test_a_plan_without_steps_says_why_and_a_skipped_step_its_reason() -> None:
    assert "Nothing to do: no step is needed" in plan_text(Plan("try", "lab"))
    assert "–  Build: skipped, is built" in plan_text(Plan("try", "lab", skipped=(SkippedStep("Build", "is built"),)))
