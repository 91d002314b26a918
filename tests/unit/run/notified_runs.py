"""Runs that inform the receivers of the tests as they end."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import RunbookError, RunFailed
from runbook_lib.core.findings import Verdict
from runbook_lib.core.plan import Plan, Step
from runbook_lib.execution import Execution
from runbook_lib.run import planning
from runbook_lib.run.outcomes import Outcome
from tests.notebooks.sample_notebooks import ProjectDir
from tests.unit.connections.notifying.messages import CANARY
from tests.unit.run_doubles import opened

PLAN = Plan("deploy v3.2.1", "nowhere", (Step("touch", "Touch", (Command(("touch", "/x")),)),))
PASSED = Outcome(Verdict.PASSED, "finished", 0, "all good")
FAILED = Outcome(Verdict.FAILED, "failed", 1, "bad")


def configure(project_dir: ProjectDir, monkeypatch: pytest.MonkeyPatch, url: str, more: str = "", when: str = "always") -> None:
    file = project_dir.path / "parameters/environments/nowhere.yaml"
    file.write_text(file.read_text() + f"notifications: {{runs: {{10_good: {when}}}, pagerduty_url: '{url}', "
                                       f"deadline_s: 30{more}}}\n")
    monkeypatch.setenv("STAGING_SLACK_WEBHOOK", f"{url}/services/{CANARY}")
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def applied(monkeypatch: pytest.MonkeyPatch, error: RunbookError | None = None, **parameters: Any) -> Any:
    """A run that has executed its plan, or failed to."""
    run = opened(mode="apply", confirm="nowhere", **parameters)

    def execute(plan: Plan, backend: Any, record: Any, *_: Any) -> Execution:
        if error is not None:
            record.add_failed_execution(error)
            raise error
        record.add_execution(Execution(plan, (), applied=True))
        return Execution(plan, (), applied=True)

    monkeypatch.setattr(planning, "execute", execute)
    run.plan(PLAN)
    if error is not None:
        with pytest.raises(type(error)):
            run.execute(PLAN)
    else:
        run.execute(PLAN)
    return run


def fail_once(run: Any, monkeypatch: pytest.MonkeyPatch, event: str) -> None:
    """The disk is full at the first record of this event."""
    write, left = run._journal.write, [RunFailed("No space is left.")]

    def writes(name: str, **values: Any) -> None:
        if name == event and left:
            raise left.pop()
        write(name, **values)

    monkeypatch.setattr(run._journal, "write", writes)
