from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.plan import Plan, Step
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import Deployed, Release
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.release.facts.schema_rollback import DataChoice, WayBack
from runbook_lib.release.plans.rollback import plan_rollback
from tests.unit.recovery.plans.test_restore import BACKUP, ENVIRONMENT, ONLY_LIVE, PRE_RESTORE_BACKUP

LIVE, OLD = "c" * 40, "a" * 40
IMAGES = frozenset(f"gw2-{part}:{commit}" for part in ("backend", "frontend") for commit in (LIVE, OLD))
ENV = f"COMPOSE_PROFILES=green\nBLUE_COMMIT={OLD}\nGREEN_COMMIT={LIVE}\nGREEN_VERSION=v3.2.0\n"
DEPLOYED = Deployed("green", LIVE, ENV, upstreams_file("green"), "0" * 64, IMAGES, ())
ON_RECORD = replace(DEPLOYED, releases=(
    Release(LIVE, "v3.2.0", "green", "0003", "r", "ada", "", datetime(2026, 11, 22, tzinfo=UTC)),))
SAME = WayBack("0002", "0002")
NEWER = WayBack("0003", "0002", True, "tried", LIVE, ("0003",), ("drop column squads.region",))


def target(schema_now: str | None = "0003", commit: str = OLD) -> Target:
    return Target(commit, "v3.1.0", {}, "0002", frozenset({"0001", "0002"}), schema_now)


def plan(database: DataChoice, schema: WayBack, *, to: Target | None = None, deployed: Deployed = DEPLOYED,
         containers: tuple[Container, ...] = (), **with_data: Any) -> Plan:
    return plan_rollback(ENVIRONMENT, deployed, containers, to or target(), database=database, schema=schema,
                         operator="ada", reason="it fails", **with_data)


def keys(steps: tuple[Step, ...]) -> list[str]:
    return [step.key for step in steps]


def step(made: Plan, key: str) -> Step:
    return next(one for one in made.steps if one.key == key)


def well(colour: str) -> tuple[Container, ...]:
    names = (f"backend-{colour}", f"frontend-{colour}", "nginx")
    return tuple(Container(name, name, "i", "sha", "running", "healthy", 0, False, 0, None) for name in names)


def test_the_data_stay_and_nothing_is_built_fetched_or_backed_up() -> None:
    assert keys(plan("keep", NEWER).steps) == [
        "record-pre-image", "check-out", "configure", "start-infrastructure", "start", "gate-internal", "switch",
        "gate-external", "commit-release", "stop-old-colour", "start-monitoring"]


def test_an_image_that_is_gone_is_built_from_the_commit() -> None:
    bare = replace(DEPLOYED, images=frozenset())
    assert keys(plan("keep", SAME, deployed=bare).steps)[1:4] == ["fetch", "build-backend", "build-frontend"]


def test_the_record_says_that_it_was_a_rollback_from_what_and_why() -> None:
    line = str(step(plan("keep", NEWER), "commit-release").actions[0])
    assert "rollback from v3.2.0 (database: keep): it fails" in line


def test_a_release_that_serves_already_needs_nothing_and_the_plan_says_so() -> None:
    made = plan("keep", SAME, to=target("0002", LIVE), deployed=ON_RECORD, containers=well("green"))
    assert made.steps == () and "is live already" in made.reason


def test_a_rollback_that_died_after_the_switch_is_looked_at_recorded_and_finished() -> None:
    both = (*well("green"), *well("blue")[:2])
    made = plan("keep", SAME, to=target("0002", LIVE), containers=both)
    assert keys(made.steps) == ["gate-external", "commit-release", "stop-old-colour"]
    assert '"colour": "green"' in str(step(made, "commit-release").actions[0])
    assert "backend-blue" in str(step(made, "stop-old-colour").actions[1])
    assert "backend-green" not in str(step(made, "stop-old-colour").actions[1])


def test_a_rollback_that_died_after_its_record_lets_the_other_colour_rest() -> None:
    both = (*well("green"), *well("blue")[:2])
    made = plan("keep", SAME, to=target("0002", LIVE), deployed=ON_RECORD, containers=both)
    assert keys(made.steps) == ["stop-old-colour"]


def test_a_release_that_has_the_traffic_but_is_not_well_is_started_in_the_other_colour() -> None:
    made = plan("keep", SAME, to=target("0002", LIVE))
    assert "start" in keys(made.steps)
    assert "backend-blue" in str(step(made, "start").actions[0])


def test_a_half_done_switch_is_no_release_that_serves() -> None:
    torn = replace(DEPLOYED, env_text=ENV.replace("PROFILES=green", "PROFILES=blue"))
    made = plan("keep", SAME, to=target("0002", LIVE), deployed=torn, containers=well("green"))
    assert "switch" in keys(made.steps)


def test_a_door_that_a_dead_restore_left_shut_is_no_release_that_serves() -> None:
    shut = replace(DEPLOYED, upstreams_text="upstream backend { server 127.0.0.1:8503; } server frontend-green:3000;")
    assert plan("keep", SAME, to=target("0002", LIVE), deployed=shut, containers=well("green")).steps


def test_code_that_knows_both_schemas_takes_over_before_the_downgrade() -> None:
    order = keys(plan("downgrade", NEWER, pre_rollback_backup=PRE_RESTORE_BACKUP).steps)
    assert order.index("backup-publish") < order.index("switch") < order.index("stop-writers") < order.index("downgrade")
    assert order.index("downgrade") < order.index("gate-schema") < order.index("commit-release")
    assert "maintenance-on" not in order


def test_code_that_cannot_live_with_the_newer_schema_never_serves_on_it() -> None:
    order = keys(plan("downgrade", replace(NEWER, compatible=False), pre_rollback_backup=PRE_RESTORE_BACKUP).steps)
    assert order.index("maintenance-on") < order.index("stop-writers") < order.index("downgrade") < order.index("start")


def test_code_that_could_not_be_tried_is_treated_as_code_that_cannot() -> None:
    assert "maintenance-on" in keys(plan("downgrade", replace(NEWER, compatible=None), pre_rollback_backup=PRE_RESTORE_BACKUP).steps)


def test_the_downgrade_runs_in_the_image_that_has_the_migration_and_says_what_goes() -> None:
    made = step(plan("downgrade", NEWER, pre_rollback_backup=PRE_RESTORE_BACKUP), "downgrade")
    action = made.actions[0]
    assert isinstance(action, Command)
    assert action.argv[:2] == ("env", f"GREEN_COMMIT={LIVE}")
    assert action.argv[-2:] == ("downgrade", "0002")
    assert "drop column squads.region" in made.why
    assert str(made.undo[0]).endswith("upgrade 0003")


def test_a_switch_behind_the_shut_door_goes_back_to_the_shut_door() -> None:
    shut = plan("downgrade", replace(NEWER, compatible=False), pre_rollback_backup=PRE_RESTORE_BACKUP)
    back = step(shut, "switch").undo[0]
    assert isinstance(back, WriteFile) and "return 503" in str(back.content)
    opened = step(shut, "maintenance-on").undo[0]
    assert isinstance(opened, WriteFile) and opened.content == upstreams_file("green")


def test_a_restore_exchanges_the_names_before_the_earlier_release_starts() -> None:
    order = keys(plan("restore", NEWER, to=target("0001"), pre_rollback_backup=PRE_RESTORE_BACKUP, backup=BACKUP,
                      databases=ONLY_LIVE).steps)
    assert order.index("restore-compare") < order.index("maintenance-on") < order.index("restore-swap")
    assert order.index("restore-swap") < order.index("migrate") < order.index("start") < order.index("switch")
    assert order.index("gate-external") < order.index("restore-commit") < order.index("commit-release")


def test_monitoring_that_does_not_come_up_leaves_the_release_that_serves() -> None:
    made = plan("keep", NEWER)
    last = made.steps[-1].actions[0]
    assert isinstance(last, Command) and 1 in last.accepts
    assert made.point_of_no_return == "commit-release"


def test_a_broken_release_is_not_asked_to_answer_after_an_undo() -> None:
    assert plan("keep", NEWER).rollback_check is None
    assert plan("keep", NEWER, containers=well("green")).rollback_check is not None
