"""The gates and the watch of a release that replaces another one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.gates import Gate, Watch
from runbook_lib.platform.checks.replaced_release import OUTAGE, ROWS
from runbook_lib.platform.checks.replaced_release import READS as READ
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.outage import Outage
from runbook_lib.platform.facts.own_reads import Read, traffic_of
from runbook_lib.platform.facts.release_history import AS_FOUND
from runbook_lib.platform.facts.smoke_test import UserFlow
from runbook_lib.platform.facts.written_rows import RowCounter, WrittenRows
from runbook_lib.release.plans.replace_gates import (
    Measured,
    measured_of,
    outage_begins,
    outage_ends,
    outside_gate,
    previous_answers,
    watch_replaced,
    writes_before,
)
from runbook_lib.release.plans.replacement import Replacement
from runbook_lib.release.plans.row_watch import WRITTEN, smoke_test_counted
from tests.unit.platform.facts.test_replaced_release import NEW, running
from tests.unit.release.plans.test_replacement import change
from tests.unit.shop_environment import shop

GOOD = (Endpoint("/status/", 200, {"state": "open"}, 0.01),)
READS = (Read("/", datetime(2026, 11, 27, tzinfo=UTC), 200, 0.01),)
NO_SMOKE = UserFlow((), "none")


def watch_of(before: WrittenRows | None = None) -> Watch:
    measured = measured_of(change())
    measured.rows.before = before
    watch, _ = watch_replaced(change(), measured).actions
    assert isinstance(watch, Watch)
    return watch


def test_the_gate_shuts_for_the_image_of_before_and_fires_the_trigger() -> None:
    gate, = outside_gate(change(), measured_of(change())).actions
    assert isinstance(gate, Gate)
    assert gate.trigger and gate.since == "switch"
    new = all(one.verdict.acceptable for one in gate.judge(running(f"web:{NEW}"), GOOD, NO_SMOKE, READS))
    old = [one.check for one in gate.judge(running("web:latest"), GOOD, NO_SMOKE, READS) if not one.verdict.acceptable]
    assert (new, old) == (True, ["the containers run the release's image"])


def test_a_proxy_whose_files_cannot_be_compared_keeps_no_release_from_its_users() -> None:
    behind = shop(proxy={"service": "web", "kind": "nginx"})
    made = change()
    made = replace(made, rollout=replace(made.rollout, environment=behind))
    gate, = outside_gate(made, measured_of(made)).actions
    assert isinstance(gate, Gate)
    found = gate.judge(running(f"web:{NEW}"), GOOD, NO_SMOKE, READS, Unanswered("mounted files of web", "no answer within 20 s"))
    assert [one.check for one in found if not one.verdict.acceptable] == list(gate.may_be_inconclusive)
    assert found[-1].verdict is Verdict.INCONCLUSIVE and found[-1].measured == "no answer within 20 s"


def test_an_undo_is_good_when_the_images_of_before_answer_and_says_how_long_users_waited() -> None:
    gate = previous_answers(change(), measured_of(change()))
    assert gate is not None
    found = gate.judge(running("web:latest"), GOOD, NO_SMOKE, READS, Outage(20, 9, 8.0))
    assert all(one.verdict.acceptable for one in found)
    assert found[-1].measured == "8.0 s, 9 of 20 requests failed"
    # a build failed: no request was sent, and nothing had been taken from users
    assert gate.judge(running("web:latest"), GOOD, NO_SMOKE, READS, Outage(0, 0, 0.0))[-1].verdict is Verdict.NOT_APPLICABLE
    new = tuple(replace(one, image_id="sha256:fedcba987654") for one in running(f"web:{NEW}"))
    assert not all(one.verdict.acceptable for one in gate.judge(new, GOOD, NO_SMOKE, READS, Outage(1, 0, 0)))


def test_texts_of_the_environment_file_decide_for_what_is_deployed_alone() -> None:
    """A title that only the newer release has keeps no earlier one from its users."""
    old = (replace(GOOD[0], lacks=("'<title>New</title>' is not in it",)),)
    made = change()
    back = replace(made, rollout=replace(made.rollout, texts_of=frozenset()))
    deployed, returned = (outside_gate(one, measured_of(one)).actions[0] for one in (made, back))
    undone = previous_answers(made, measured_of(made))
    assert isinstance(deployed, Gate) and isinstance(returned, Gate) and undone is not None
    new = running(f"web:{NEW}")
    found = {
        "deployed": deployed.judge(new, old, NO_SMOKE, READS),
        "returned": returned.judge(new, old, NO_SMOKE, READS),
        "undone": undone.judge(running("web:latest"), old, NO_SMOKE, READS, Outage(20, 9, 8.0)),
    }
    assert {place: next(one.verdict for one in each if "holds" in one.check) for place, each in found.items()} == {
        "deployed": Verdict.FAILED, "returned": Verdict.WARNING, "undone": Verdict.WARNING}


def test_a_path_that_only_the_newer_release_has_keeps_no_earlier_one_from_its_users() -> None:
    """Found by trying: /healthz2 answered 404 before and after, and the rollback was called failed (exit 6)."""
    old, reads = (replace(GOOD[0], status=404, fields={}),), (replace(READS[0], status=404),)
    made = change()
    seen = replace(made, rollout=replace(made.rollout, endpoints=old))
    unknown, known = (previous_answers(one, measured_of(one)) for one in (made, seen))
    assert unknown is not None and known is not None
    found = known.judge(running("web:latest"), old, NO_SMOKE, reads, Outage(20, 9, 8.0))
    assert [one.check for one in found if one.verdict is Verdict.WARNING] == ["/status/ answers", READ]
    assert all(one.verdict.acceptable for one in found)
    for gate, answers, status in ((unknown, old, 404), (known, (replace(old[0], status=500),), 404), (known, old, 500)):
        wrong = gate.judge(running("web:latest"), answers, NO_SMOKE, (replace(READS[0], status=status),), Outage(20, 9, 8.0))
        assert not all(one.verdict.acceptable for one in wrong), (answers, status)
    deployed = outside_gate(seen, measured_of(seen)).actions[0]
    assert isinstance(deployed, Gate)
    wrong = deployed.judge(running(f"web:{NEW}"), old, NO_SMOKE, READS)
    assert [one.check for one in wrong if not one.verdict.acceptable] == ["/status/ answers"], "what is deployed must answer"


@pytest.mark.parametrize(("version", "verdicts"), [
    (AS_FOUND, []), ("v1.0.0", [Verdict.PASSED]), ("v1.1.0", [Verdict.FAILED])])
def test_what_ran_before_any_runbook_names_whatever_version_it_has(version: str, verdicts: list[Verdict]) -> None:
    """Found by rolling back to it: the runbooks call it as-found, and no application calls itself so."""
    environment = shop(health={"endpoints": {"/status/": {"title": "open", "service": "web", "version": "version"}}})
    made = change()
    target = replace(made.rollout.target, version=version)
    back = replace(made, rollout=replace(made.rollout, environment=environment, target=target, texts_of=frozenset()))
    gate = outside_gate(back, measured_of(back)).actions[0]
    assert isinstance(gate, Gate)
    named = (replace(GOOD[0], fields={"version": "1.0.0"}),)
    found = gate.judge(running(f"web:{NEW}"), named, NO_SMOKE, READS)
    assert [one.verdict for one in found if "names the version" in one.check] == verdicts


def test_nothing_ran_before_so_nothing_has_to_answer_after_an_undo() -> None:
    assert previous_answers(change(containers=()), measured_of(change(containers=()))) is None


def test_a_watch_ends_with_a_failure_where_rows_stopped_coming() -> None:
    watch = watch_of(WrittenRows((2, 1, 2)))
    readings = []
    for _ in range(3):
        readings.append(watch.judge(readings, (running(f"web:{NEW}"), GOOD, traffic_of(READS), 0, WrittenRows((0,)))))
    assert readings[-1].metrics[WRITTEN] == 0.0
    rows = next(one for one in watch.conclude(readings) if one.check == ROWS)
    assert rows.verdict is Verdict.FAILED


WRITING = {"service": "web", "leaves": "a product", "steps": [{"name": "add a product", "method": "POST", "path": "/api/products", "writes": True}]}
SELDOM = {"cache": "none", "monitoring": "none", "writes": "a page of a club: rows come once a week"}


@pytest.mark.parametrize(("changes", "before", "came", "watched_s", "verdict"), [
    # an application that seldom writes: nothing is known, unless the file says why, or which step of the smoke test writes
    ({}, (0, 1), (0, 0, 0), 30, Verdict.INCONCLUSIVE),
    ({}, (2, 1), (0, 0, 0), 30, Verdict.FAILED),
    ({}, (2, 1), (0, 0), 30, Verdict.INCONCLUSIVE),  # one interval may be a pause
    ({"without": {**SELDOM, "smoke": "none"}}, (0, 1), (0, 0), 30, Verdict.NOT_APPLICABLE),
    ({"without": {**SELDOM, "smoke": "none"}}, (0, 1), (0, 3), 30, Verdict.PASSED),
    ({"without": {**SELDOM, "smoke": "none"}}, (2, 1), (0, 0, 0), 30, Verdict.FAILED),
    ({"without": {**SELDOM, "smoke": "none"}}, (0, 1), (0,), 30, Verdict.INCONCLUSIVE),
    ({"smoke": WRITING}, (0, 1), (3, 3), 30, Verdict.PASSED),
    ({"smoke": WRITING}, (0, 0), (0, 0), 30, Verdict.FAILED),
    ({"smoke": WRITING}, (0, 0), (0, 0), 5, Verdict.INCONCLUSIVE),  # counts of an idle session come late
    ({"smoke": WRITING}, (0, 0), (0, 0, None), 30, Verdict.INCONCLUSIVE),
    ({"smoke": WRITING}, (0, 0), (0, 0, 2, None), 30, Verdict.PASSED),
])
def test_where_rows_come_seldom_the_smoke_tests_own_show_which_database_it_is(
        changes: dict[str, Any], before: tuple[int, ...], came: tuple[int | None, ...], watched_s: float, verdict: Verdict) -> None:
    without = {"without": {name: one for name, one in SELDOM.items() if name != "writes"}} if "smoke" in changes else {}
    made = watched(watched_s, **without, **changes)
    measured = measured_of(made)
    measured.rows.before, measured.rows.began_before = WrittenRows(before), "smoke" in changes
    found = concluded(made, measured, came)
    assert found.verdict is verdict
    if verdict is Verdict.INCONCLUSIVE and came:
        assert "without.writes" in found.next_step and "writes: true" in found.next_step


def watched(watch_s: float, **changes: Any) -> Replacement:
    rules = {"watch_s": float(watch_s), "interval_s": 1.0, "synthetic_per_s": 5.0, "minimum_requests": 20}
    made = change()
    return replace(made, rollout=replace(made.rollout, environment=shop(**changes, rollback=rules)))


def concluded(made: Replacement, measured: Measured, came: tuple[int | None, ...]) -> Finding:
    watch, _ = watch_replaced(made, measured).actions
    assert isinstance(watch, Watch)
    readings: list[Any] = []
    for total in came:
        rows = Unanswered("rows", "gone") if total is None else WrittenRows((total,))
        readings.append(watch.judge(readings, (running(f"web:{NEW}"), GOOD, traffic_of(READS), 0, rows)))
    return next(one for one in watch.conclude(readings) if one.check == ROWS)


def test_a_count_that_could_not_begin_before_the_smoke_test_calls_no_release_wrong() -> None:
    """Found by reading: its rows were in no sample then, and a good release was rolled back."""
    made = watched(30, without={name: one for name, one in SELDOM.items() if name != "writes"}, smoke=WRITING)
    environment, measured = made.rollout.environment, measured_of(made)
    away = ScriptedConnections(sql={"pg_stat_database": FactUnreadable("it is starting")}, replies={"/api/products": (200, {})})
    assert smoke_test_counted(environment, measured.rows).fetch(away).works
    assert concluded(made, measured, (0, 0)).verdict is Verdict.INCONCLUSIVE
    there = ScriptedConnections(sql={"pg_stat_database": [{"rows": 7, "late": False}]}, replies={"/api/products": (200, {})})
    assert smoke_test_counted(environment, measured.rows).fetch(there).works, "the gate asks more than once"
    assert concluded(made, measured, (0, 0)).verdict is Verdict.FAILED


def test_rows_are_counted_from_before_the_smoke_test_stores_any() -> None:
    rows, counts = RowCounter(), [7, 8]
    environment = shop(without={"cache": "none", "monitoring": "none"}, smoke=WRITING)
    connections = ScriptedConnections(sql={"pg_stat_database": lambda: [{"rows": counts.pop(0), "late": False}]}, replies={"/api/products": (200, {})})
    assert smoke_test_counted(environment, rows).fetch(connections).works
    assert rows.samples == [7]
    assert rows.sample(connections).total == 1


def test_a_worker_that_is_down_fires_although_it_is_not_called_critical() -> None:
    web, worker, db = running(f"web:{NEW}")
    stopped = replace(worker, state="exited")
    reading = watch_of().judge([], ((web, stopped, db), GOOD, traffic_of(READS), 0, WrittenRows((1,))))
    assert reading.fired is not None and "worker" in reading.fired.because


def test_rows_and_requests_are_only_reported_before_the_release() -> None:
    measured = measured_of(change())
    assert all(one.verdict is Verdict.PASSED for one in writes_before(measured).judge(WrittenRows((0, 0))))
    begun, = outage_begins(measured).judge(Outage(1, 0, 0.0))
    assert begun.verdict is Verdict.PASSED and "0.0 s" not in begun.measured and begun.check != OUTAGE


def test_a_run_has_one_figure_of_its_outage_and_it_stands_in_the_head_of_the_report() -> None:
    made = change()
    measured = measured_of(made)
    undone = previous_answers(made, measured)
    assert undone is not None and undone.headline == outage_ends(measured).headline == OUTAGE
    ended, = outage_ends(measured).judge(Outage(29, 6, 2.5))
    assert (ended.check, ended.measured) == (OUTAGE, "2.5 s, 6 of 29 requests failed")
    before = [one for step in (outside_gate(made, measured), watch_replaced(made, measured)) for one in step.actions]
    assert not [one for one in (*before, outage_begins(measured)) if isinstance(one, Gate) and one.headline]


def test_below_postgresql_15_a_pool_that_is_idle_after_the_smoke_test_is_no_other_database() -> None:
    made = watched(30, without={name: one for name, one in SELDOM.items() if name != "writes"}, smoke=WRITING)
    measured = measured_of(made)
    measured.rows.before, measured.rows.late, measured.rows.began_before = WrittenRows((0, 0)), True, True
    assert concluded(made, measured, (0, 0)).verdict is Verdict.INCONCLUSIVE
