"""Two colours: what the smoke test stores has to come into this database, and a release on another one is rolled back."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.core.gates import Gate, Watch
from runbook_lib.core.questions import HttpReply
from runbook_lib.environment import Environment, load_environment
from runbook_lib.platform.checks.replaced_release import ROWS
from runbook_lib.platform.facts.own_reads import traffic_of
from runbook_lib.platform.facts.written_rows import RowCounter, WrittenRows
from runbook_lib.release.plans.row_watch import stores_rows
from runbook_lib.release.plans.verification_steps import external_gate, watch_release
from tests.unit.release.plans.test_verification_steps import rollout


def staging(*, writes: bool) -> Environment:
    """The plan's environment, whose smoke test may say that its first step stores a row."""
    found = load_environment("staging")
    assert found.smoke is not None
    first, *others = found.smoke.steps
    steps = (first.model_copy(update={"writes": writes}), *others)
    return found.model_copy(update={"smoke": found.smoke.model_copy(update={"steps": steps})})


def watch_of(environment: Environment, rows: RowCounter | None) -> Watch:
    found = [one for one in watch_release(rollout(environment), rows).actions if isinstance(one, Watch)]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(("grown", "verdict"), [((3, 0, 0), Verdict.PASSED), ((0, 0, 0), Verdict.FAILED)])
def test_a_release_on_another_database_fails_its_watch(grown: tuple[int, ...], verdict: Verdict) -> None:
    watch = watch_of(staging(writes=True), RowCounter(began_before=True))
    readings: list[Any] = []
    for place in range(len(grown)):
        readings.append(watch.judge(readings, ((), (), traffic_of(()), 0, WrittenRows(grown[:place + 1]))))
    assert [one.verdict for one in watch.conclude(readings) if one.check == ROWS] == [verdict]


@pytest.mark.parametrize(("began_before", "total", "verdict"), [
    (True, 3, Verdict.PASSED),
    (True, 0, Verdict.FAILED),
    (False, 0, Verdict.INCONCLUSIVE),  # the one count has none before it
])
def test_a_watch_of_one_reading_knows_what_came_since_the_smoke_test(began_before: bool, total: int, verdict: Verdict) -> None:
    """It was not known how many rows came, though they were counted before the smoke test and after it."""
    watch = watch_of(staging(writes=True), RowCounter(began_before=began_before))
    reading = watch.judge([], ((), (), traffic_of(()), 0, WrittenRows((total,))))
    assert [one.verdict for one in watch.conclude([reading]) if one.check == ROWS] == [verdict]


def test_without_a_step_that_stores_a_row_nothing_is_asked_of_the_database() -> None:
    asked = {writes: [one.name for one in watch_of(staging(writes=writes), RowCounter()).questions] for writes in (True, False)}
    assert len(asked[True]) == len(asked[False]) + 1
    assert [one.name for one in watch_of(staging(writes=True), None).questions] == asked[False], "as a rollback has it"
    assert not stores_rows(staging(writes=True).model_copy(update={"database": None}))


def test_rows_count_from_before_the_first_request_of_the_smoke_test(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, order = RowCounter(), list[str]()
    monkeypatch.setattr(RowCounter, "begin", lambda self, connections: order.append("counted"))
    gate, *_ = external_gate(rollout(staging(writes=True)), rows=rows).actions
    assert isinstance(gate, Gate)

    class Answers:
        """Every request is answered, and written down."""

        def request(self, method: str, path: str, **given: Any) -> HttpReply:
            order.append(method)
            return HttpReply(path, 503, {}, b"", 0.01)

    class Connections:
        """What the smoke test asks."""

        http = Answers()

    [smoke] = [one for one in gate.questions if one.name == "smoke test"]
    smoke.fetch(Connections())  # type: ignore[arg-type]
    assert order[0] == "counted" and len(order) > 1
