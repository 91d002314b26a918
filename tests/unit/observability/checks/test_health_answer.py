"""The one sentence that the report opens with."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.observability.checks.health import endpoints_answer
from runbook_lib.observability.checks.health_answer import answer
from runbook_lib.observability.checks.service_states import service_states, services_work
from runbook_lib.platform.checks.operations import during
from runbook_lib.platform.checks.page import ALL_LOADED, NO_ERRORS, SHOWN
from runbook_lib.platform.facts.operations import Operation
from runbook_lib.release.checks.tls import VALID
from tests.unit.observability_doubles import staging, survey


def sentence(changes: dict[str, Any] | None = None, *others: Finding) -> str:
    seen = survey(changes)
    states = service_states(staging(), seen)
    return answer(staging(), states, services_work(states), endpoints_answer(staging(), seen), others)


def test_a_healthy_environment() -> None:
    assert sentence() == ("GW2_WvWbuilder staging is healthy: 12 services answer themselves, and what it reports of "
                          "itself is true.")


def test_nothing_is_said_of_reports_that_nothing_compares() -> None:
    quiet = staging(health__claims={})
    states = service_states(quiet, survey())
    assert answer(quiet, states, services_work(states)) == "GW2_WvWbuilder staging is healthy: 12 services answer themselves."


def test_a_long_reason_is_cut_within_its_brackets() -> None:
    words = sentence(None, Finding("errors in the log", Verdict.INCONCLUSIVE, "no line " * 60))
    assert "(no line no line" in words
    assert words.endswith(" …). Users are answered all the same.")


def test_the_cause_is_named_and_not_what_follows_from_it() -> None:
    words = sentence({"containers.redis.state": "exited", "containers.backend-green.health": "unhealthy",
                      "replies.nginx.reply": "down", "endpoints.0.status": 503})
    assert words.startswith("GW2_WvWbuilder staging is NOT healthy: redis (exited). Users are affected; 4 of ")


def test_a_cause_that_hangs_is_named_as_well() -> None:
    words = sentence({"replies.redis.reply": "silent", "replies.redis.words": "no reply within 4 s",
                      "containers.backend-green.health": "unhealthy"})
    assert "NOT healthy: redis (no reply within 4 s). Users are affected" in words


def test_what_hangs_is_named_next_to_what_failed() -> None:
    words = sentence({"replies.backend-green.reply": "silent", "replies.backend-green.words": "no reply within 4 s",
                      "endpoints.0.status": None, "endpoints.0.seconds": None, "endpoints.0.error": "No reply in time."})
    assert "NOT healthy: /health answers (No reply in time.). Users are affected; 1 of " in words
    assert words.endswith(" Not known: backend-green (no reply within 4 s).")


def test_what_only_watches_does_not_affect_users() -> None:
    words = sentence({"containers.prometheus.state": "exited"})
    assert "prometheus (exited). Users reach it all the same" in words


def test_a_lie_is_named_where_all_services_work() -> None:
    lie = finding("true: the cache is reported ok", False, measured="/health reports ok")
    assert "NOT healthy: true: the cache is reported ok (/health reports ok)" in sentence(None, lie)


def test_a_certificate_that_does_not_verify_is_named_before_the_endpoints_that_fail_for_it() -> None:
    expired = finding("the certificate is valid", False, measured="certificate has expired")
    words = sentence({"endpoints.0.status": None, "endpoints.0.error": "TLS could not be established"}, expired)
    assert "NOT healthy: the certificate is valid (certificate has expired); /health answers (TLS" in words


@pytest.mark.parametrize(("verdict", "begins"), [
    (Verdict.INCONCLUSIVE, "It is not known whether GW2_WvWbuilder staging is healthy: alerts (no answer). Users are answered all the same."),
    (Verdict.WARNING, "GW2_WvWbuilder staging is healthy, with a warning: alerts (no answer)."),
])
def test_what_is_missing_or_a_warning(verdict: Verdict, begins: str) -> None:
    assert sentence(None, Finding("alerts", verdict, "no answer")) == begins


def test_a_server_that_cannot_be_reached_is_one_fact_and_not_a_dozen() -> None:
    words = sentence({"containers": {"like": "no answer"}, "replies": {"like": "no answer"}})
    assert words == ("It is not known whether GW2_WvWbuilder staging is healthy: no service could be asked (Docker: no answer "
                     "within 6 s; its answer: no answer within 6 s). Users are answered all the same.")


def test_a_release_that_is_not_known_is_never_healthy() -> None:
    words = sentence({"deployed": {"like": "no answer"}})
    assert words == ("It is not known whether GW2_WvWbuilder staging is healthy: the live release is known (no answer within 6 s). "
                     "Users are answered all the same.")


@pytest.mark.parametrize("check", [SHOWN, NO_ERRORS, ALL_LOADED, VALID])
def test_a_broken_page_or_certificate_affects_users_although_every_endpoint_answers(check: str) -> None:
    words = sentence(None, finding(check, False, measured="broken"))
    assert f"NOT healthy: {check} (broken). Users are affected; 1 of " in words


@pytest.mark.parametrize("check", [SHOWN, VALID])
@pytest.mark.parametrize("verdict", [Verdict.INCONCLUSIVE, Verdict.WARNING, Verdict.NOT_APPLICABLE])
def test_a_page_that_was_not_seen_affects_no_user(check: str, verdict: Verdict) -> None:
    words = sentence({"containers.prometheus.state": "exited"}, Finding(check, verdict, "no browser"))
    assert "prometheus (exited). Users reach it all the same" in words


DOCKER_GONE = {"containers": {"like": "no answer"}}
NO_ENDPOINTS = {"endpoints": {"like": "no answer"}}
LIE = finding("true: the cache is reported ok", False, measured="/health reports ok")


@pytest.mark.parametrize(("changes", "users"), [
    # a critical service that hangs is not one that failed: what users get decides
    ({**DOCKER_GONE}, "Users reach it all the same"),
    ({"replies.backend-green.reply": "silent"}, "Users reach it all the same"),
    ({**DOCKER_GONE, **NO_ENDPOINTS}, "It is not known whether users are affected"),
    ({"replies.backend-green.reply": "silent", **NO_ENDPOINTS}, "It is not known whether users are affected"),
    # all services work, and none of the endpoints could be asked: what users get was not seen
    ({**NO_ENDPOINTS}, "It is not known whether users are affected"),
    ({**DOCKER_GONE, "endpoints.3.status": 502}, "Users are affected"),
    ({"containers.redis.state": "exited"}, "Users are affected"),
    ({"containers.redis.state": "exited", **NO_ENDPOINTS}, "Users are affected"),
])
def test_whether_users_are_affected_is_what_they_get_and_what_surely_failed(changes: dict[str, Any], users: str) -> None:
    assert f". {users}; " in sentence(changes, LIE)


def test_more_than_two_are_counted() -> None:
    words = sentence({f"containers.{name}.state": "exited" for name in ("prometheus", "alertmanager", "node-exporter")})
    assert "prometheus (exited); alertmanager (exited) and 1 more." in words
    words = sentence({f"containers.{name}.state": "exited" for name in ("redis", "postgres", "alertmanager", "node-exporter")})
    assert " and 2 more. Users are affected" in words


def test_while_a_deployment_is_in_progress_that_is_the_answer() -> None:
    deploying = Operation("ann", "r", "deploy v1.1.0", "2026-11-28T10:29:02Z", "2026-11-28T10:33:01Z")
    seen = survey({"containers.backend-green.state": "exited"})
    states = service_states(staging(), seen)
    words = answer(staging(), states, during(deploying, services_work(states)), operation=deploying)
    assert words.startswith("GW2_WvWbuilder staging is being changed: deploy v1.1.0 by ann since 2026-11-28T10:29:02Z")
    assert "NOT healthy" in answer(staging(), states, services_work(states), operation=None)
