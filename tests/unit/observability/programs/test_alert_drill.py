"""The program of the drill where something is missing: it ends with a record, and missing replies are no sample. No Docker."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs
from runbook_lib.observability.facts.alert_drills import parse_drills

PARTS = ("platform/whole_lines.sh", "observability/alert_drill_undo.sh", "observability/alert_provocations.sh",
         "observability/alert_drill.sh")
COUNTS = 'alertmanager_notification_requests_total{integration="email"} 57'
ALERT = ('[{"annotations":{},"endsAt":"","fingerprint":"f","receivers":[{"name":"team"}],"startsAt":"","status":{"inhibitedBy":[],'
         '"mutedBy":[],"silencedBy":[],"state":"active"},"labels":{"alertname":"A","drill":"r","state":"failed"}}]')
RULES = '{"status":"success","data":{"result":[{"metric":{"alertname":"A","alertstate":"firing"}}]}}'


def run(folder: Path, script: str, *words: str, docker: str = "exit 1") -> subprocess.CompletedProcess[str]:
    """The script with a Docker of one's own and with a folder for temporary files of its own."""
    (folder / "tmp").mkdir(exist_ok=True)
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin" / "docker").write_text(f"#!/bin/bash\n{docker}\n")
    (folder / "bin" / "docker").chmod(0o755)
    return subprocess.run(("bash", "-s", "--", *words), input=script, text=True, capture_output=True, timeout=300,
                          env={"PATH": f"{folder}/bin:{os.environ['PATH']}", "TMPDIR": str(folder / "tmp")})


@pytest.mark.parametrize(("docker", "message", "undone"), [
    ("exit 0", "Prometheus or Alertmanager does not run.", True), ("exit 1", "Docker does not answer on the server. Not undone:", False),
], ids=["no containers", "no engine"])
def test_a_drill_that_cannot_begin_is_recorded_with_the_reason(tmp_path: Path, docker: str, message: str, undone: bool) -> None:
    (tmp_path / ".runbook").mkdir()
    (tmp_path / ".runbook" / "lock.json").write_text(json.dumps({"run_id": "20261127-r"}))
    words = (f"checkout={tmp_path}", "project=p", "channels={}", "for_s=5", "limit_s=30", "conditions=A", "rules_folder=/rules")
    done = run(tmp_path, programs.text(*PARTS), *words, docker=docker)
    assert done.returncode == 1
    (drill,) = parse_drills(done.stdout).drills
    assert (drill.outcome, drill.undone) == ("error", undone)
    assert message in drill.message
    assert list((tmp_path / "tmp").iterdir()) == []


def samples(folder: Path, *replies: tuple[str, str, str]) -> list[dict[str, object]]:
    """What is sampled of these replies of rules, alerts and metrics, one after the other."""
    functions = programs.text("observability/alert_drill.sh").partition("declare -A given\n")[0]
    lines = [functions, f"run_id=r last_line='' scratch={folder}; elapsed() {{ echo 1; }}",
             'from_prometheus() { printf %s "$rules_reply"; }',
             'from_alertmanager() { [[ $1 == /metrics ]] && printf %s "$metrics_reply" || printf %s "$alerts_reply"; }']
    lines += [f"rules_reply='{rules}' alerts_reply='{alerts}' metrics_reply='{metrics}'; sample"
              for rules, alerts, metrics in replies]
    run(folder, "\n".join(lines))
    return [json.loads(line) for line in (folder / "samples").read_text().splitlines()] if (folder / "samples").exists() else []


def test_a_label_that_is_called_state_is_not_the_state(tmp_path: Path) -> None:
    assert samples(tmp_path, (RULES, ALERT, COUNTS)) == [{"s": 1, "p": "A=firing", "a": "A=active:team", "d": "email=57", "f": "email=0"}]


@pytest.mark.parametrize("missing", [("", ALERT, COUNTS), (RULES, "", COUNTS), (RULES, ALERT, "")], ids=["rules", "alerts", "metrics"])
def test_a_reply_that_did_not_come_is_no_sample(tmp_path: Path, missing: tuple[str, str, str]) -> None:
    """Counters that are missing once would seem to be messages that a channel took: a pass of nothing."""
    assert len(samples(tmp_path, (RULES, ALERT, COUNTS), missing, (RULES, ALERT, COUNTS))) == 1
