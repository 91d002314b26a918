"""The newest runs as a table for a notebook."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.environment import project
from runbook_lib.report.recent_runs import recent_runs
from tests.unit.report.sample_runs import BUILDERS


def test_runs_are_listed_with_their_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "outputs", lambda: tmp_path)
    assert recent_runs() == ({"runs": "none yet"},)
    for name in ("refused", "killed"):
        BUILDERS[name](tmp_path)
    rows = {row["verdict"]: row for row in recent_runs()}
    assert rows.keys() == {"failed", "open"}
    assert "j.ito has held the lock" in rows["failed"]["outcome"]
    assert rows["failed"]["operator"] == "m.keller"
    assert len(recent_runs(1)) == 1
