"""The watchdog of what a restore stops: it knows the services, the database, and the release that comes with the data."""

from __future__ import annotations

from datetime import UTC, datetime

from runbook_lib.core.commands import Command
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.plans.stopped_writers import (
    OtherRelease,
    commit_restore,
    forget,
    watch_over,
    watchdog_program,
)
from tests.unit.shop_environment import shop

SHOP = shop()
FORGET = ("rm", "-f", "--", "/opt/shop/.runbook/stopped-writers")


def test_it_is_given_the_release_of_the_data_or_none() -> None:
    alone = watch_over(SHOP, ("web", "worker"))
    assert alone.argv[3:11] == ("/opt/shop", "shop", "", "web,worker", "3", "shop", "", "0")
    brings = watch_over(SHOP, ("web",), OtherRelease("1f" * 20, Command(("docker", "compose", "up", "web"))))
    assert brings.argv[8:15] == ("shop", "1f" * 20, "4", "docker", "compose", "up", "web")
    assert alone.argv[11:] == brings.argv[15:], "what runs psql as the superuser"
    assert alone.stdin == watchdog_program()


def test_its_note_is_gone_when_the_swap_is_final() -> None:
    assert forget(SHOP).argv == FORGET
    last = commit_restore(SHOP, Backup("shop_20261127_000000.sql.gz", datetime(2026, 11, 27, tzinfo=UTC), 9, None)).actions[-1]
    assert isinstance(last, Command) and last.argv == FORGET
