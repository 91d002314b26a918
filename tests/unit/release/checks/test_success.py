"""What the gate, the verification and the watch hold against a release: each fault turns its own check red."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.watch_result import Probe, WatchResult
from runbook_lib.environment import Environment, load_environment
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
from runbook_lib.platform.facts.idle_colour import ContainerReply, IdleColour
from runbook_lib.platform.facts.logs import LogLine
from runbook_lib.platform.facts.monitoring import Alert, ScrapeTarget
from runbook_lib.platform.facts.releases import Release
from runbook_lib.platform.facts.smoke_test import UserAction, UserFlow
from runbook_lib.release.checks.success import (
    error_rate,
    monitoring_green,
    no_critical_errors,
    response_time,
    services_healthy,
    success_criteria,
)
from runbook_lib.release.checks.watch import watch_of, watch_was_clean
from runbook_lib.release.facts.load import Load, Sample

COMMIT, OTHER = "b" * 40, "c" * 40
EXPECTED = ExpectedRelease(COMMIT, "0003", "green")
SERVICES = ("backend-green", "frontend-green", "nginx", "postgres", "redis")
WELL = tuple(Container(name, name, "i", "d", "running", "healthy", 0, False, 0, None) for name in SERVICES)
PAGES = tuple(
    Endpoint(path, 200, {"commit": COMMIT} if path != "/" else {}, 0.01)
    for path in ("/health", "/api/v1/health", "/release.json", "/")
)
FLOW = UserFlow((UserAction("log in", True, "200", "200"),))
ASSETS = (Asset("/index.html", 9, "d1", "d1"), Asset("/assets/a.js", 9, "d2", "d2"))
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def environment() -> Environment:
    return load_environment("staging")


def bad(findings: tuple[Finding, ...]) -> list[str]:
    return [one.check for one in findings if one.verdict is not Verdict.PASSED]


def inside(commit: str = COMMIT, status: int = 200, asset: int = 200) -> IdleColour:
    reply = ContainerReply(status, {"commit": commit})
    good = ContainerReply(200, {"commit": COMMIT})
    return IdleColour(reply, good, good, {"/": 200, "/assets/a.js": asset})


def test_a_good_release_passes_inside_and_outside() -> None:
    assert bad(judge_health(EXPECTED)(WELL, inside())) == []
    assert bad(judge_identity(EXPECTED)(inside())) == []
    assert bad(judge_outside(EXPECTED)(WELL, PAGES, "0003", FLOW, ASSETS)) == []


@pytest.mark.parametrize(
    "fault", [{"state": "exited"}, {"health": "unhealthy"}, {"health": None}, {"restart_count": 1}, {"oom_killed": True}]
)
def test_every_way_a_container_can_be_unwell_is_seen(fault) -> None:
    sick = (replace(WELL[0], **fault), *WELL[1:])
    assert bad(judge_outside(EXPECTED)(sick, PAGES, "0003", FLOW, ASSETS)) == ["backend-green is healthy"]


def test_a_container_that_is_not_there_is_a_failure() -> None:
    assert bad(judge_outside(EXPECTED)(WELL[1:], PAGES, "0003", FLOW, ASSETS)) == ["backend-green is healthy"]


def test_the_wrong_commit_inside_or_outside_is_a_failure() -> None:
    assert bad(judge_identity(EXPECTED)(inside(commit=OTHER))) == ["/health names the commit"]
    stale = (replace(PAGES[0], fields={"commit": OTHER}), *PAGES[1:])
    assert bad(judge_outside(EXPECTED)(WELL, stale, "0003", FLOW, ASSETS)) == ["/health names the commit"]


def test_degraded_health_is_a_failure() -> None:
    assert bad(judge_health(EXPECTED)(WELL, inside(status=503))) == ["/health answers"]


def test_an_endpoint_without_a_reply_is_a_failure() -> None:
    silent = (Endpoint("/", None, error="refused"),)
    assert bad(judge_outside(EXPECTED)(WELL, silent, "0003", FLOW, ASSETS)) == ["/ answers"]


def test_another_schema_fails_and_an_unknown_one_is_inconclusive() -> None:
    assert schema_is("0002", "0003").verdict is Verdict.FAILED
    assert schema_is(None, "0003").verdict is Verdict.INCONCLUSIVE


def test_a_user_action_that_was_not_tried_is_not_a_pass() -> None:
    flow = UserFlow((UserAction("log in", False, "500", "200"), UserAction("read", None, "not tried", "200")))
    verdicts = [one.verdict for one in judge_outside(EXPECTED)(WELL, PAGES, "0003", flow, ASSETS)[-5:-3]]
    assert verdicts == [Verdict.FAILED, Verdict.INCONCLUSIVE]


def load(seconds: float, count: int = 100, errors: int = 0) -> Load:
    good = tuple(Sample("/", 200, seconds) for _ in range(count - errors))
    return Load((*good, *(Sample("/", 500, seconds) for _ in range(errors))), 1.0)


def test_the_plans_500_ms_and_1_percent_are_limits_that_must_not_be_reached(environment) -> None:
    assert response_time(environment, load(0.499)).verdict is Verdict.PASSED
    assert response_time(environment, load(0.5)).verdict is Verdict.FAILED
    assert error_rate(environment, load(0.1, errors=0)).verdict is Verdict.PASSED
    assert error_rate(environment, load(0.1, errors=1)).verdict is Verdict.FAILED


def test_too_few_answers_prove_nothing(environment) -> None:
    assert response_time(environment, load(0.1, count=19)).verdict is Verdict.INCONCLUSIVE
    assert error_rate(environment, Load((), 0.0)).verdict is Verdict.INCONCLUSIVE


def test_a_page_without_assets_or_with_other_bytes_fails() -> None:
    page = Asset("/index.html", 10, "d1", "d1")
    assert bad(assets_loaded(())) == ["frontend page"]
    assert bad(assets_loaded((page,))) == ["frontend names its assets"]
    assert bad(assets_loaded((page, Asset("/assets/a.js", 9, "d2", "d3")))) == ["/assets/a.js is the built file"]
    gone = assets_loaded((page, Asset("/assets/a.js", 0, None, "d3")))
    assert gone[-1].verdict is Verdict.FAILED


def test_an_unreadable_log_is_inconclusive_and_an_error_line_fails() -> None:
    assert no_critical_errors(()).verdict is Verdict.PASSED
    assert no_critical_errors(None).verdict is Verdict.INCONCLUSIVE
    assert no_critical_errors((LogLine(NOW, "ERROR", "boom"),)).verdict is Verdict.FAILED


def test_a_down_target_or_a_firing_alert_fails_and_no_target_is_inconclusive() -> None:
    up, down = ScrapeTarget("backend", "a", True), ScrapeTarget("redis", "b", False)
    assert bad(monitoring_green((up,), ())) == []
    assert bad(monitoring_green((up, down), ())) == ["monitoring targets"]
    assert bad(monitoring_green((up,), (Alert("DiskUsageHigh", "firing"),))) == ["alerts"]
    assert bad(monitoring_green((up,), (Alert("DiskUsageHigh", "pending"),))) == []
    assert monitoring_green((), ())[0].verdict is Verdict.INCONCLUSIVE


def test_a_declared_absence_is_named_with_its_reason(environment) -> None:
    lacking = environment.model_copy(update={"services": environment.services | {
        "grafana": environment.services["grafana"].model_copy(
            update={"required": False, "absent_reason": "no image"})}})
    absent = [one for one in services_healthy(lacking, WELL, "green") if "absent" in one.check]
    assert [(one.check, one.expected) for one in absent] == [("grafana is absent", "no image")]


def test_each_criterion_of_the_plan_shows_its_worst_finding(environment) -> None:
    good, failing = Finding("x", Verdict.PASSED, "1"), Finding("y", Verdict.FAILED, "2")
    rows = success_criteria(environment, *((good,) for _ in range(6)), (good, failing), ())
    assert [row["verdict"] for row in rows] == ["passed"] * 6 + ["failed", "inconclusive"]
    assert rows[6]["measured"] == "y: 2"


RELEASE = Release(COMMIT, "v3.2.0", "green", "0003", "run", "ann", "", NOW)
FAULT, MISSED = Finding("f", Verdict.FAILED, "down"), Finding("g", Verdict.INCONCLUSIVE, "no answer")


@pytest.mark.parametrize(
    ("probes", "early", "verdict"),
    [
        ((Probe(NOW, ()),) * 3, False, Verdict.PASSED),
        ((Probe(NOW, ()), Probe(NOW, (FAULT,))), False, Verdict.FAILED),
        ((Probe(NOW, ()), Probe(NOW, (MISSED,))), False, Verdict.INCONCLUSIVE),
        ((Probe(NOW, ()),), True, Verdict.INCONCLUSIVE),
        ((), False, Verdict.INCONCLUSIVE),
    ],
    ids=["calm", "fault", "missed", "ended early", "nothing"],
)
def test_a_watch_passes_only_when_every_probe_was_clean(environment, probes, early, verdict) -> None:
    gate = watch_of(environment, RELEASE)
    assert gate.deadline_s == 3600
    assert watch_was_clean(WatchResult(probes, NOW, 10.0, early), gate).verdict is verdict


def test_a_file_that_the_page_names_and_the_image_lacks_is_seen_before_the_switch() -> None:
    assert bad(judge_identity(EXPECTED)(inside(asset=404))) == ["every file that the page names is present"]


def test_a_flow_inside_fails_when_even_the_quickest_read_is_slow() -> None:
    def flow(*seconds: float) -> UserFlow:
        reads = [UserAction(f"read {place}", True, "200", "200", took) for place, took in enumerate(seconds)]
        return UserFlow((UserAction("log in", True, "200", "200", 4.0), *reads))

    assert bad(judge_flow(2000)(flow(0.05, 2.5))) == []
    assert bad(judge_flow(2000)(flow(2.4, 2.5))) == ["a read is answered in time"]
    assert judge_flow(2000)(flow())[-1].verdict is Verdict.INCONCLUSIVE


def test_after_a_rollback_earlier_restarts_do_not_count_and_another_commit_does() -> None:
    old = tuple(replace(one, restart_count=2) for one in WELL)
    judge = judge_restored(COMMIT, "green", {one.service: 2 for one in old})
    assert bad(judge(old, PAGES, FLOW)) == []
    assert bad(judge(old, (replace(PAGES[0], fields={"commit": OTHER}), *PAGES[1:]), FLOW)) == ["/health names the commit"]
