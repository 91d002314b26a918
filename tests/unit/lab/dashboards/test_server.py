"""Host, proxy and runs: the same disks as the measures, the limits of the environment, and what needs an event says so."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from lab.dashboards import server
from lab.dashboards.building import dashboards
from runbook_lib.environment import Environment
from tests.unit.staging.conftest import environment

__all__ = ["environment"]

ROOT = Path(__file__).parents[4]


def test_disks_are_those_of_the_recorded_measure(environment: Environment) -> None:
    measures = (ROOT / "staging/prometheus/rules/measures.yml").read_text()
    assert server.DISKS in measures
    limits = {panel.title: panel.limit for panel in server.host(environment).panels}
    assert (limits["Processors"], limits["Disks"]) == (80, 85)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not on this machine")
def test_a_lock_that_a_dead_holder_left_behind_is_shown_as_free(tmp_path: Path) -> None:
    """promtool evaluates the panel's own query: an hour under the lock, then its holder is dead."""
    series = [{"series": 'runbook_lock_held_since_timestamp_seconds{run="a"}', "values": "0x120"},
              {"series": 'runbook_lock_heartbeat_timestamp_seconds{run="a"}', "values": "0+60x60 3600x60"}]
    asked = [{"expr": f"max({server.HELD_S}) or vector(0)", "eval_time": at, "exp_samples": [{"labels": "{}", "value": value}]}
             for at, value in (("30m", 1800), ("80m", 0))]
    (tmp_path / "cases.yml").write_text(yaml.safe_dump({"rule_files": [], "evaluation_interval": "1m", "tests": [
        {"interval": "1m", "input_series": series, "promql_expr_test": asked}]}))
    done = subprocess.run(("promtool", "test", "rules", str(tmp_path / "cases.yml")), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_and_the_certificate_have_the_limits_of_their_alerts(environment: Environment) -> None:
    limits = {panel.title: (panel.limit, panel.below) for panel in server.runs(environment).panels}
    assert limits["The lock is held for"] == (4 * 3600, False)
    assert limits["The certificate lasts for"] == (14 * 86400, True)


def test_a_metric_of_scheduled_jobs_names_the_event_it_waits_for_and_no_other_does() -> None:
    queries = [one for board in dashboards() for panel in board.panels for one in panel.queries]
    by_jobs = re.compile(r"runbook_scheduled_job|runbook_certificate")
    assert [one.expression for one in queries if bool(one.exists_after) != bool(by_jobs.search(one.expression))] == []


def test_every_metric_of_scheduled_jobs_is_one_that_a_job_writes(environment: Environment) -> None:
    wrapper = (ROOT / "runbook_lib/recovery/programs/job_wrapper.sh").read_text()
    written = set(re.findall(r"gauge (\w+) ", wrapper))
    shown = " ".join(one.expression for board in dashboards() for panel in board.panels for one in panel.queries)
    assert set(re.findall(r"runbook_scheduled_job_(\w+)", shown)) == written
    assert {panel.title: panel.limit for panel in server.runs(environment).panels}["Since the last success"] == 26 * 3600


def test_the_proxy_says_whether_nginx_answers(environment: Environment) -> None:
    first = server.proxy(environment).panels[0]
    assert (first.limit, first.below, first.is_figure) == (1, True, True)
