"""What falls due: by the server's clock, the next first, and what is not known never taken for done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.core.past_runs import PastRun
from runbook_lib.environment import load_environment
from runbook_lib.environment.capacity import Capacity
from runbook_lib.observability.checks.calendar import Calendar, Duty, calendar, nothing_is_overdue
from runbook_lib.observability.checks.calendar import _certificate as _certificate_duty
from runbook_lib.observability.facts.alert_drills import AlertDrillRecord, AlertDrills
from runbook_lib.observability.facts.alert_timeline import AlertPath
from runbook_lib.platform.facts.certificates import Certificate
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.recovery.facts.backups import Backup, Backups
from runbook_lib.recovery.facts.drills import Drill, DrillOutcome, Drills
from runbook_lib.recovery.facts.installed_schedules import InstalledSchedules, JobOutcome, JobStatus
from runbook_lib.recovery.facts.schedules import BACKUP_CONFIGURATION, planned_schedules
from tests.unit.data_values import environment_with
from tests.unit.environment_doubles import overlay
from tests.unit.observability_doubles import staging
from tests.unit.shop_environment import shop

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)  # a Friday


def made(*, backup_h: float | None = 10, configuration_h: float | None = 100, drill_h: float | None = 50,
         certificate_days: float | None = 60, issued_h: float = 720, drills_known: bool = True,
         installed: bool = False, deployed: bool = True, by_hand: bool = False,
         passed_h: float | None = None) -> Calendar:
    """The calendar where each thing was done so many hours ago; None: never, of the certificate: no answer."""
    ago = {name: NOW - timedelta(hours=hours or 0) for name, hours in
           (("backup", backup_h), ("configuration", configuration_h), ("drill", drill_h))}
    backups = Backups("/b", "d", NOW, NOW, True,
                      backups=() if backup_h is None else (Backup(name="b", taken_at=ago["backup"], size_bytes=1, manifest=_manifest()),))
    status = JobStatus(JobOutcome.SUCCEEDED, 0, ago["configuration"], 1, ago["configuration"], "", "", "timer")
    planned = planned_schedules(staging())
    schedules = InstalledSchedules(
        planned, NOW, "deploy", "/h", "UTC", frozenset(), "", {}, {one.name: NOW for one in planned} if installed else {},
        {} if configuration_h is None else {BACKUP_CONFIGURATION: status}, frozenset(),
        frozenset(one.name for one in planned) if installed else frozenset())
    drill = Drill(ago["drill"], "r", "b", "s", DrillOutcome.PASSED, "read", "", 1.0)
    drills = Drills(() if drill_h is None else (drill,)) if drills_known else None
    live = Deployed("green" if deployed else None, None, None, None, None, frozenset(), ())
    return calendar(staging(), live, backups, schedules, drills, None if certificate_days is None else _certificate(certificate_days, issued_h),
                    {"33_backup_configuration": NOW - timedelta(hours=1)} if by_hand else None,
                    passed={} if passed_h is None else {"33_backup_configuration": NOW - timedelta(hours=passed_h)})


def _manifest() -> Any:
    class Whole:
        file, size_bytes, database, number = "b", 1, "staging_db", 1

    return Whole()


def _certificate(days: float, issued_h: float) -> Certificate:
    return Certificate("s", "i", (), NOW - timedelta(hours=issued_h), NOW + timedelta(days=days), "d", "TLSv1.3", "c", "", {})


@pytest.fixture(autouse=True)
def _the_name_is_a_backups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backup, "good", property(lambda self: True))


def duty(name: str, **done: Any) -> Duty:
    return next(one for one in made(**done).duties if one.name == name)


def test_a_configuration_backup_by_hand_and_the_first_by_schedule_are_named_where_none_was_scheduled_yet() -> None:
    found = duty("configuration backup", configuration_h=None, by_hand=True, installed=True)
    assert found.automatic is not None
    assert found.state == f"none by schedule; the first {found.automatic:%Y-%m-%d %H:%M UTC}; last done by hand 2026-11-27 11:00 UTC"


@pytest.mark.parametrize(("configuration_h", "passed_h", "last_h", "verdict"), [
    (None, 1, 1, Verdict.PASSED), (300, 1, 1, Verdict.PASSED), (2, 300, 2, Verdict.PASSED), (None, 300, 300, Verdict.WARNING),
])
def test_a_good_configuration_backup_by_hand_counts_as_one(
    configuration_h: float | None, passed_h: float, last_h: float, verdict: Verdict
) -> None:
    found = duty("configuration backup", configuration_h=configuration_h, passed_h=passed_h)
    assert (found.last, found.verdict) == (NOW - timedelta(hours=last_h), verdict)
    assert found.state.endswith("; by hand") is (last_h == passed_h)


def test_all_in_time_passes_and_names_what_is_next() -> None:
    found = made()
    assert [one.name for one in found.duties] == ["database backup", "configuration backup", "restore drill", "certificate", "alert drill"]
    finding = nothing_is_overdue(found)
    assert (finding.verdict, finding.measured) == (Verdict.PASSED, "next: database backup before 2026-11-28 04:00 UTC")


@pytest.mark.parametrize(("done", "name", "verdict", "state"), [
    ({"backup_h": 27}, "database backup", Verdict.WARNING, "OVERDUE by 1 h"),
    ({"backup_h": None}, "database backup", Verdict.WARNING, "never"),
    ({"configuration_h": 300}, "configuration backup", Verdict.WARNING, "OVERDUE by 4 days"),
    ({"configuration_h": None}, "configuration backup", Verdict.WARNING, "none by schedule"),
    ({"drill_h": 169}, "restore drill", Verdict.WARNING, "OVERDUE by 1 h"),
    ({"drill_h": 168}, "restore drill", Verdict.PASSED, "in 0 h"),
    ({"drill_h": None}, "restore drill", Verdict.WARNING, "never"),
    ({"drills_known": False}, "restore drill", Verdict.INCONCLUSIVE, "not known: its record did not answer"),
    ({"certificate_days": 13}, "certificate", Verdict.WARNING, "OVERDUE by 24 h"),
    ({"certificate_days": -1}, "certificate", Verdict.FAILED, "EXPIRED 2026-11-26 12:00 UTC"),
    # a clock that was wrong, or a file that was touched: it would count as done until that time, and longer
    ({"backup_h": -24}, "database backup", Verdict.WARNING, "dated in the future: 2026-11-28 12:00 UTC"),
    ({"backup_h": -0.1}, "database backup", Verdict.WARNING, "dated in the future: 2026-11-27 12:06 UTC"),
    ({"backup_h": -0.08}, "database backup", Verdict.PASSED, "in 26 h"),  # clocks differ by a little
    ({"configuration_h": -1}, "configuration backup", Verdict.WARNING, "dated in the future: 2026-11-27 13:00 UTC"),
    ({"drill_h": -9000}, "restore drill", Verdict.WARNING, "dated in the future: 2027-12-07 12:00 UTC"),
    ({"issued_h": -1}, "certificate", Verdict.FAILED, "NOT VALID BEFORE 2026-11-27 13:00 UTC"),
    ({"issued_h": -1, "certificate_days": 1}, "certificate", Verdict.FAILED, "NOT VALID BEFORE 2026-11-27 13:00 UTC"),
    ({"certificate_days": None}, "certificate", Verdict.INCONCLUSIVE, "not known: the address did not answer"),
    ({"certificate_days": None, "deployed": False}, "certificate", Verdict.WARNING, "nothing is deployed yet"),
])
def test_what_is_overdue_or_not_known_is_named_with_its_notebook(done: dict[str, Any], name: str, verdict: Verdict, state: str) -> None:
    one = duty(name, **done)
    assert (one.verdict, one.state) == (verdict, state)
    finding = nothing_is_overdue(made(**done))
    assert finding.verdict is verdict
    assert verdict is Verdict.PASSED or (f"{name}: {state}" in finding.measured and one.notebook in finding.next_step)


def test_what_is_overdue_stands_before_what_is_not() -> None:
    assert next(one.name for one in made(drill_h=500).duties) == "restore drill"


def test_a_job_that_does_it_automatically_is_shown_with_its_next_time() -> None:
    rows = {row["what"]: row["automatic"] for row in made(installed=True).table}
    assert rows == {"database backup": "2026-11-28 02:00 UTC", "configuration backup": "2026-11-29 03:00 UTC",
                    "restore drill": "no", "certificate": "no", "alert drill": "no"}
    assert {row["automatic"] for row in made().table} == {"no"}


def test_an_empty_calendar_has_proven_nothing() -> None:
    assert nothing_is_overdue(Calendar(())).verdict is Verdict.INCONCLUSIVE


def test_all_that_is_not_in_time_is_named_the_worst_first_with_every_notebook() -> None:
    finding = nothing_is_overdue(made(certificate_days=-1, drills_known=False, backup_h=27, configuration_h=None))
    assert finding.verdict is Verdict.FAILED
    assert finding.measured == ("certificate: EXPIRED 2026-11-26 12:00 UTC; restore drill: not known: its record did not answer; "
                                "database backup: OVERDUE by 1 h; configuration backup: none by schedule")
    assert finding.next_step == ("Open 10 Preflight, 31 Restore drill, 30 Back up the database and "
                                 "33 Back up the configuration.")


def test_what_is_not_known_does_not_hide_what_is_overdue() -> None:
    finding = nothing_is_overdue(made(drills_known=False, backup_h=27))
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert "database backup: OVERDUE by 1 h" in finding.measured
    assert "30 Back up the database" in finding.next_step


def test_what_is_dated_in_the_future_is_not_what_is_due_next() -> None:
    assert next(one.name for one in made(backup_h=-24).duties) == "database backup"


def reviewed(hours: float | None) -> Duty:
    past = None if hours is None else PastRun("20261127T000000Z-abcdef", NOW - timedelta(hours=hours), "warning")
    return next(one for one in made().with_capacity_review(staging(), past, NOW).duties if one.name == "capacity review")


def test_a_capacity_review_is_due_again_after_five_weeks() -> None:
    assert (reviewed(24).verdict, reviewed(24).state) == (Verdict.PASSED, "in 34 days")
    assert (reviewed(900).verdict, reviewed(900).notebook) == (Verdict.WARNING, "61 Capacity review")
    assert (reviewed(None).verdict, reviewed(None).state) == (Verdict.WARNING, "none in this archive")


def test_what_is_due_first_stays_first_with_a_capacity_review() -> None:
    past = PastRun("20261127T000000Z-abcdef", NOW - timedelta(hours=839), "passed")
    assert made().with_capacity_review(staging(), past, NOW).duties[0].name == "capacity review"


def test_without_resources_no_review_is_due() -> None:
    nothing = staging().model_copy(update={"capacity": Capacity()})
    assert made().with_capacity_review(nothing, None, NOW) == made()


def load_tests(environment: Any, done: dict[str, datetime] | None, off_h: float = 0) -> list[Duty]:
    """The duty where the server's clock is so many hours ahead of ours."""
    backups = Backups("/b", "d", NOW + timedelta(hours=off_h), NOW, True)
    schedules = InstalledSchedules(planned_schedules(environment), NOW, "deploy", "/h", "UTC", frozenset(), "", {}, {}, {}, frozenset(), frozenset())
    live = Deployed("green", None, None, None, None, frozenset(), ())
    return [one for one in calendar(environment, live, backups, schedules, None, None, done).duties if one.name == "load test"]


@pytest.mark.parametrize("off_h", [-24 * 400, -1, 1, 24 * 400])
def test_a_wrong_clock_of_the_server_makes_no_load_test_older_or_younger(off_h: float) -> None:
    """The archive here dates it: one that was overdue counted as in time, one of today as overdue or in the future."""
    hours = staging().load_test.maximum_age_h
    for ago in (1, hours + 5):
        done = {"60_load_test": NOW - timedelta(hours=ago)}
        assert load_tests(staging(), done, off_h) == load_tests(staging(), done)


@pytest.mark.parametrize(("off_h", "job_h", "hand_h"), [(-24 * 400, 10, 2), (24 * 400, 10, 2), (24 * 400, 2, 10), (-24 * 400, 2, 10)])
def test_a_backup_by_hand_and_one_by_a_job_are_each_as_old_as_their_own_clock_says(off_h: float, job_h: float, hand_h: float) -> None:
    server = NOW + timedelta(hours=off_h)
    status = JobStatus(JobOutcome.SUCCEEDED, 0, server - timedelta(hours=job_h), 1, server - timedelta(hours=job_h), "", "", "timer")
    schedules = InstalledSchedules(planned_schedules(staging()), server, "deploy", "/h", "UTC", frozenset(), "", {}, {},
                                   {BACKUP_CONFIGURATION: status}, frozenset(), frozenset())
    found = calendar(staging(), Deployed(None, None, None, None, None, frozenset(), ()), Backups("/b", "d", server, NOW, True), schedules, None, None,
                     passed={"33_backup_configuration": NOW - timedelta(hours=hand_h)})
    (duty,) = [one for one in found.duties if one.name == "configuration backup"]
    assert (duty.verdict, duty.state.endswith("by hand")) == (Verdict.PASSED, hand_h < job_h)


def test_a_load_test_is_due_where_the_environment_is_a_target() -> None:
    due = load_tests
    hours = staging().load_test.maximum_age_h
    (fresh,) = due(staging(), {"60_load_test": NOW - timedelta(hours=hours - 1)})
    (late,) = due(staging(), {"60_load_test": NOW - timedelta(hours=hours + 5)})
    (never,) = due(staging(), {"61_other": NOW})
    assert [one.verdict for one in (fresh, late, never)] == [Verdict.PASSED, Verdict.WARNING, Verdict.WARNING]
    assert (late.state, never.state, late.notebook) == ("OVERDUE by 5 h", "never", "60 Load test")
    assert due(environment_with({"load_test.target": "other"}), {}) == []  # what may not be put under load has no such duty


DRILLED = """
alert_drill:
  maximum_age_h: 744
  conditions: {CpuUsageHigh: {by: cpu}}
"""


def alert_drill(folder: Path, drills: AlertDrills | None, text: str = DRILLED) -> Duty:
    """The duty where these drills are recorded; None: the record did not answer."""
    environment = load_environment(overlay(folder, text))
    found = calendar(environment, Deployed(None, None, None, None, None, frozenset(), ()), Backups("/b", "d", NOW, NOW, True),
                     InstalledSchedules(planned_schedules(environment), NOW, "deploy", "/h", "UTC", frozenset(), "", {}, {}, {},
                                        frozenset(), frozenset()), None, None, None, drills)
    return next(one for one in found.duties if one.name == "alert drill")


def recorded(days: float, **differs: Any) -> AlertDrillRecord:
    """A drill of so many days ago, in which everything arrived."""
    path = AlertPath("CpuUsageHigh", 1.0, 20.0, 5.0, 10.0, 10.0, over=30.0, sent={"email": 11.0}, end_sent={"email": 31.0})
    return replace(AlertDrillRecord(NOW - timedelta(days=days), f"r{days}", "done", "", 40.0, True, 5.0, (path,), {}), **differs)


def test_an_alert_drill_is_due_as_the_environment_says(tmp_path: Path) -> None:
    assert alert_drill(tmp_path, AlertDrills((recorded(3),))).state == "in 28 days"
    late = alert_drill(tmp_path, AlertDrills((recorded(40),)))
    assert (late.verdict, late.state, late.notebook) == (Verdict.WARNING, "OVERDUE by 9 days", "42 Alert drill")


def test_only_a_drill_in_which_everything_arrived_counts(tmp_path: Path) -> None:
    lost = AlertPath("CpuUsageHigh", 1.0, 20.0, 5.0, 10.0, 10.0, over=30.0, sent={"email": None})
    for one in (recorded(1, outcome="error"), recorded(1, undone=False), recorded(1, paths=()), recorded(1, paths=(lost,))):
        assert alert_drill(tmp_path, AlertDrills((recorded(3), one))).state == "in 28 days"
        assert alert_drill(tmp_path, AlertDrills((one,))).state == "never"


def test_an_alert_drill_that_is_not_known_is_not_taken_for_done(tmp_path: Path) -> None:
    assert alert_drill(tmp_path, None).verdict is Verdict.INCONCLUSIVE
    assert alert_drill(tmp_path, AlertDrills(), "title: Mine").verdict is Verdict.NOT_APPLICABLE


def test_where_users_come_by_plain_http_no_certificate_falls_due() -> None:
    plain = shop(public={"url": "http://10.0.0.5:8080", "no_tls_reason": "a closed network"})
    found = _certificate_duty(plain, None, NOW, live=True)
    assert (found.verdict, found.state, found.due) == (Verdict.NOT_APPLICABLE, "not here: a closed network", None)
