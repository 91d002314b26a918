"""The plan's three triggers: what fires them, and what must never fire them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runbook_lib.core.errors import LinkDropped
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.gates import Reading
from runbook_lib.environment import Environment, load_environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.traffic import SecondBucket, Traffic
from runbook_lib.release.checks.triggers import (
    ERRORS,
    HEALTH,
    UNAVAILABLE,
    errors_trigger,
    judge_watch,
    slow_limit_ms,
    triggers_in_words,
    with_error_rate,
)
from runbook_lib.release.checks.watch_conclusion import conclude_watch

COMMIT = "b" * 40
NOW = datetime(2026, 11, 22, tzinfo=UTC)
ENVIRONMENT: Environment = load_environment("staging")
PROBES = ENVIRONMENT.rollback.failure_threshold
HEALTHY = tuple(Container(name, name, "i", "d", "running", "healthy", 0, False, 0, None)
             for name in ENVIRONMENT.running_services("green"))
PAGES = tuple(Endpoint(path, 200, {"commit": COMMIT}, 0.01) for path in ("/health", "/api/v1/health", "/release.json"))


def traffic(requests: int = 100, errors: int = 0, *, took: float = 0.05) -> Traffic:
    seconds = (SecondBucket(NOW, requests, errors, requests, {int(took / 0.05): requests}),) if requests else ()
    return Traffic(seconds, NOW + timedelta(seconds=1))


def probe(before: list[Reading], containers: Any = HEALTHY, pages: Any = PAGES, seen: Any = None, kills: Any = 0,
         restarts: dict[str, int] | None = None) -> Reading:
    judge = judge_watch(ENVIRONMENT, COMMIT, "green", restarts or {})
    return judge(before, [containers, pages, traffic() if seen is None else seen, kills])


def probes(number: int, **answers: Any) -> list[Reading]:
    readings: list[Reading] = []
    for _ in range(number):
        readings.append(probe(readings, **answers))
    return readings


def fired(readings: list[Reading]) -> list[str]:
    return [one.fired.trigger if one.fired else "" for one in readings]


def changed(service: str, **fault: Any) -> tuple[Container, ...]:
    return tuple(replace(one, **fault) if one.service == service else one for one in HEALTHY)


def test_a_good_release_fires_nothing_and_passes() -> None:
    readings = probes(20)
    assert fired(readings) == [""] * 20
    assert {one.verdict for one in conclude_watch(ENVIRONMENT)(readings)} == {Verdict.PASSED}


@given(st.integers(0, 100_000), st.integers(0, 400))
@settings(deadline=None)
def test_no_error_never_fires_the_error_rate(requests: int, milliseconds: int) -> None:
    assert probe([], seen=traffic(requests, 0, took=milliseconds / 1000)).fired is None


@given(st.integers(50, 100_000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
@settings(deadline=None)
def test_the_error_rate_fires_exactly_above_its_limit_once_enough_requests_were_seen(counts: tuple[int, int]) -> None:
    requests, errors = counts
    found = probe([], seen=traffic(requests, errors)).fired
    assert (found is not None) == (100 * errors > 10 * requests)
    assert found is None or found.trigger == ERRORS.format(limit=10) == "API error rate > 10%"


@given(st.integers(0, 49).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
@settings(deadline=None)
def test_fewer_requests_than_the_minimum_never_fire(counts: tuple[int, int]) -> None:
    assert probe([], seen=traffic(*counts)).fired is None


def test_failed_health_checks_fire_only_when_enough_follow_each_other() -> None:
    broken = (Endpoint("/health", 503, {}, 0.1), *PAGES[1:])
    assert fired(probes(PROBES, pages=broken)) == ["", "", HEALTH]
    fixed = probe(probes(PROBES - 1, pages=broken))
    assert fired([probe([fixed], pages=broken)]) == [""]


def test_another_commit_is_a_failed_probe() -> None:
    stale = (Endpoint("/health", 200, {"commit": "c" * 40}, 0.1), *PAGES[1:])
    assert fired(probes(PROBES, pages=stale))[-1] == HEALTH


def test_a_p95_above_the_alerts_limit_is_a_failed_probe() -> None:
    assert fired(probes(PROBES, seen=traffic(100, 0, took=2.5)))[-1] == HEALTH
    assert fired(probes(PROBES, seen=traffic(100, 0, took=1.9)))[-1] == ""


def test_the_slow_first_seconds_of_a_new_colour_do_not_count_for_later_ones() -> None:
    cold = SecondBucket(NOW - timedelta(seconds=8), 100, 0, 100, {int(2.5 / 0.05): 100})
    warm = traffic(100, 0, took=0.1).seconds
    readings = probes(PROBES, seen=Traffic((cold, *warm), NOW + timedelta(seconds=1)))
    assert fired(readings)[-1] == ""
    assert readings[-1].metrics["p95 in ms"] == pytest.approx(2525)
    slow_again = Traffic((*warm, replace(cold, at=NOW)), NOW + timedelta(seconds=1))
    assert fired(probes(PROBES, seen=slow_again))[-1] == HEALTH


def test_where_the_whole_machine_is_slow_a_high_p95_is_only_a_warning() -> None:
    busy = tuple(replace(one, seconds=0.6) for one in PAGES)
    readings = probes(PROBES + 2, seen=traffic(100, 0, took=2.5), pages=busy)
    assert fired(readings)[-1] == ""
    assert [one.verdict for one in readings[-1].faults] == [Verdict.WARNING]


def test_probes_without_an_answer_neither_count_nor_reset() -> None:
    broken = (Endpoint("/health", 503, {}, 0.1), *PAGES[1:])
    before = probes(PROBES - 1, pages=broken)
    lost = LinkDropped("gone")
    before.append(probe(before, containers=lost, pages=lost, seen=lost, kills=lost))
    assert before[-1].fired is None
    assert fired([probe(before, pages=broken)]) == [HEALTH]


def test_no_reply_counts_only_while_the_server_itself_answers() -> None:
    silent = tuple(Endpoint(one.path, None, error="refused") for one in PAGES)
    assert fired(probes(PROBES, pages=silent))[-1] == HEALTH
    assert fired(probes(PROBES + 3, pages=silent, containers=LinkDropped("gone")))[-1] == ""


@pytest.mark.parametrize("fault", [{"state": "exited"}, {"state": "restarting"}, {"oom_killed": True},
                                   {"restart_count": 3}])
@pytest.mark.parametrize("service", ["backend-green", "nginx", "postgres", "redis"])
def test_a_critical_service_that_is_gone_fires_at_once(service: str, fault: dict[str, Any]) -> None:
    assert fired([probe([], containers=changed(service, **fault), restarts={"nginx": 2, service: 2})]) == [UNAVAILABLE]


def test_a_critical_service_that_is_only_reported_unhealthy_must_be_so_for_several_probes() -> None:
    assert fired(probes(PROBES, containers=changed("postgres", health="unhealthy"))) == ["", "", UNAVAILABLE]


def test_a_service_that_is_not_critical_fires_nothing() -> None:
    assert fired(probes(PROBES + 1, containers=changed("prometheus", state="exited"))) == [""] * (PROBES + 1)


def test_a_restart_from_before_the_deployment_does_not_count() -> None:
    old = changed("postgres", restart_count=2)
    assert fired([probe([], containers=old, restarts={"postgres": 2})]) == [""]


def test_a_worker_killed_for_memory_fires_though_its_container_runs() -> None:
    found = probe([], kills=1).fired
    assert found is not None and found.trigger == UNAVAILABLE and "killed for memory" in found.because


@pytest.mark.parametrize(("requests", "errors", "bad"), [(49, 49, []), (100, 10, []), (100, 11, ["here"]), (0, 0, [])])
def test_a_gate_applies_the_error_trigger_as_well(requests: int, errors: int, bad: list[str]) -> None:
    judge = with_error_rate(ENVIRONMENT, lambda answer: (Finding(answer, Verdict.PASSED),))
    findings = judge("another check", traffic(requests, errors))
    assert findings[0].check == "another check"
    failed = [one.check for one in findings if one.verdict is Verdict.FAILED]
    assert failed == [errors_trigger(ENVIRONMENT) for _ in bad]


def test_what_is_too_slow_is_the_alerts_figure_and_known_without_that_alert() -> None:
    environment = load_environment("staging")
    assert slow_limit_ms(environment) == 2000
    none = environment.model_copy(update={"alerts": environment.alerts.model_copy(update={"conditions": {}})})
    assert slow_limit_ms(none) == 2000


def test_a_plan_shows_at_which_figures_its_triggers_fire() -> None:
    words = triggers_in_words(ENVIRONMENT)
    assert words.startswith(f"Deployment health check failures ({PROBES} failing probes in a row, ")
    assert "a p95 above 2 s fails too" in words and "API error rate > 10% (above 10 % of 50 requests or more)" in words
    assert words.endswith(f"unhealthy: {PROBES} times in a row)")
    rules = ENVIRONMENT.rollback.model_copy(update={"triggers": ("one", "two")})
    assert triggers_in_words(ENVIRONMENT.model_copy(update={"rollback": rules})) == "one, two"
