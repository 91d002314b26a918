"""Sixty days of backups, with nights that fail, files that rot and clocks that jump: the newest good ones are never lost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from runbook_lib.environment import load_environment
from runbook_lib.recovery.facts.backups import Backup, Backups
from runbook_lib.recovery.facts.manifests import Manifest
from runbook_lib.recovery.plans.backup import expired

ENVIRONMENT = load_environment("staging")
KEPT = ENVIRONMENT.backup.keep_newest
DAYS = 60
BEGIN = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)

GOOD, FAILS, ROTS, LOSES_ITS_MANIFEST = "good", "fails", "rots", "loses its manifest"
NIGHTS = st.one_of(
    st.just((GOOD, 0)),
    st.just((GOOD, 0)),
    st.tuples(st.sampled_from([FAILS, ROTS, LOSES_ITS_MANIFEST]), st.integers(0, DAYS)),
    st.tuples(st.sampled_from(["server's clock", "both clocks"]), st.integers(-900, 900)),
    st.just(("both clocks", 0)),
)


@dataclass
class Folder:
    """The backup folder over days, and the two clocks, which may be wrong by days."""

    backups: dict[str, Backup] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    server_off: timedelta = timedelta()
    ours_off: timedelta = timedelta()
    number: int = 0

    def night(self, day: int, what: str, amount: int) -> None:
        if what == "server's clock":
            self.server_off = timedelta(days=amount)
        elif what == "both clocks":
            self.server_off = self.ours_off = timedelta(days=amount)
        elif what in (ROTS, LOSES_ITS_MANIFEST) and self.made:
            self.spoil(self.made[amount % len(self.made)], lost=what == LOSES_ITS_MANIFEST)
        if what != FAILS:
            self.back_up(BEGIN + timedelta(days=day) + self.server_off)
            self.prune(BEGIN + timedelta(days=day, minutes=5))

    def back_up(self, moment: datetime) -> None:
        name = f"staging_db_{moment:%Y%m%d_%H%M%S}.sql.gz"
        if name in self.backups:  # the program refuses to write over it
            return
        self.number += 1
        manifest = Manifest(name, "staging_db", "0" * 64, 9, 9, 9, moment, moment, 1.0, "15", "15", "0002", (),
                            number=self.number)
        self.backups[name] = Backup(name, moment, 9, manifest)
        self.made.append(name)

    def spoil(self, name: str, *, lost: bool) -> None:
        if name in self.backups:
            changes = {"manifest": None} if lost else {"size_bytes": 5}
            self.backups[name] = replace(self.backups[name], **changes)  # type: ignore[arg-type]

    def prune(self, moment: datetime) -> None:
        newest_first = tuple(self.backups[name] for name in sorted(self.backups, reverse=True))
        survey = Backups("/backups/postgres", "staging_db", moment + self.server_off, moment + self.ours_off, True,
                         backups=newest_first)
        newest = self.newest()
        for backup in expired(survey, ENVIRONMENT):
            assert backup.good
            assert backup.name not in newest
            del self.backups[backup.name]

    def newest(self) -> list[str]:
        """The last good ones that were made. Which file rots later, no rule can know when an old one is deleted."""
        good = [name for name in self.made if name in self.backups and self.backups[name].good]
        return good[-KEPT:]


@settings(max_examples=150, deadline=None)
@given(st.lists(NIGHTS, min_size=DAYS, max_size=DAYS))
@example([(GOOD, 0)] * 30 + [("server's clock", -400)] * 10 + [("both clocks", 0)] * 20)
@example([(GOOD, 0)] * 30 + [("both clocks", 800)] * 2 + [("both clocks", 0)] * 28)
@example([(GOOD, 0)] * 10 + [(FAILS, 0)] * 49 + [(GOOD, 0)])
@example([("server's clock", -22)] + [("both clocks", 0)] * 17 + [(ROTS, 8)] + [(GOOD, 0)] * 41)
def test_sixty_days_of_failures_and_jumping_clocks_lose_none_of_the_newest_good_backups(
    nights: list[tuple[str, int]],
) -> None:
    folder = Folder()
    for day, (what, amount) in enumerate(nights):
        folder.night(day, what, amount)


def test_sixty_quiet_days_leave_a_month() -> None:
    folder = Folder()
    for day in range(DAYS):
        folder.night(day, GOOD, 0)
    assert len(folder.backups) == ENVIRONMENT.backup.keep_days
    assert sorted(folder.backups) == folder.made[-len(folder.backups) :]
