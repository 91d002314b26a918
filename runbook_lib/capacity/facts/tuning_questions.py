"""All that 62 Tuning review asks, as questions: each has a deadline, and none can end the run."""

from __future__ import annotations

from typing import Any

from runbook_lib.capacity.facts.client_view import view_as_client
from runbook_lib.capacity.facts.database_settings import survey_settings
from runbook_lib.capacity.facts.database_usage import survey_usage
from runbook_lib.capacity.facts.server_tuning import survey_server_tuning
from runbook_lib.capacity.facts.slow_statements import survey_statements
from runbook_lib.core.questions import Question
from runbook_lib.environment import Environment
from runbook_lib.observability.facts.review_window import check_deadline
from runbook_lib.platform.facts.availability import DeclaredAbsent, with_deadline
from runbook_lib.platform.facts.monitoring import instant_query

DEADLINE_S = 20.0


def client_question(environment: Environment, deadline_s: float = DEADLINE_S) -> Question[Any]:
    """What a client is served, or Unanswered after `deadline_s` seconds. Asked first: it fills the cache, whose times
    the next questions measure. Raises BadParameter."""
    return with_deadline(view_as_client(environment, timeout_s=_checked(deadline_s) / 2), 3 * deadline_s)


def tuning_questions(environment: Environment, deadline_s: float = DEADLINE_S) -> tuple[Question[Any], ...]:
    """Settings of the database, limits with processes and cache, tables, statements, and the connection pool.

    In this order; what takes longer than `deadline_s` seconds, or cannot be had, is Unanswered, and what the
    environment has no database for is DeclaredAbsent. The pool is None where it names no metric of it. Raises
    BadParameter.
    """
    limit_s = _checked(deadline_s)
    pool = environment.tuning.backend.pool_query
    asked: Question[Any] = instant_query(environment, pool, name="connection pool") if pool else _nothing()
    server = survey_server_tuning(environment, limit_s=limit_s / 2)
    if reason := environment.no_database_reason:
        none = Question[Any]("database", lambda connections: DeclaredAbsent("database", reason))
        return (none, with_deadline(server, limit_s), none, none, with_deadline(asked, limit_s))
    return tuple(with_deadline(question, limit_s) for question in (
        survey_settings(environment, timeout_s=limit_s), server,
        survey_usage(environment, timeout_s=limit_s), _statements(environment, limit_s), asked))


def _statements(environment: Environment, limit_s: float) -> Question[Any]:
    if reason := environment.no_statements_reason:
        return Question("slow statements", lambda connections: DeclaredAbsent("slow statements", reason))
    return survey_statements(environment, timeout_s=limit_s)


def _nothing() -> Question[None]:
    return Question("connection pool", lambda connections: None)


def _checked(deadline_s: float) -> float:
    check_deadline(deadline_s, "an answer within half a minute")
    return deadline_s
