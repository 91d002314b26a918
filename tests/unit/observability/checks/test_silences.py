"""What a run that was killed has silenced is named by 40, with its maker, its end and the way to end it now."""

from __future__ import annotations

from runbook_lib.core.findings import Verdict
from runbook_lib.observability.checks.silences import silences_are_meant
from runbook_lib.observability.facts.alert_delivery import Silence, parse_silences
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.operations import Operation
from tests.unit.observability_doubles import staging

KILLED = "20261129T000836Z-4941c3"
# as a restore left them that was killed (Alertmanager 0.25 of Debian 12)
REPLY = [
    {"id": "7a46ae90", "status": {"state": "active"}, "updatedAt": "2026-11-29T00:08:54.606Z",
     "comment": f"Stop the backends, by ann@desk, run {KILLED}", "createdBy": "runbooks of staging",
     "endsAt": "2026-11-29T00:20:54.000Z", "startsAt": "2026-11-29T00:08:54.606Z",
     "matchers": [{"isEqual": True, "isRegex": False, "name": "alertname", "value": "TargetDown"},
                  {"isEqual": True, "isRegex": False, "name": "job", "value": "backend"}]},
    {"id": "74bd28fd", "status": {"state": "expired"}, "updatedAt": "2026-11-29T00:08:54.606Z",
     "comment": f"Answer API requests with 503, run {KILLED}", "createdBy": "runbooks of staging",
     "endsAt": "2026-11-29T00:08:54.606Z", "startsAt": "2026-11-29T00:08:53.266Z",
     "matchers": [{"isEqual": True, "isRegex": False, "name": "alertname", "value": "TargetDown"}]},
]


def in_force(by: str = "runbooks of staging", comment: str = "") -> tuple[Silence, ...]:
    return parse_silences([{**REPLY[0], "createdBy": by, **({"comment": comment} if comment else {})}, REPLY[1]])


def test_a_silence_of_a_run_that_was_killed_is_a_warning_with_its_maker_its_end_and_how_to_end_it() -> None:
    found = silences_are_meant(staging(), in_force(), None)
    assert found.verdict is Verdict.WARNING
    assert found.measured == ("alertname = 'TargetDown', job = 'backend' until 2026-11-29 00:20 UTC by runbooks of "
                              f"staging: Stop the backends, by ann@desk, run {KILLED}")
    assert "no one is informed of what it silences" in found.next_step
    assert "for s in 7a46ae90; do curl -X DELETE http://127.0.0.1:9093/api/v2/silence/$s; done" in found.next_step


def test_what_another_run_in_progress_did_not_set_is_left_too() -> None:
    other = Operation("me", "20261129T001000Z-aaaaaa", "deploy v2", "now", "now")
    assert silences_are_meant(staging(), in_force(), other).verdict is Verdict.WARNING


def test_a_silence_of_the_run_in_progress_and_one_of_a_person_are_named_and_meant() -> None:
    busy = Operation("me", KILLED, "restore", "now", "now")
    assert silences_are_meant(staging(), in_force(), busy).verdict is Verdict.PASSED
    person = silences_are_meant(staging(), in_force("ann", "disk is replaced"), None)
    assert (person.verdict, "by ann: disk is replaced" in person.measured) == (Verdict.PASSED, True)
    assert silences_are_meant(staging(), in_force("runbooks of lab"), None).verdict is Verdict.PASSED
    assert silences_are_meant(staging(), (), None).measured == "none"


def test_without_the_lock_or_alertmanager_it_is_not_known() -> None:
    unknown = Unanswered("operation in progress", "no connection", "Run again.")
    assert silences_are_meant(staging(), in_force(), unknown).verdict is Verdict.INCONCLUSIVE
    assert silences_are_meant(staging(), (), unknown).verdict is Verdict.PASSED
    assert silences_are_meant(staging(), unknown, None).verdict is Verdict.INCONCLUSIVE


def test_where_nothing_sends_alerts_there_is_nothing_to_silence() -> None:
    alone = staging(**{"monitoring.alerts": None})
    assert silences_are_meant(alone, (), None).verdict is Verdict.NOT_APPLICABLE


def test_of_many_the_first_are_named_and_all_can_be_ended() -> None:
    many = parse_silences([{**REPLY[0], "id": f"id{number}"} for number in range(5)])
    found = silences_are_meant(staging(), many, None)
    assert found.measured.endswith("; and 2 more")
    assert "id0 id1 id2 id3 id4;" in found.next_step
