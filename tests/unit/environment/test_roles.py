"""Which service does what, whatever the environment calls it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.environment import load_environment
from tests.unit.environment_doubles import overlay, with_services_renamed

STAGING = load_environment("staging")


def test_the_services_of_a_slot_are_asked_of_the_environment() -> None:
    assert STAGING.slot("green") == ("backend-green", "frontend-green")
    assert STAGING.api_of("blue") == "backend-blue"
    assert STAGING.writers_of("blue") == ("backend-blue",)
    assert STAGING.writers == ("backend-blue", "backend-green")


def test_other_names_reach_every_role() -> None:
    renamed = with_services_renamed({"backend": "api", "frontend": "site", "nginx": "gateway", "prometheus": "metrics", "alertmanager": "pager"})
    assert renamed.slot("blue") == ("api-blue", "site-blue")
    assert (renamed.metrics_service, renamed.alerts_service) == ("metrics", "pager")
    assert renamed.shared_services == ("gateway", "postgres", "redis")


@pytest.mark.parametrize(("text", "reason"), [
    ("monitoring: null\nwithout: {monitoring: a demonstration}\n", "a demonstration"),
    ("services: {prometheus: {required: false, absent_reason: none here}}\n", "none here"),
])
def test_an_environment_may_keep_no_metrics_and_says_why(tmp_path: Path, text: str, reason: str) -> None:
    found = load_environment(overlay(tmp_path, text))
    assert (found.metrics_service, found.no_monitoring_reason) == ("", reason)


def test_metrics_may_be_kept_where_nothing_sends_alerts(tmp_path: Path) -> None:
    assert load_environment(overlay(tmp_path, "monitoring: {alerts: null}\n")).alerts_service == ""


def test_a_title_stands_within_a_sentence_as_it_would_in_speech() -> None:
    """*No alert of The lab fires.*"""
    staging = load_environment("staging")
    assert staging.title_within == "GW2_WvWbuilder staging"
    assert [staging.model_copy(update={"title": title}).title_within for title in ("The lab", "Theatre")] == [
        "the lab", "Theatre"]
