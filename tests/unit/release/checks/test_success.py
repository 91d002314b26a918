"""The plan's success criteria as a table, each with the worst of what measures it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.environment import load_environment
from runbook_lib.platform.checks.endpoints import BY_IMAGE
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.log_lines import LogLine
from runbook_lib.platform.facts.logs import SevereLines
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.release.checks.success import SuccessCriteria, no_critical_errors, success_criteria
from runbook_lib.release.facts.load import Load
from runbook_lib.release.plans.watch import plan_watch
from tests.unit.shop_environment import shop

ENVIRONMENT = load_environment("staging")
RELEASE = Release("b" * 40, "v3.2.0", "green", "0003", "run", "ann", "", datetime(2026, 11, 22, tzinfo=UTC))
CRITERIA = success_criteria(ENVIRONMENT, RELEASE)
GOOD, FAILING = Finding("x", Verdict.PASSED, "1"), Finding("y", Verdict.FAILED, "2")


def rolled_back(unanswered: Mapping[str, int]) -> tuple[Deployed, Release]:
    """A rollback from the release to an earlier one, of which it is known what it did not answer."""
    first = replace(RELEASE, commit="a" * 40, version="v3.1.0")
    back = replace(first, rolled_back_from=RELEASE.commit)
    return Deployed("green", None, "", "", None, frozenset(), (first, RELEASE, back),
                    unanswered={first.commit: unanswered}), back


def table(**measured: tuple[Finding, ...]) -> dict[str, dict[str, str]]:
    rows = CRITERIA.table(**measured)
    return dict(zip(ENVIRONMENT.success.criteria, rows, strict=True))


def test_the_table_has_the_plans_words_in_its_order() -> None:
    assert [row["criterion"] for row in CRITERIA.table()] == list(ENVIRONMENT.success.criteria.values())


def test_each_criterion_shows_its_worst_finding() -> None:
    rows = table(services=(GOOD,), logs=(GOOD, FAILING))
    assert (rows["services"]["verdict"], rows["services"]["measured"]) == ("passed", "x: 1")
    assert (rows["logs"]["verdict"], rows["logs"]["measured"]) == ("failed", "y: 2")


def test_a_criterion_without_findings_is_inconclusive_and_never_a_pass() -> None:
    rows = table(monitoring=())
    assert {row["verdict"] for row in rows.values()} == {"inconclusive"}
    assert rows["monitoring"]["measured"] == "not measured"


def test_many_findings_are_counted_instead_of_listed() -> None:
    assert table(services=(GOOD,) * 5)["services"]["measured"] == "5 checks passed"
    assert table(services=(FAILING,) * 5)["services"]["measured"] == "y: 2; y: 2 and 3 more"


def test_every_criterion_of_the_environment_file_has_a_method_that_measures_it() -> None:
    assert all(callable(getattr(SuccessCriteria, key)) for key in ENVIRONMENT.success.criteria)


def test_what_is_measured_is_compared_with_the_recorded_release() -> None:
    assert CRITERIA.migrations("0002")[0].verdict is Verdict.FAILED
    assert CRITERIA.migrations("0003")[0].verdict is Verdict.PASSED
    assert CRITERIA.services(())[0].verdict is Verdict.FAILED
    assert CRITERIA.endpoints(()) == ()
    assert CRITERIA.assets(())[0].verdict is Verdict.FAILED
    assert CRITERIA.logs(None)[0].verdict is Verdict.INCONCLUSIVE
    assert CRITERIA.monitoring((), ())[0].verdict is Verdict.INCONCLUSIVE
    nothing = Load((), 0.0)
    assert {one.verdict for one in (*CRITERIA.response_time(nothing), *CRITERIA.error_rate(nothing))} == {Verdict.INCONCLUSIVE}


def test_a_count_of_checks_names_what_has_no_health_check() -> None:
    unasked = Finding("worker is healthy", Verdict.PASSED, "running; no health check: it has no port")
    assert table(services=(GOOD, GOOD, unasked))["services"]["measured"] == (
        "3 checks passed; worker is healthy: running; no health check: it has no port")


def test_only_where_there_is_a_proxy_its_log_is_named() -> None:
    error = SevereLines((LogLine(datetime(2026, 11, 22, 12, tzinfo=UTC), level="ERROR", message="boom"),))
    for proxy in (True, False):
        assert ("proxy" in no_critical_errors(error, proxy=proxy).next_step) is proxy


def test_after_a_rollback_what_the_earlier_release_does_not_know_is_a_warning() -> None:
    paths = dict.fromkeys(ENVIRONMENT.health.endpoints, 404)
    replies = tuple(Endpoint(path, 404) for path in paths)
    deployed, back = rolled_back(paths)
    returned, newest = success_criteria(ENVIRONMENT, back, deployed), success_criteria(ENVIRONMENT, RELEASE, deployed)
    assert (returned.earlier, newest.earlier, CRITERIA.earlier) == (True, False, False)
    # the image is the proof where no path names the commit, and there is no container
    shown = {one.check: one.verdict for one in returned.endpoints(replies)}
    assert shown == {**{f"{path} answers": Verdict.WARNING for path in paths}, BY_IMAGE: Verdict.FAILED}
    assert newest.endpoints(replies)[0].verdict is Verdict.FAILED
    # a path that was answered before is not one that the release does not have
    unknown = success_criteria(ENVIRONMENT, back, replace(deployed, unanswered={}))
    assert unknown.endpoints(replies)[0].verdict is Verdict.FAILED


def test_after_a_rollback_no_service_is_expected_that_only_the_later_release_has() -> None:
    environment, back = shop(), Release("a" * 40, "v1", "", None, "run", "ann", "", RELEASE.at, images={"web": "web:1"})
    names = {one.check: one.verdict for one in success_criteria(environment, back).services(())}
    assert names["worker is healthy"] is Verdict.NOT_APPLICABLE
    assert names["web is healthy"] is Verdict.FAILED
    probe = plan_watch(environment, back, 1.0).judge((), ())
    assert "worker is healthy" not in {one.check for one in probe} >= {"web is healthy"}
