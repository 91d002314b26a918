"""Which statements are slow, and what would make them faster. Pure."""

from __future__ import annotations

from runbook_lib.capacity.facts.slow_statements import Statement, StatementStatistics
from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.text import head_of, pluralize, readable_number
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.availability import Unanswered

MOST = 5  # findings of one kind: the worst, and how many more
YOUNG_H = 1.0
_FAST, _READABLE = "no slow statement", "statement statistics"


def statements_are_fast(environment: Environment, statistics: StatementStatistics | Unanswered) -> tuple[Finding, ...]:
    """No statement takes longer on average than the environment allows, among those that came often enough.

    A slow one that takes a tenth of all time is a failure, another a warning.
    """
    expected = f"a mean below {environment.tuning.limits.statement_ms} ms"
    if isinstance(statistics, Unanswered):
        return (statistics.finding(_READABLE),)
    if statistics.missing:
        return (Finding(_READABLE, Verdict.INCONCLUSIVE, statistics.missing, "pg_stat_statements can be read",
                        f"{statistics.next_step} Until then nothing shows which statement is slow but the log. Where "
                        "that is meant, say why in without.statements of the environment file."),)
    limits = environment.tuning.limits
    slow = [one for one in statistics.statements
            if one.mean_ms >= limits.statement_ms and one.calls >= limits.statement_calls]
    found = [_slow(environment, place, one, expected) for place, one in enumerate(slow[:MOST], start=1)]
    return (_readable(statistics), *(found or [_none_slow(statistics, expected)]), *_hidden(environment, statistics))


def _readable(statistics: StatementStatistics) -> Finding:
    counted = f"{pluralize(statistics.statements_in_all, 'statement')} since {_since(statistics)}"
    if not statistics.statements_in_all:
        return Finding(_READABLE, Verdict.INCONCLUSIVE, f"none since {_since(statistics)}", "some",
                       "Nothing used this database since its statistics were reset: run again after an hour of "
                       "traffic.")
    if statistics.forgotten:
        return Finding(_READABLE, Verdict.WARNING, f"{counted}; {statistics.forgotten} times the rarest were dropped",
                       "all statements are kept",
                       "In postgresql.conf: raise pg_stat_statements.max, then restart PostgreSQL. Until then rare "
                       "statements are missing, and often an application writes values into its statements.")
    return Finding(_READABLE, Verdict.PASSED, counted)


def _none_slow(statistics: StatementStatistics, expected: str) -> Finding:
    if statistics.hours is not None and statistics.hours < YOUNG_H:
        return Finding(_FAST, Verdict.NOT_APPLICABLE,
                       f"none, but they are counted for {60 * statistics.hours:.0f} min only: too short to say",
                       expected, "Run again after a day of traffic.")
    slowest = max((one.mean_ms for one in statistics.statements), default=None)
    return finding(_FAST, None if slowest is None else True, expected=expected,
                   measured="no statement was counted" if slowest is None
                   else f"the slowest mean is {readable_number(slowest)} ms")


def _slow(environment: Environment, place: int, one: Statement, expected: str) -> Finding:
    verdict = Verdict.FAILED if one.share >= 10 else Verdict.WARNING
    return Finding(f"slow statement {place}", verdict,
                   f"mean {one.mean_ms:.0f} ms, {pluralize(one.calls, 'call')}, {one.share:.0f} % of all statements' "
                   f"time: {head_of(one.text, 300)}", expected, _advice(environment, one))


def _advice(environment: Environment, one: Statement) -> str:
    if one.hidden:
        return (f"It is of another role, and {environment.postgres.owner} may not read its text. "
                f"{_let_read(environment)} Or ask as a superuser.")
    steps = ["EXPLAIN (ANALYZE, BUFFERS) it with a user's own values."]
    if one.compared:
        steps.append(f"Is there an index that begins with {' or '.join(one.compared[:3])}? See “missing index” below.")
    if one.temporary_blocks > one.calls:
        steps.append("It sorts or joins on disk: for this statement alone, SET LOCAL work_mem higher in its "
                     "transaction.")
    return " ".join([*steps, "Every request that needs it waits for it, and holds a connection of the pool."])


def _hidden(environment: Environment, statistics: StatementStatistics) -> tuple[Finding, ...]:
    hidden = [one for one in statistics.statements if one.hidden]
    if not hidden:
        return ()
    share = sum(one.share for one in hidden)
    # those of them that are slow have a finding of their own
    return (Finding("statements of other roles", Verdict.NOT_APPLICABLE,
                    f"{pluralize(len(hidden), 'text')} of other roles are hidden, {share:.0f} % of all time", "",
                    _let_read(environment)),)


def _let_read(environment: Environment) -> str:
    return f"As a superuser: GRANT pg_read_all_stats TO {environment.postgres.owner};"


def _since(statistics: StatementStatistics) -> str:
    return f"{statistics.since:%Y-%m-%d %H:%M} UTC" if statistics.since else "an unknown time"
