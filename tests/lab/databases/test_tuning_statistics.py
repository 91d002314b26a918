"""62 Tuning review on databases of other people: thousands of tables, odd names, no statistics, and roles that may read nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from runbook_lib.capacity.checks.indexes import indexes_fit
from runbook_lib.capacity.checks.planned_values import planned_values
from runbook_lib.capacity.checks.statements import statements_are_fast
from runbook_lib.capacity.checks.upkeep import vacuum_keeps_up
from runbook_lib.capacity.facts.database_settings import survey_settings
from runbook_lib.capacity.facts.database_usage import DatabaseUsage, survey_usage
from runbook_lib.capacity.facts.slow_statements import StatementStatistics, survey_statements
from runbook_lib.platform.facts.availability import Unanswered
from tests.lab.databases.throwaway import ENVIRONMENT, OWNER, Throwaway

TIMEOUT_S = 300.0
# whole reads of a large table for a column with an odd name; an index twice, one that is invalid, one of a partition
ODD = r"""
CREATE TABLE "we ird""; t" (id serial PRIMARY KEY, "Owner ""x" int, note text);
INSERT INTO "we ird""; t" ("Owner ""x", note) SELECT n, repeat('x', 40) FROM generate_series(1, 20000) n;
CREATE INDEX "twice;" ON "we ird""; t" (id);
CREATE TABLE child (id int, parent int REFERENCES "we ird""; t"); INSERT INTO child SELECT n, n FROM generate_series(1, 15000) n;
CREATE TABLE parts (a int, b int) PARTITION BY RANGE (a); CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (9);
CREATE INDEX ON parts (b);
ALTER TABLE child SET (autovacuum_enabled = off);
ANALYZE;
ALTER ROLE staging_user SET work_mem = '64MB';
"""
READS = "".join("""SELECT count(*) FROM "we ird""; t" WHERE "Owner ""x" = 7 AND note <> 'hunter2';\n""" for _ in range(30))
MANY = "DO $$ BEGIN FOR n IN 1..2000 LOOP EXECUTE format('CREATE TABLE many_%s (id int PRIMARY KEY, name text)', n); END LOOP; END $$"


def asked(live: Throwaway) -> Any:
    return SimpleNamespace(database=live)


def usage_of(live: Throwaway) -> DatabaseUsage:
    return survey_usage(ENVIRONMENT, timeout_s=TIMEOUT_S).fetch(asked(live))


def statements_of(live: Throwaway) -> StatementStatistics:
    return survey_statements(ENVIRONMENT, timeout_s=TIMEOUT_S).fetch(asked(live))


def test_odd_names_get_changes_that_postgresql_takes(live: Throwaway) -> None:
    live.sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements; SELECT pg_stat_statements_reset()", "postgres")
    live.sql(ODD, role=OWNER)
    live.sql(READS, role=OWNER)
    statistics, usage = statements_of(live), usage_of(live)
    found = {one.check: one for one in indexes_fit(ENVIRONMENT, usage, statistics)}
    missing = found['missing index: public."we ird""; t"']
    assert missing.verdict == "failed", missing
    changes = [missing.next_step, found['foreign key without index: child_parent_fkey of public.child'].next_step,
               found['doubled index: public."twice;"'].next_step]
    for change in changes:  # each ends with a semicolon and a capital letter after it: what it brings
        live.sql(change[:change.rindex(");") + 1] if ");" in change else change.split("; Reads")[0], role=OWNER)
    assert not [one for one in indexes_fit(ENVIRONMENT, usage_of(live), Unanswered("q", "not asked")) if "doubled" in one.check or "key" in one.check]
    assert not any("hunter2" in one.text for one in statistics.statements)
    assert [one.verdict for one in vacuum_keeps_up(ENVIRONMENT, usage) if "autovacuum" in one.check] == ["warning"]
    settings = survey_settings(ENVIRONMENT, timeout_s=TIMEOUT_S).fetch(asked(live))
    work_mem = next(one for one in planned_values(ENVIRONMENT, settings, Unanswered("q", "x"), None) if one.name == "work_mem")
    assert (work_mem.in_force, work_mem.good) == ("64MB", False)
    assert 'ALTER ROLE "staging_user" RESET work_mem;' in work_mem.change
    live.sql(f'ALTER ROLE "{OWNER}" RESET work_mem')


def test_two_thousand_tables_without_statistics_are_clear_findings(live: Throwaway) -> None:
    live.sql(MANY, role=OWNER)
    usage = usage_of(live)
    assert usage.tables_in_all >= 2000
    findings = (*indexes_fit(ENVIRONMENT, usage, Unanswered("q", "x")), *vacuum_keeps_up(ENVIRONMENT, usage))
    assert len(usage.tables) == 1000
    assert len(findings) < 40
    assert not [one for one in findings if one.verdict == "failed"]


def test_statements_that_may_not_be_read_are_said_as_that(live: Throwaway) -> None:
    live.sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements; SELECT pg_stat_statements_reset()", "postgres")
    live.sql("SELECT 'hunter2', count(*) FROM pg_class")
    hidden = [one for one in statements_of(live).statements if one.hidden]
    assert hidden
    assert {one.text for one in hidden} == {"<insufficient privilege>"}
    live.sql("REVOKE SELECT ON pg_stat_statements FROM public", "postgres")
    (refused,) = statements_are_fast(ENVIRONMENT, statements_of(live))
    live.sql("GRANT SELECT ON pg_stat_statements TO public", "postgres")
    assert (refused.verdict, refused.measured) == ("inconclusive", "the role staging_user may not read pg_stat_statements")
    live.sql("DROP EXTENSION pg_stat_statements", "postgres")
    (absent,) = statements_are_fast(ENVIRONMENT, statements_of(live))
    assert absent.verdict == "inconclusive"
    assert "CREATE EXTENSION pg_stat_statements" in absent.next_step
