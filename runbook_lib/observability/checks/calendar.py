"""What has to be done again and again, when it was done last, and until when it has to be done next. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.past_runs import PastRun
from runbook_lib.core.text import listed
from runbook_lib.environment import Environment
from runbook_lib.observability.facts.alert_drills import AlertDrills
from runbook_lib.platform.facts.certificates import Certificate
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.recovery.facts.backups import Backups
from runbook_lib.recovery.facts.drills import Drills
from runbook_lib.recovery.facts.installed_schedules import InstalledSchedules
from runbook_lib.recovery.facts.schedules import BACKUP_CONFIGURATION, BACKUP_DATABASE

CLOCKS_DIFFER = timedelta(minutes=5)  # by so much, a time may be ahead of the server's clock and be true
_BY_HAND = "33_backup_configuration"
_FORM = "%Y-%m-%d %H:%M UTC"


@dataclass(frozen=True)
class Duty:
    """One thing that falls due: done `last`, to be done again before `due`, by `notebook`. Times in UTC.

    `last` None: never, or not known, as `verdict` says. `automatic` is the next time at which a job does it.
    """

    name: str
    last: datetime | None
    due: datetime | None
    verdict: Verdict
    state: str
    notebook: str
    automatic: datetime | None = None

    @property
    def row(self) -> dict[str, str]:
        """The duty as a row of a table."""
        return {"what": self.name, "last": f"{self.last:{_FORM}}" if self.last else "–",
                "due before": f"{self.due:{_FORM}}" if self.due else "–", "verdict": str(self.verdict),
                "state": self.state, "automatic": f"{self.automatic:{_FORM}}" if self.automatic else "no",
                "open": self.notebook}


@dataclass(frozen=True)
class Calendar:
    """All duties; what is due first is first."""

    duties: tuple[Duty, ...]

    @property
    def table(self) -> tuple[dict[str, str], ...]:
        """One row a duty."""
        return tuple(duty.row for duty in self.duties)

    def with_capacity_review(self, environment: Environment, last: PastRun | None, now: datetime) -> Calendar:
        """The same with the capacity review, whose `last` run is the archive's: None where there was none."""
        rules = environment.capacity
        if not rules.resources:
            return self
        duty = _repeated("capacity review", last.at if last else None, rules.maximum_age_h, now, "61 Capacity review",
                         never="none in this archive")
        return Calendar(_by_due((*self.duties, duty), now))


def calendar(environment: Environment, deployed: Deployed, backups: Backups, schedules: InstalledSchedules,
             drills: Drills | None, certificate: Certificate | None,
             done: Mapping[str, datetime] | None = None, alert_drills: AlertDrills | None = None,
             passed: Mapping[str, datetime] | None = None) -> Calendar:
    """Backups, drills and certificate, by the server's clock, and what the archive here has, by ours; the first first.

    `done`: when runbooks were last done, `passed` with a good end, for those that leave their record in the archive
    alone; a backup of the configuration by hand is as good as a job's. None for drills or certificate: they could not
    be had. Before the first deployment no certificate is presented.
    """
    now, ours = backups.server_clock, backups.our_clock
    newest = backups.newest
    last_drill = drills.last_passed if drills else None
    backup, drill = (
        _repeated("database backup", newest.taken_at if newest else None, environment.backup.maximum_age_h, now,
                  "30 Back up the database", automatic=_next(schedules, BACKUP_DATABASE)),
        _repeated("restore drill", last_drill.at if last_drill else None, environment.restore_drill.maximum_age_h, now,
                  "31 Restore drill", known=drills is not None))
    if environment.database is None:
        backup, drill = (_absent(one, environment.no_database_reason) for one in (backup, drill))
    duties: tuple[Duty, ...] = (
        backup,
        _configuration_backup(environment, schedules, (done or {}).get(_BY_HAND), (passed or {}).get(_BY_HAND), now,
                              ours),
        drill,
        _alert_drill(environment, alert_drills, now),
        _certificate(environment, certificate, now, live=deployed.live_colour is not None),
    )
    bounds = environment.load_target
    if bounds is not None and done is not None:
        duties += (_repeated("load test", done.get("60_load_test"), bounds.maximum_age_h, ours, "60 Load test"),)
    return Calendar(_by_due(duties, now))


def _by_due(duties: tuple[Duty, ...], now: datetime) -> tuple[Duty, ...]:
    """What is due first is first; what this environment lacks is never due, and stands last."""
    return tuple(sorted(duties, key=lambda one: (one.verdict is Verdict.NOT_APPLICABLE, one.due or now)))


def nothing_is_overdue(calendar: Calendar) -> Finding:
    """One finding for the whole calendar: overdue is a warning, a certificate that is not valid now a failure.

    It names all that is not in time or not known, the worst first: one that failed does not hide what is overdue.
    """
    check, expected, known = "nothing is overdue", "all done in time", calendar.duties
    worst = Verdict.worst(one.verdict for one in known)
    late = [one for verdict in (Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.WARNING)
            for one in known if one.verdict is verdict]
    if not late:
        coming = next((one for one in known if one.due is not None), None)
        return Finding(check, worst, f"next: {coming.name} before {coming.due:{_FORM}}" if coming
                       else "nothing falls due", expected)
    return Finding(check, worst, "; ".join(f"{one.name}: {one.state}" for one in late), expected,
                   f"Open {listed(dict.fromkeys(one.notebook for one in late))}.")


def _absent(duty: Duty, reason: str) -> Duty:
    return Duty(duty.name, None, None, Verdict.NOT_APPLICABLE, f"not here: {reason}", duty.notebook)


def _repeated(name: str, last: datetime | None, maximum_age_h: int, now: datetime, notebook: str, *,
              never: str = "never", known: bool = True, automatic: datetime | None = None) -> Duty:
    if not known:
        return Duty(name, None, None, Verdict.INCONCLUSIVE, "not known: its record did not answer", notebook, automatic)
    if last is None:
        return Duty(name, None, None, Verdict.WARNING, never, notebook, automatic)
    if last > now + CLOCKS_DIFFER:  # else it would count as done until then, and longer
        return Duty(name, last, None, Verdict.WARNING, f"dated in the future: {last:{_FORM}}", notebook, automatic)
    due = last + timedelta(hours=maximum_age_h)
    verdict = Verdict.PASSED if now <= due else Verdict.WARNING
    return Duty(name, last, due, verdict, _distance(due, now), notebook, automatic)


def _configuration_backup(environment: Environment, schedules: InstalledSchedules, done: datetime | None,
                          passed: datetime | None, now: datetime, ours: datetime) -> Duty:
    """By the newest good one, whether a job made it, dated by the server, or an operator, dated here."""
    status = schedules.statuses.get(BACKUP_CONFIGURATION)
    by_job = status.last_success if status else None
    by_hand = passed is not None and (by_job is None or ours - passed <= now - by_job)
    duty = _repeated("configuration backup", passed if by_hand else by_job,
                     environment.configuration_backup.maximum_age_h, ours if by_hand else now,
                     "33 Back up the configuration", never=_none_by_schedule(schedules, done),
                     automatic=_next(schedules, BACKUP_CONFIGURATION))
    return replace(duty, state=f"{duty.state}; by hand") if by_hand and duty.due is not None else duty


def _alert_drill(environment: Environment, drills: AlertDrills | None, now: datetime) -> Duty:
    name, notebook = "alert drill", "42 Alert drill"
    if environment.alert_drill is None:
        return Duty(name, None, None, Verdict.NOT_APPLICABLE, "the environment file has no alert_drill", notebook)
    whole = drills.last_whole if drills else None
    return _repeated(name, whole.at if whole else None, environment.alert_drill.maximum_age_h, now, notebook,
                     known=drills is not None)


def _certificate(environment: Environment, certificate: Certificate | None, now: datetime, *, live: bool) -> Duty:
    name, notebook = "certificate", "10 Preflight"
    if environment.public.no_tls_reason:
        return Duty(name, None, None, Verdict.NOT_APPLICABLE, f"not here: {environment.public.no_tls_reason}",
                    notebook)
    if certificate is None and not live:
        return Duty(name, None, None, Verdict.WARNING, "nothing is deployed yet", notebook)
    if certificate is None:
        return Duty(name, None, None, Verdict.INCONCLUSIVE, "not known: the address did not answer", notebook)
    due = certificate.not_after - timedelta(days=environment.certificate_minimum_days)
    if now > certificate.not_after:
        words = f"EXPIRED {certificate.not_after:{_FORM}}"
        return Duty(name, certificate.not_before, due, Verdict.FAILED, words, notebook)
    if now < certificate.not_before:  # browsers refuse it as they refuse one that has expired
        words = f"NOT VALID BEFORE {certificate.not_before:{_FORM}}"
        return Duty(name, certificate.not_before, due, Verdict.FAILED, words, notebook)
    verdict = Verdict.PASSED if now <= due else Verdict.WARNING
    return Duty(name, certificate.not_before, due, verdict, _distance(due, now), notebook)


def _none_by_schedule(schedules: InstalledSchedules, by_hand: datetime | None) -> str:
    """When the first one comes, and when the runbook was last done: whether that was good is in its own report."""
    first = _next(schedules, BACKUP_CONFIGURATION)
    return "; ".join(("none by schedule", *((f"the first {first:{_FORM}}",) if first else ()),
                      *((f"last done by hand {by_hand:{_FORM}}",) if by_hand else ())))


def _next(schedules: InstalledSchedules, name: str) -> datetime | None:
    planned = next((one for one in schedules.planned if one.name == name), None)
    return planned.next_run(schedules.clock) if planned and schedules.is_active(name) else None


def _distance(due: datetime, now: datetime) -> str:
    """How far a time is: `in 3 days`, `overdue by 5 h`."""
    hours = abs((due - now).total_seconds()) / 3600
    words = f"{hours / 24:.0f} days" if hours >= 72 else f"{hours:.0f} h"
    return f"in {words}" if due >= now else f"OVERDUE by {words}"
