"""A real Alertmanager with the environment's file: what follows from a cause is inhibited, what is a cause of its own is not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.unit.alertmanager_server import serving

CAUSE = {"alertname": "ServiceUnhealthy", "job": "postgres", "severity": "critical"}


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("alertmanager")) as address:
        yield address


SETTLE_S = 0.5


def firing(alertmanager: str, *alerts: dict[str, str]) -> dict[str, bool]:
    """Whether each of the alerts is inhibited when exactly these fire, by its name."""
    posted = [{"labels": labels, "annotations": {}} for labels in alerts]
    requests.post(f"{alertmanager}/api/v2/alerts", json=posted, timeout=60).raise_for_status()
    time.sleep(SETTLE_S)  # it takes an alert, and only then hands it to what inhibits others
    listed: list[dict[str, Any]] = requests.get(f"{alertmanager}/api/v2/alerts", timeout=60).json()
    found = {one["labels"]["alertname"]: bool(one["status"]["inhibitedBy"]) for one in listed if one["labels"] in alerts}
    ended = [{"labels": labels, "annotations": {}, "endsAt": "2020-01-01T00:00:00Z"} for labels in alerts]
    requests.post(f"{alertmanager}/api/v2/alerts", json=ended, timeout=60).raise_for_status()
    return found


@pytest.mark.parametrize("symptom", [
    {"alertname": "ApiResponseTimeHigh", "quantile": "0.95", "severity": "warning"},
    {"alertname": "ErrorRateHigh", "severity": "critical"},
    {"alertname": "TargetDown", "job": "postgres", "severity": "warning"},
], ids=lambda labels: labels["alertname"])
def test_what_follows_from_a_service_that_is_down_calls_no_engineer_again(
    alertmanager: str, symptom: dict[str, str]
) -> None:
    assert firing(alertmanager, symptom) == {symptom["alertname"]: False}
    assert firing(alertmanager, CAUSE, symptom) == {"ServiceUnhealthy": False, symptom["alertname"]: True}


@pytest.mark.parametrize("other", [
    {"alertname": "TargetDown", "job": "node", "severity": "warning"},
    {"alertname": "DiskUsageHigh", "mountpoint": "/", "severity": "critical"},
    {"alertname": "ScheduledJobFailed", "schedule": "backup_database", "severity": "critical"},
], ids=lambda labels: labels["alertname"])
def test_what_has_a_cause_of_its_own_is_reported_meanwhile(alertmanager: str, other: dict[str, str]) -> None:
    assert firing(alertmanager, CAUSE, other)[other["alertname"]] is False


def test_a_disk_is_inhibited_by_itself_and_not_by_another(alertmanager: str) -> None:
    soon = {"alertname": "DiskFullSoon", "mountpoint": "/", "severity": "warning"}
    full = {"alertname": "DiskUsageHigh", "severity": "critical"}
    assert firing(alertmanager, soon, full | {"mountpoint": "/"})["DiskFullSoon"] is True
    assert firing(alertmanager, soon, full | {"mountpoint": "/backups"})["DiskFullSoon"] is False


def test_metrics_that_a_blind_spot_explains_are_inhibited(alertmanager: str) -> None:
    gone = {"alertname": "MetricGone", "metric": "pg_up", "severity": "warning"}
    blind = {"alertname": "TargetDown", "job": "redis", "severity": "warning"}
    assert firing(alertmanager, gone)["MetricGone"] is False
    assert firing(alertmanager, gone, blind)["MetricGone"] is True


@pytest.mark.parametrize(("behind_s", "active"), [(0, True), (240 + 60, False)], ids=["by the same clock", "five minutes behind"])
def test_an_alert_of_a_prometheus_whose_clock_is_late_has_ended_when_it_comes(alertmanager: str, behind_s: float, active: bool) -> None:
    """As Prometheus sends one: it ends four minutes after its own time. This is what 40 and 42 call a failure of its clock."""
    theirs = datetime.now(UTC) - timedelta(seconds=behind_s)
    alert = {"labels": {"alertname": f"Late{behind_s}"}, "startsAt": theirs.isoformat(), "endsAt": (theirs + timedelta(minutes=4)).isoformat()}
    requests.post(f"{alertmanager}/api/v2/alerts", json=[alert], timeout=60).raise_for_status()
    listed = requests.get(f"{alertmanager}/api/v2/alerts", timeout=60).json()
    assert (alert["labels"] in [one["labels"] for one in listed]) is active
