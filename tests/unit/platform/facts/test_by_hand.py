"""What an application is called that no runbook has deployed: by the images that run, so that another one is noticed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from runbook_lib.platform.facts import by_hand
from runbook_lib.platform.facts.containers import Container

WEB = Container("shop-web", "web", "web:latest", "sha256:0123456789abcdef", "running", "healthy", 0, False, 0,
                datetime(2026, 11, 27, tzinfo=UTC))


def test_only_what_runs_is_named_with_the_image_that_runs() -> None:
    stopped = replace(WEB, service="worker", state="exited")
    assert by_hand.running_services((WEB, stopped)) == ("web (web:latest, 0123456789ab)",)


def test_an_application_that_is_down_is_one_all_the_same() -> None:
    """00 would call it 'nothing is deployed yet', a warning, and send the operator to 20 Deploy."""
    down = (replace(WEB, state="exited"), replace(WEB, service="worker", state="dead"))
    assert by_hand.running_services(down) == ("web (exited)", "worker (dead)")
    assert by_hand.running_services(()) == ()


def test_a_new_image_under_the_same_name_is_another_state() -> None:
    other = replace(WEB, image_id="sha256:fedcba9876543210")
    assert by_hand.running_services((WEB,)) != by_hand.running_services((other,))


def test_the_table_and_the_refusal_say_that_no_runbook_deployed_it() -> None:
    services = by_hand.running_services((WEB,))
    assert by_hand.summary(services, None)["live"] == by_hand.BY_HAND
    refused = by_hand.not_recorded(services)
    assert refused.what == "An application runs that no runbook has deployed: web (web:latest, 0123456789ab)."
    assert refused.next_step == by_hand.NOT_YET
