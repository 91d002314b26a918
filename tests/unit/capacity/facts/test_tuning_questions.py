"""All questions of the tuning review: whatever fails is a value, and a deadline that cannot be is refused."""

from __future__ import annotations

import pytest

from runbook_lib.capacity.checks.tuning import (
    caches_work,
    indexes_fit,
    planned_values,
    statements_are_fast,
    vacuum_keeps_up,
    values_in_force,
)
from runbook_lib.capacity.facts.tuning_questions import client_question, tuning_questions
from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import BadParameter, EndpointUnavailable, FactUnreadable, HostUnreachable
from runbook_lib.core.findings import Verdict
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.availability import DeclaredAbsent, Unanswered
from tests.unit.environment.test_without_database import NONE, ONE
from tests.unit.shop_environment import shop


def test_a_server_that_is_away_ends_no_run(staging: Environment) -> None:
    away = ScriptedConnections(commands={"bash": HostUnreachable("away")}, sql={"SELECT": FactUnreadable("no database")},
                               queries={"gw2": EndpointUnavailable("no metrics")})
    answers = [question.fetch(away) for question in tuning_questions(staging, 60)]
    assert [one.reason for one in answers if isinstance(one, Unanswered)] == ["no database", "away", "no database", "no database", "no metrics"]


def test_without_a_database_its_part_is_declared_absent_and_the_rest_is_asked() -> None:
    environment = shop(**NONE, **ONE)
    answers = [question.fetch(ScriptedConnections(commands={"bash": HostUnreachable("away")})) for question in tuning_questions(environment)]
    settings, server, usage, statements, pool = answers
    assert {one.reason for one in (settings, usage, statements) if isinstance(one, DeclaredAbsent)} == {"notes are files in a volume"}
    assert (server.reason, pool) == ("away", None)
    planned = planned_values(environment, settings, server, pool)
    found = (*values_in_force(planned), *statements_are_fast(environment, statements), *indexes_fit(environment, usage, statements),
             *vacuum_keeps_up(environment, usage), *caches_work(environment, usage, server, Unanswered("view", "no page")))
    absent = [one for one in found if one.measured == "notes are files in a volume"]
    assert {one.verdict for one in absent} == {Verdict.NOT_APPLICABLE}
    assert len(absent) == 14  # settings, statements, four of indexes, seven of vacuum, reads from memory


def test_statements_that_are_meant_not_to_be_counted_are_not_asked(staging: Environment) -> None:
    environment = staging.model_copy(update={"without": {"statements": "the database is a hosted one"}})
    answer = tuning_questions(environment)[3].fetch(ScriptedConnections())
    (found,) = statements_are_fast(environment, answer)
    assert (found.verdict, found.measured) == (Verdict.NOT_APPLICABLE, "the database is a hosted one")


def test_without_a_metric_the_pool_is_not_asked(staging: Environment) -> None:
    backend = staging.tuning.backend.model_copy(update={"pool_query": None})
    environment = staging.model_copy(update={"tuning": staging.tuning.model_copy(update={"backend": backend})})
    assert tuning_questions(environment)[-1].fetch(ScriptedConnections()) is None


@pytest.mark.parametrize("seconds", [0, -1, 3601, float("nan"), float("inf")])
def test_a_deadline_that_cannot_be_is_refused(staging: Environment, seconds: float) -> None:
    for ask in (client_question, tuning_questions):
        with pytest.raises(BadParameter, match="deadline_s"):
            ask(staging, seconds)
