"""The rollback that replaces containers: by the earlier images, with the data as chosen, and each undo in its order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.plan import Plan, Step
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.replaced_release import parse_override
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.compose import compose_up, once_settled, start_services, stop_services
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.restore_databases import Databases, RestoreDatabase
from runbook_lib.recovery.plans.stopped_writers import OtherRelease, forget, watch_over
from runbook_lib.release.facts.schema_rollback import DataChoice, SchemaRollback
from runbook_lib.release.plans.rollback import plan_rollback
from tests.unit.platform.facts.test_replaced_release import ADOPTED, FOUND, NEW, OLD, release, running, text
from tests.unit.release.plans.test_replacement import SHOP, deployed
from tests.unit.shop_environment import shop

CONTAINERS = running(f"web:{NEW}")
BACKUP = Backup("shop_20261127_000000.sql.gz", datetime(2026, 11, 27, tzinfo=UTC), 9, None)
FIRST = Plan("back up", "shop", (Step("backup-dump", "Dump", (Command(("true",)),)),))
NOT_KNOWN = SchemaRollback(None, "", None, "no migrations are declared")


def live(*, there: tuple[str, ...] = ("web:found-0123456789ab",)) -> Deployed:
    found = deployed(text(NEW, "v1.1.0"), (ADOPTED, release(NEW, "v1.1.0")), CONTAINERS, NEW)
    return replace(found, images=frozenset(there))


def plan(found: Deployed, to: Release = ADOPTED, containers: tuple[Container, ...] = CONTAINERS, *,
         database: DataChoice = "keep", environment: Environment = SHOP, databases: Databases | None = None) -> Plan:
    # the commit has a name in git; what was adopted is called as it was recorded
    target = Target(to.commit, "v1.0.0", {}, "", frozenset(), None)
    backup = BACKUP if database == "restore" else None
    return plan_rollback(environment, found, containers, target, database=database, schema=NOT_KNOWN, operator="ann",
                         backup=backup, pre_rollback_backup=FIRST, release=to, databases=databases)


def keys(of: Plan) -> list[str]:
    return [str(step.key) for step in of.steps]


def step(of: Plan, key: str) -> Step:
    return next(one for one in of.steps if one.key == key)


@pytest.mark.parametrize("database", ["keep", "restore"])
def test_a_proxy_that_ended_with_the_release_is_started_once_the_earlier_one_runs(database: DataChoice) -> None:
    entrance = {"title": "The entrance", "published": True, "ports": [8443]}
    behind = shop(proxy={"service": "entrance", "kind": "nginx"},
                  services={**{name: one.model_dump(exclude_unset=True) for name, one in SHOP.services.items()}, "entrance": entrance})
    made = keys(plan(live(), database=database, environment=behind))
    assert made[made.index("switch"):][:3] == ["switch", "start-proxy", "gate-external"]


def test_with_keep_nothing_is_fetched_built_or_backed_up() -> None:
    made = plan(live())
    assert keys(made) == ["record-pre-image", "check-out", "configure", "switch", "gate-external", "commit-release"]
    assert {one.title for one in made.skipped} == {"Build the image of web and worker", "Back up the database",
                                                   "Watch as-found"}
    assert (made.name, made.point_of_no_return) == ("roll back to as-found", "commit-release")


def test_the_images_are_those_that_were_found_under_the_name_that_was_recorded() -> None:
    write, = step(plan(live()), "configure").actions
    assert isinstance(write, WriteFile)
    override = parse_override(str(write.content))
    assert (override.images, override.version, override.commit) == (FOUND, "as-found", OLD)
    assert step(plan(live()), "switch").undo == (once_settled(compose_up(SHOP, "web", "worker")),)


def test_an_image_that_is_gone_is_built_from_its_commit() -> None:
    before = release(OLD, "v1.0.0")
    found = replace(live(), releases=(before, release(NEW, "v1.1.0")))
    assert "build-web" in keys(plan(found, before))


def test_what_runs_by_hand_is_recorded_before_an_earlier_release_replaces_it() -> None:
    containers = running("web:latest", "web:latest")
    by_hand = tuple(replace(one, image_id="sha256:ffffffffffffffff") for one in containers)
    found = replace(deployed(text(OLD, "as-found", FOUND), (ADOPTED,), by_hand), images=frozenset(FOUND.values()))
    assert found.by_hand
    assert keys(plan(found, containers=by_hand))[:2] == ["record-pre-image", "record-running"]


def test_the_release_that_runs_needs_no_rollback_and_only_its_data_need_32() -> None:
    current = release(NEW, "v1.1.0")
    assert plan(live(), current).steps == ()
    assert "use 32" in plan(live(), current, database="restore").reason


def test_the_same_commit_from_other_images_is_another_release() -> None:
    built = release(OLD, "v1.0.0")
    containers = running(f"web:{OLD}")
    found = replace(deployed(text(OLD, "v1.0.0"), (ADOPTED, built), containers, OLD), images=frozenset(FOUND.values()))
    made = plan(found, ADOPTED, containers)
    assert made.steps
    assert f'"rolled_back_from": "{OLD}"' in str(step(made, "commit-release").actions)


def test_with_restore_everything_that_takes_time_comes_before_the_outage() -> None:
    made = plan(live(), database="restore")
    assert keys(made) == [
        "record-pre-image", "restore-clear", "backup-dump", "restore-create", "restore-load", "restore-compare",
        "check-out", "configure", "stop-writers", "restore-swap", "switch", "gate-external", "restore-commit",
        "commit-release",
    ]
    # from then on the previous database is no longer what users have
    assert made.point_of_no_return == "restore-commit"


def test_an_undone_restore_stops_the_earlier_release_before_the_names_are_swapped_back_and_starts_the_one_of_before() -> None:
    made = plan(live(), database="restore")
    assert step(made, "stop-writers").actions[-1] == stop_services(SHOP, "web", "worker")
    assert step(made, "switch").undo == (stop_services(SHOP, "web", "worker"),)
    assert step(made, "stop-writers").undo == (once_settled(compose_up(SHOP, "web", "worker")), forget(SHOP))


def test_a_watchdog_knows_the_release_of_the_restored_data_before_anything_is_stopped_and_until_the_swap_is_final() -> None:
    """A run that was killed in the outage left users without the application until an operator came."""
    made = plan(live(), database="restore")
    watchdog = step(made, "stop-writers").actions[0]
    assert watchdog == watch_over(SHOP, ("web", "worker"), OtherRelease(ADOPTED.commit, compose_up(SHOP, "web", "worker")))
    assert step(made, "restore-commit").actions[-1] == forget(SHOP)
    assert not [one for one in plan(live()).steps if forget(SHOP) in one.actions]
    assert "Should this run be killed, a watchdog" in step(made, "stop-writers").why


def test_a_writer_that_belongs_to_no_release_is_stopped_and_started_again_in_its_own_container() -> None:
    environment = shop(release={"strategy": "recreate", "services": {"web": {"image": "web", "port": 8443}},
                                "api": "web", "page": "web", "writers": ["web", "worker"]})
    alone = replace(ADOPTED, images={"web": FOUND["web"]})
    made = plan(live(), alone, database="restore", environment=environment)
    assert step(made, "stop-writers").actions[-1] == stop_services(environment, "web", "worker")
    assert step(made, "switch").actions[-1] == start_services(environment, "worker")
    assert step(made, "stop-writers").undo[-2:] == (start_services(environment, "worker"), forget(environment))


@pytest.mark.parametrize("database", ["keep", "restore"])
def test_no_text_of_the_plan_names_a_colour(database: DataChoice) -> None:
    made = plan(live(), database=database)
    texts = [made.name, made.after_rollback_hint, made.irreversible_reason,
             *(text for one in made.steps for text in (one.title, one.why)), *(one.reason for one in made.skipped)]
    assert not [one for one in texts if "blue" in one or "green" in one or "colour" in one]


def test_the_plan_says_what_users_notice_and_what_decides() -> None:
    why = step(plan(live()), "switch").why
    assert "an outage for users of web and worker" in why
    assert "is live on" in plan(live()).achieves
    assert 'run again with database = "restore"' in why


def test_what_was_broken_before_need_not_become_healthy_by_an_undo() -> None:
    assert plan(live()).rollback_check is not None
    sick = (replace(CONTAINERS[0], health="unhealthy"), *CONTAINERS[1:])
    assert plan(live(), containers=sick).rollback_check is None


def test_a_release_that_runs_on_data_that_it_cannot_read_is_sent_to_the_restore() -> None:
    assert "32 Restore the database" in plan(live(), release(NEW, "v1.1.0")).reason


def test_a_rollback_leads_users_of_an_nginx_in_front_to_the_containers_that_it_made() -> None:
    behind = shop(proxy={"service": "web", "kind": "nginx"})
    kept, restored = plan(live(), environment=behind), plan(live(), database="restore", environment=behind)
    for actions in (step(kept, "switch").actions, step(kept, "switch").undo, step(restored, "switch").actions,
                    step(restored, "stop-writers").undo[:-1]):
        assert "nginx_as_started -s reload" in str(actions[-1])
    # its files may be what is rolled back
    assert "test-proxy" not in keys(kept)


@pytest.mark.parametrize(("origin", "order"), [
    (BACKUP.name, ["gate-external", "commit-release"]), ("shop_20261126_000000.sql.gz", None), ("", None),
])
def test_what_only_lacks_its_record_is_not_restored_once_more(origin: str, order: list[str] | None) -> None:
    """The disk was full when the record was written. The next run restored the backup again, over what users wrote since."""
    containers = running(FOUND["web"], FOUND["worker"])
    done = replace(deployed(text(OLD, "as-found", FOUND), (ADOPTED, release(NEW, "v1.1.0")), containers, OLD),
                   images=frozenset(FOUND.values()))
    comment = f"restored from {origin}" if origin else ""
    databases = Databases("shop", RestoreDatabase("shop", "shop", 9, comment, True))
    made = plan(done, containers=containers, database="restore", databases=databases)
    assert keys(made) == order if order else "restore-swap" in keys(made)
    assert f'"rolled_back_from": "{NEW}"' in str(step(made, "commit-release").actions)
