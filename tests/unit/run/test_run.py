"""The object a notebook holds: what it refuses in plan mode and when it is closed."""

from __future__ import annotations

import pytest

from runbook_lib.archive import journal
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import (
    Refused,
)
from runbook_lib.core.findings import finding
from runbook_lib.core.plan import Plan, Step
from runbook_lib.core.questions import Question
from runbook_lib.core.redaction import Secret
from tests.notebooks.sample_notebooks import SECRET, ProjectDir
from tests.unit.run_doubles import opened


def test_in_plan_mode_the_connections_themselves_refuse_to_start_a_job(project_dir: ProjectDir) -> None:
    from runbook_lib.connections import jobs

    with pytest.raises(Refused, match="Plan mode"):
        jobs.start(opened().connections.server, Command(("touch", "/x")), "any")


def test_errors_of_a_connection_leave_out_what_the_run_has_learned(project_dir: ProjectDir) -> None:
    run = opened()
    unread = run.connections.server._unreadable(Command(("cat", "vR4-kT9_wQ2mZ7xB")), "is not text")
    assert "vR4-kT9_wQ2mZ7xB" in str(unread)
    run.folder.redactor.learn(Secret("LATE_TOKEN", "vR4-kT9_wQ2mZ7xB"))
    unread = run.connections.server._unreadable(Command(("cat", "vR4-kT9_wQ2mZ7xB")), "is not text")
    assert "vR4-kT9_wQ2mZ7xB" not in str(unread)


def test_a_closed_run_takes_nothing_more(project_dir: ProjectDir) -> None:
    run = opened()
    run.verify(finding("up", True))
    run.close()
    with pytest.raises(Refused, match="closed and sealed"):
        run.ask(Question("late", lambda _: 1))


def test_a_plan_is_pinned_together_with_the_rules_of_its_environment(project_dir: ProjectDir) -> None:
    run = opened()
    plan = Plan("try", "lab", (Step("touch", "Touch it", ()),))
    assert run.plan(plan).hash != plan.hash
    assert run.plan(plan).rules == run.environment.rules_fingerprint


@pytest.mark.parametrize("content", [f"at;{SECRET}\n", f"at;{SECRET}\n".encode()])
def test_a_kept_file_is_redacted_named_in_the_journal_and_sealed(
    project_dir: ProjectDir, capsys: pytest.CaptureFixture[str], content: str | bytes
) -> None:
    run = opened()
    path = "evidence/sample.csv"
    assert run.keep("sample.csv", content) is None  # type: ignore[func-returns-value]  # the last line of a cell would show it
    assert capsys.readouterr().out.endswith(f"\nKept as evidence: {path}\n")
    kept = (run.folder.path / path).read_text()
    assert kept.startswith("at;") and SECRET not in kept
    assert [event["file"] for event in journal.read(run.folder) if event["event"] == "kept"] == [path]
    run.verify(finding("up", True))
    run.close()
    assert path in (run.folder.path / "manifest.json").read_text()
    with pytest.raises(Refused, match="closed and sealed"):
        run.keep("late.csv", "")
