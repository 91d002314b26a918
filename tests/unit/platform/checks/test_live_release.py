"""What gates and verification require of a release: each fault turns its own check red."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.environment import load_environment
from runbook_lib.platform.checks.endpoints import BY_IMAGE
from runbook_lib.platform.checks.live_release import (
    ExpectedRelease,
    assets_loaded,
    judge_flow,
    judge_health,
    judge_identity,
    judge_outside,
    judge_restored,
    schema_is,
)
from runbook_lib.platform.facts.assets import Asset
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.idle_colour import IdleColour
from runbook_lib.platform.facts.smoke_test import UserAction, UserFlow

STAGING = load_environment("staging")
COMMIT, OTHER = "b" * 40, "c" * 40
SHARED = ("nginx", "postgres", "redis")
EXPECTED = ExpectedRelease(COMMIT, "0003", "green", SHARED)
SERVICES = ("backend-green", "frontend-green", *SHARED)
HEALTHY = tuple(Container(name, name, "i", "d", "running", "healthy", 0, False, 0, None) for name in SERVICES)
PAGES = tuple(
    Endpoint(path, 200, {"commit": COMMIT} if path != "/" else {}, 0.01)
    for path in ("/health", "/api/v1/health", "/release.json", "/")
)
FLOW = UserFlow((UserAction("log in", True, "200", "200"),))
ASSETS = (Asset("/index.html", 9, "d1", "d1"), Asset("/assets/a.js", 9, "d2", "d2"))


def bad(findings: tuple[Finding, ...]) -> list[str]:
    return [one.check for one in findings if one.verdict is not Verdict.PASSED]


def inside(commit: str = COMMIT, status: int = 200, asset: int = 200) -> IdleColour:
    replies = (Endpoint("/health", status, {"commit": commit}), Endpoint("/release.json", 200, {"commit": COMMIT}))
    return IdleColour(replies, {"/": 200, "/assets/a.js": asset})


def test_a_good_release_passes_inside_and_outside() -> None:
    assert bad(judge_health(STAGING, EXPECTED)(HEALTHY, inside())) == []
    assert bad(judge_identity(STAGING, EXPECTED)(inside())) == []
    assert bad(judge_outside(STAGING, EXPECTED)(HEALTHY, PAGES, "0003", FLOW, ASSETS)) == []


@pytest.mark.parametrize(
    "fault", [{"state": "exited"}, {"health": "unhealthy"}, {"health": None}, {"restart_count": 1}, {"oom_killed": True}]
)
def test_every_way_a_container_can_be_unhealthy_is_seen(fault: dict[str, Any]) -> None:
    sick = (replace(HEALTHY[0], **fault), *HEALTHY[1:])
    assert bad(judge_outside(STAGING, EXPECTED)(sick, PAGES, "0003", FLOW, ASSETS)) == ["backend-green is healthy"]


def test_a_container_that_is_not_there_is_a_failure() -> None:
    assert bad(judge_outside(STAGING, EXPECTED)(HEALTHY[1:], PAGES, "0003", FLOW, ASSETS)) == ["backend-green is healthy"]


def test_the_wrong_commit_inside_or_outside_is_a_failure() -> None:
    assert bad(judge_identity(STAGING, EXPECTED)(inside(commit=OTHER))) == ["/health names the commit"]
    stale = (replace(PAGES[0], fields={"commit": OTHER}), *PAGES[1:])
    assert bad(judge_outside(STAGING, EXPECTED)(HEALTHY, stale, "0003", FLOW, ASSETS)) == ["/health names the commit"]


def test_degraded_health_is_a_failure() -> None:
    assert bad(judge_health(STAGING, EXPECTED)(HEALTHY, inside(status=503))) == ["/health answers"]


def test_an_endpoint_without_a_reply_is_a_failure() -> None:
    silent = (Endpoint("/", None, error="refused"),)
    assert bad(judge_outside(STAGING, EXPECTED)(HEALTHY, silent, "0003", FLOW, ASSETS)) == ["/ answers"]


def test_another_schema_fails_and_an_unknown_one_is_inconclusive() -> None:
    assert schema_is("0002", "0003").verdict is Verdict.FAILED
    assert schema_is(None, "0003").verdict is Verdict.INCONCLUSIVE


def test_a_user_action_that_was_not_tried_is_not_a_pass() -> None:
    flow = UserFlow((UserAction("log in", False, "500", "200"), UserAction("read", None, "not tried", "200")))
    verdicts = [one.verdict for one in judge_outside(STAGING, EXPECTED)(HEALTHY, PAGES, "0003", flow, ASSETS)[-5:-3]]
    assert verdicts == [Verdict.FAILED, Verdict.INCONCLUSIVE]


def test_a_page_without_assets_or_with_other_bytes_fails() -> None:
    page = Asset("/index.html", 10, "d1", "d1")
    assert bad(assets_loaded(())) == ["frontend page"]
    assert bad(assets_loaded((page,))) == ["frontend names its assets"]
    assert bad(assets_loaded((page, Asset("/assets/a.js", 9, "d2", "d3")))) == ["/assets/a.js is the built file"]
    gone = assets_loaded((page, Asset("/assets/a.js", 0, None, "d3")))
    assert gone[-1].verdict is Verdict.FAILED


def test_a_file_that_the_page_names_and_the_image_lacks_is_seen_before_the_switch() -> None:
    assert bad(judge_identity(STAGING, EXPECTED)(inside(asset=404))) == ["every file that the page names is present"]


def test_a_flow_inside_fails_when_even_the_quickest_read_is_slow() -> None:
    def flow(*seconds: float) -> UserFlow:
        reads = [UserAction(f"read {place}", True, "200", "200", took, read=True) for place, took in enumerate(seconds)]
        return UserFlow((UserAction("log in", True, "200", "200", 4.0), *reads))

    assert bad(judge_flow(2000)(flow(0.05, 2.5))) == []
    assert bad(judge_flow(2000)(flow(2.4, 2.5))) == ["a read is answered in time"]
    assert judge_flow(2000)(flow())[-1].verdict is Verdict.INCONCLUSIVE


def test_after_a_rollback_earlier_restarts_do_not_count_and_another_commit_does() -> None:
    old = tuple(replace(one, restart_count=2) for one in HEALTHY)
    judge = judge_restored(STAGING, COMMIT, "green", SHARED, {one.service: 2 for one in old})
    assert bad(judge(old, PAGES, FLOW)) == []
    assert bad(judge(old, (replace(PAGES[0], fields={"commit": OTHER}), *PAGES[1:]), FLOW)) == ["/health names the commit"]


def without_field(*pages: Endpoint) -> tuple[Endpoint, ...]:
    return tuple(replace(one, fields={"status": "ok"}) for one in pages)


@pytest.mark.parametrize(("image", "worst"), [(COMMIT, Verdict.WARNING), (OTHER, Verdict.FAILED)])
def test_an_earlier_release_that_names_no_commit_is_shown_by_its_image(image: str, worst: Verdict) -> None:
    """The environment file is of the later release, whose replies have the field."""
    running = tuple(replace(one, image=f"{one.service}:{image}") for one in HEALTHY)
    back = replace(EXPECTED, texts_of=frozenset())
    for found in (judge_restored(STAGING, COMMIT, "green", SHARED, {})(running, without_field(*PAGES), FLOW),
                  judge_outside(STAGING, back)(running, without_field(*PAGES), "0003", FLOW, ASSETS)):
        assert Verdict.worst(one.verdict for one in found) is worst
        assert BY_IMAGE in [one.check for one in found]
        assert "/health names the commit" in [one.check for one in found if one.verdict is Verdict.WARNING]


def test_what_is_being_deployed_has_to_name_its_commit() -> None:
    found = judge_outside(STAGING, EXPECTED)(HEALTHY, without_field(*PAGES), "0003", FLOW, ASSETS)
    assert "/health names the commit" in [one.check for one in found if one.verdict is Verdict.FAILED]
