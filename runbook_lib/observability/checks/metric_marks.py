"""What happened while metrics were measured: deployments, backups, alerts and drills, each with its time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from runbook_lib.observability.facts.metric_history import AlertPeriod, MetricsWindow
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.recovery.facts.backups import Backups

DEPLOYMENT, BACKUP, ALERT, DRILL = "deployment", "backup", "alert", "alert drill"


@dataclass(frozen=True)
class Mark:
    """Something that happened in the window, by its `kind`, from `at` to `end` (UTC)."""

    kind: str
    name: str
    at: datetime
    end: datetime
    label: str

    @property
    def in_words(self) -> str:
        """It in a sentence: of a deployment the version, and not the run's id, which the table has."""
        return f"the deployment of {self.label}" if self.kind == DEPLOYMENT else self.name


def marks_of(window: MetricsWindow, deployed: Deployed | Unanswered, backups: Backups | Unanswered,
             alerts: tuple[AlertPeriod, ...] | Unanswered) -> tuple[Mark, ...]:
    """Deployments, backups, alerts and alert drills within the window, oldest first."""
    found = []
    if isinstance(deployed, Deployed):
        found += [Mark(DEPLOYMENT, f"deployment {one.run_id} ({one.version})", one.begun, one.at, one.version)
                  for one in deployed.releases]
    if isinstance(backups, Backups):
        found += [Mark(BACKUP, f"backup {one.name}", one.taken_at, one.taken_at, "backup") for one in backups.backups]
    if not isinstance(alerts, Unanswered):
        found += [Mark(ALERT, f"alert {one.name}{' of a drill' if one.drill else ''}", one.begin, one.end,
                       f"{one.name}{' (drill)' if one.drill else ''}") for one in alerts]
    found += [Mark(DRILL, f"the alert drill of {one.begin:%H:%M}", one.begin, one.end, "alert drill")
              for one in window.drills]
    within = [one for one in found if one.end >= window.grid.begin and one.at <= window.grid.end]
    return tuple(sorted(within, key=lambda one: (one.at, one.kind)))
