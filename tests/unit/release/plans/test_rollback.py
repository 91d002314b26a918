"""The rollback as a value: what it does, what it leaves out, and what an interrupted one left to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from runbook_lib.core.commands import Command
from runbook_lib.core.findings import Verdict
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, Step
from runbook_lib.platform.facts.assets import Asset
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.idle_colour import IdleColour
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.smoke_test import UserAction, UserFlow
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.facts.traffic import Traffic
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.release.facts.schema_rollback import DataChoice, SchemaRollback
from runbook_lib.release.plans.rollback import plan_rollback
from tests.unit.recovery.plans.test_restore import ENVIRONMENT

LIVE, OLD = "c" * 40, "a" * 40
IMAGES = frozenset(f"gw2-{part}:{commit}" for part in ("backend", "frontend") for commit in (LIVE, OLD))
ENV = f"COMPOSE_PROFILES=green\nBLUE_COMMIT={OLD}\nGREEN_COMMIT={LIVE}\nGREEN_VERSION=v3.2.0\n"
DEPLOYED = Deployed("green", LIVE, ENV, upstreams_file(ENVIRONMENT, "green"), "0" * 64, IMAGES, ())
RECORDED = replace(DEPLOYED, releases=(
    Release(LIVE, "v3.2.0", "green", "0003", "r", "ada", "", datetime(2026, 11, 22, tzinfo=UTC)),))
SAME = SchemaRollback("0002", "0002")
NEWER = SchemaRollback("0003", "0002", True, "tried", LIVE, ("0003",), ("drop column squads.region",))


def target(schema_now: str | None = "0003", commit: str = OLD) -> Target:
    return Target(commit, "v3.1.0", {}, "0002", frozenset({"0001", "0002"}), schema_now)


def plan(database: DataChoice, schema: SchemaRollback, *, to: Target | None = None, deployed: Deployed = DEPLOYED,
         containers: tuple[Container, ...] = (), **with_data: Any) -> Plan:
    return plan_rollback(ENVIRONMENT, deployed, containers, to or target(), database=database, schema=schema,
                         operator="ada", reason="it fails", **with_data)


def keys(steps: tuple[Step, ...]) -> list[str]:
    return [step.key for step in steps]


def step(made: Plan, key: str) -> Step:
    return next(one for one in made.steps if one.key == key)


def healthy(colour: str) -> tuple[Container, ...]:
    names = (f"backend-{colour}", f"frontend-{colour}", "nginx")
    return tuple(Container(name, name, "i", "sha", "running", "healthy", 0, False, 0, None) for name in names)


def test_the_data_stay_and_nothing_is_built_fetched_or_backed_up() -> None:
    assert keys(plan("keep", NEWER).steps) == [
        "record-pre-image", "check-out", "configure", "start-infrastructure", "start", "gate-internal", "switch",
        "gate-external", "commit-release", "stop-old-colour", "start-monitoring"]


def test_the_plan_names_what_is_live_once_it_is_done() -> None:
    assert plan("keep", NEWER).achieves == f"v3.1.0 is live on {ENVIRONMENT.name}; before: v3.2.0"


def test_an_image_that_is_missing_is_built_from_the_commit() -> None:
    bare = replace(DEPLOYED, images=frozenset())
    assert keys(plan("keep", SAME, deployed=bare).steps)[1:4] == ["fetch", "build-backend", "build-frontend"]


def test_the_release_history_shows_that_it_was_a_rollback_from_what_and_why() -> None:
    append = step(plan("keep", NEWER), "commit-release").actions[0]
    assert isinstance(append, Command)
    assert "rollback from v3.2.0 (database: keep): it fails" in str(append.stdin)


def test_a_release_that_is_live_already_needs_nothing_and_the_plan_shows_why() -> None:
    made = plan("keep", SAME, to=target("0002", LIVE), deployed=RECORDED, containers=healthy("green"))
    assert made.steps == () and "is live already" in made.reason


def test_a_rollback_that_ended_after_the_switch_is_verified_recorded_and_finished() -> None:
    both = (*healthy("green"), *healthy("blue")[:2])
    made = plan("keep", SAME, to=target("0002", LIVE), containers=both)
    assert keys(made.steps) == ["gate-external", "commit-release", "stop-old-colour"]
    assert '"colour": "green"' in str(step(made, "commit-release").actions[0])
    assert "backend-blue" in str(step(made, "stop-old-colour").actions[1])
    assert "backend-green" not in str(step(made, "stop-old-colour").actions[1])


def test_the_record_names_what_was_taken_from_users() -> None:
    made = plan("keep", SAME, to=target("0002"), deployed=RECORDED, containers=healthy("green"))
    assert f'"rolled_back_from": "{LIVE}"' in str(step(made, "commit-release").actions[0])
    interrupted = plan("keep", SAME, to=target("0002", LIVE), containers=healthy("green"),
                       deployed=replace(RECORDED, releases=(replace(RECORDED.releases[0], commit=OLD),)))
    assert f'"rolled_back_from": "{OLD}"' in str(step(interrupted, "commit-release").actions[0])


def test_a_rollback_that_ended_after_its_record_stops_the_other_colour() -> None:
    both = (*healthy("green"), *healthy("blue")[:2])
    made = plan("keep", SAME, to=target("0002", LIVE), deployed=RECORDED, containers=both)
    assert keys(made.steps) == ["stop-old-colour"]


def test_a_release_that_has_the_traffic_but_is_not_healthy_is_started_in_the_other_colour() -> None:
    made = plan("keep", SAME, to=target("0002", LIVE))
    assert "start" in keys(made.steps)
    assert "backend-blue" in str(step(made, "start").actions[0])


def test_after_an_interrupted_cutover_no_release_counts_as_live() -> None:
    torn = replace(DEPLOYED, env_text=ENV.replace("PROFILES=green", "PROFILES=blue"))
    made = plan("keep", SAME, to=target("0002", LIVE), deployed=torn, containers=healthy("green"))
    assert "switch" in keys(made.steps)


def test_after_a_restore_interrupted_in_maintenance_no_release_counts_as_live() -> None:
    closed = replace(DEPLOYED, upstreams_text="upstream backend { server 127.0.0.1:8503; } server frontend-green:3000;")
    assert plan("keep", SAME, to=target("0002", LIVE), deployed=closed, containers=healthy("green")).steps


def test_monitoring_that_does_not_start_does_not_undo_a_live_release() -> None:
    made = plan("keep", NEWER)
    last = made.steps[-1].actions[0]
    assert isinstance(last, Command) and 1 in last.accepts
    assert made.point_of_no_return == "commit-release"


def test_a_broken_release_need_not_answer_after_an_undo() -> None:
    assert plan("keep", NEWER).rollback_check is None
    assert plan("keep", NEWER, containers=healthy("green")).rollback_check is not None


def seen(commit: str, *lacks: str) -> tuple[Endpoint, ...]:
    rules = ENVIRONMENT.health.endpoints.items()
    return tuple(Endpoint(path, rule.status, {rule.commit: commit} if rule.commit else {}, 0.1, lacks=() if rule.private else lacks)
                 for path, rule in rules)


def test_a_title_that_only_the_newer_release_has_keeps_no_earlier_release_from_its_users() -> None:
    """Found in use: the release changed the page's title, the environment file named the new one, and 22 failed."""
    made = plan("keep", SAME, containers=healthy("green"))
    old = ("'<title>New</title>' is not in it",)
    inside = step(made, "gate-internal").actions[1]
    outside = step(made, "gate-external").actions[0]
    undone = made.rollback_check
    assert isinstance(inside, Gate) and isinstance(outside, Gate) and undone is not None
    flow = UserFlow((UserAction("read", True, "200", "200", 0.1, read=True),))
    assets = (Asset("/index.html", 9, "d", "d"), Asset("/a.js", 9, "d", "d"))
    quiet = Traffic((), datetime(2026, 11, 22, tzinfo=UTC))
    services = (*healthy("blue"), *(replace(healthy("blue")[0], service=name) for name in ("postgres", "redis")))
    found = {
        "inside": inside.judge(IdleColour(seen(OLD, *old), {"/": 200}), flow),
        "outside": outside.judge(services, seen(OLD, *old), "0003", flow, assets, quiet),
        "undone": undone.judge((*healthy("green"), *services), seen(LIVE, *old), flow),
    }
    for place, findings in found.items():
        assert {one.verdict for one in findings if "holds what it must" in one.check} == {Verdict.WARNING}, place
        assert [one.check for one in findings if not one.verdict.acceptable] == [], place
    for gate, answers in ((outside, (services, seen(LIVE), "0003", flow, assets, quiet)), (undone, (services, seen(OLD), flow))):
        assert any(one.verdict is Verdict.FAILED and one.check.endswith("names the commit") for one in gate.judge(*answers))
