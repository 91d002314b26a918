"""What an environment allows a drill of alerts: typed and bounded; a wrong word is named by its path before any contact."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.environment import Environment, load_environment
from tests.unit.environment_doubles import faults_of, overlay

INSTANCE = "instance: {service: backend, network: app, alias: backend, port: 8000, errors: /health, answers: /api/v1/health}"
DISK = "{by: disk, directory: /srv, at_most_gb: 20, leave_gb: 5}"


def drill(text: str) -> str:
    return f"alert_drill: {{maximum_age_h: 744, {text}}}"


def test_staging_allows_no_drill_until_its_file_says_so(staging: Environment) -> None:
    assert staging.alert_drill is None


def test_the_lab_allows_a_drill_of_every_condition_of_the_plan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "parameters/environments/lab.yaml").read_text().partition("alert_drill:")[2]
    lab = load_environment(overlay(tmp_path, f"alert_drill:{text}"))
    assert lab.alert_drill is not None
    assert set(lab.alert_drill.conditions) == set(lab.alerts.conditions)


def test_limits_are_read_as_they_are_written(tmp_path: Path) -> None:
    made = load_environment(overlay(tmp_path, drill(f"windows: [weekly], conditions: {{DiskUsageHigh: {DISK}}}")))
    assert made.alert_drill is not None
    one = made.alert_drill.conditions["DiskUsageHigh"]
    assert (one.by, one.directory, one.at_most_gb, one.leave_gb) == ("disk", "/srv", 20, 5)
    assert made.alert_drill.windows == ("weekly",)


@pytest.mark.parametrize(("text", "fault"), [
    (drill("conditions: {}"), "alert_drill.conditions"),
    (drill("conditions: {CpuUsageHigh: {by: fire}}"), "alert_drill.conditions.CpuUsageHigh.by: should be one of"),
    (drill("conditions: {CpuUsageLow: {by: cpu}}"), "alert_drill.conditions.CpuUsageLow: there is no condition 'CpuUsageLow'"),
    (drill("conditions: {'Cpu; reboot': {by: cpu}}"), "alert_drill.conditions.Cpu; reboot"),
    (drill("conditions: {CpuUsageHigh: {by: cpu, at_most_mb: 100}}"), "at_most_mb: means nothing to cpu"),
    (drill("conditions: {MemoryUsageHigh: {by: memory, at_most_mb: 100}}"), "leave_mb: is missing"),
    (drill("conditions: {MemoryUsageHigh: {by: memory, at_most_mb: 1, leave_mb: 64}}"), "at_most_mb: should be at least 64"),
    (drill("conditions: {DiskUsageHigh: {by: disk, directory: srv, at_most_gb: 1, leave_gb: 1}}"), "DiskUsageHigh.directory"),
    (drill(f"conditions: {{ServiceUnhealthy: {DISK}}}"), "alert_drill.conditions.ServiceUnhealthy.by: disk is filled to a percentage"),
    (drill("conditions: {ErrorRateHigh: {by: failing_instance}}"),
     "alert_drill.conditions.ErrorRateHigh.by: failing_instance needs alert_drill.instance"),
    (drill(f"conditions: {{CpuUsageHigh: {{by: cpu}}}}, {INSTANCE.replace('backend,', 'back,', 1)}"), "there is no service 'back'"),
    (drill(f"conditions: {{CpuUsageHigh: {{by: cpu}}}}, {INSTANCE.replace('app', 'apps', 1)}"), "there is no network 'apps'"),
    (drill(f"conditions: {{CpuUsageHigh: {{by: cpu}}}}, {INSTANCE[:-1]}, variables: {{A: 'x y'}}}}"), "instance.variables.A"),
    (drill(f"conditions: {{CpuUsageHigh: {{by: cpu}}}}, {INSTANCE[:-1]}, requests: 100000}}"), "instance.requests: should be at most 500"),
    (drill("conditions: {CpuUsageHigh: {by: cpu}}, windows: [daily]"), "alert_drill.windows: there is no window 'daily'"),
    (drill("conditions: {CpuUsageHigh: {by: cpu}}, hold_s: 86400"), "alert_drill.hold_s: should be at most 600"),
    (drill("conditions: {CpuUsageHigh: {by: cpu}}, holds: 5"), "alert_drill.holds"),
])
def test_what_no_drill_could_do_is_refused_by_its_path(tmp_path: Path, text: str, fault: str) -> None:
    assert any(fault in one for one in faults_of(overlay(tmp_path, text))), faults_of(overlay(tmp_path, text))
