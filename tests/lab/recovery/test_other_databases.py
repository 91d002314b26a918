"""A database that has whatever other people's databases have is backed up, and its copy is the same."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab.processes import output
from runbook_lib.connections import OpenConnections
from runbook_lib.core.commands import Command
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import deployed_state
from runbook_lib.recovery.checks.dump import backup_contents
from runbook_lib.recovery.facts.backup_survey import survey
from runbook_lib.recovery.facts.drills import parse_drills
from runbook_lib.recovery.plans.backup import plan_backup
from runbook_lib.recovery.plans.restore_drill import drill_command
from tests.lab.conftest import Lab

DATABASE, FOLDER, RECORDS = "others", "/backups/others", "/tmp/others-records"
POSTGRES = "gw2-staging-postgres-1"

SQL = r"""
SET client_min_messages = warning; SET check_function_bodies = off;
-- printed differently after a restore
CREATE TABLE builds (t text, h1 varchar(10) DEFAULT 'draft' CHECK (h1 IN ('draft', 'live')), a int,
    b int CHECK (a BETWEEN 1 AND 5 AND b > 0), g int GENERATED ALWAYS AS (a * 2) STORED);
INSERT INTO builds VALUES ('x', 'live', 1, 1), ('y', 'draft', 2, 2);
CREATE INDEX part ON builds (a) WHERE h1 IN ('draft', 'live') AND a BETWEEN 1 AND 3;
CREATE VIEW live AS SELECT * FROM builds WHERE h1 IN ('draft', 'live') AND a BETWEEN 1 AND 4;
-- partitions made out of order, and an index over them
CREATE TABLE p (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
INSERT INTO p SELECT n, '2026-01-01'::date + n FROM generate_series(0, 50) n;
CREATE UNIQUE INDEX ON p (id, at);
-- names, and texts that look like a dump
CREATE TABLE "we ird; COPY x FROM stdin;" ("a""b" text, "c;
d" int, "select" jsonb);
INSERT INTO "we ird; COPY x FROM stdin;" VALUES (E'x\ny\t\\.', 1, '{"a": [1, 2]}');
CREATE FUNCTION fake() RETURNS void LANGUAGE sql AS $f$
-- Name: fake; Type: TABLE; Schema: public; Owner: x
COPY public.fake (a) FROM stdin;
1
\.
$f$;
COMMENT ON TABLE builds IS 'it''s
COPY public.fake (a) FROM stdin;
-- PostgreSQL database dump complete';
-- what is so in the live database is so in the copy
CREATE TABLE orphans (id int); CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO orphans VALUES (1);
ALTER TABLE orphans ADD FOREIGN KEY (id) REFERENCES parent NOT VALID;
CREATE TABLE ser (id serial PRIMARY KEY, x text DEFAULT nextval('ser_id_seq')::text); INSERT INTO ser (id) VALUES (100);
CREATE TABLE twice (a int); INSERT INTO twice VALUES (1), (1);
-- rows that a policy hides, even from the owner
CREATE TABLE rls (id int, who text); INSERT INTO rls VALUES (1, 'a');
ALTER TABLE rls ENABLE ROW LEVEL SECURITY; ALTER TABLE rls FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON rls USING (who = current_user); ALTER TABLE rls OWNER TO staging_user;
CREATE MATERIALIZED VIEW filled AS SELECT count(*) FROM builds; CREATE MATERIALIZED VIEW never AS SELECT 1 AS x WITH NO DATA;
CREATE UNLOGGED TABLE unl (id int); INSERT INTO unl VALUES (1);
CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES;
CREATE SCHEMA moved; CREATE TABLE moved.alembic_version (version_num varchar(32)); INSERT INTO moved.alembic_version VALUES ('0042');
CREATE TABLE big (id int, body bytea); INSERT INTO big SELECT 1, decode(repeat('ab', 4 * 1024 * 1024), 'hex');
DO $$ BEGIN FOR n IN 1..2000 LOOP EXECUTE format('CREATE TABLE many_%s (id int PRIMARY KEY)', n); END LOOP; END $$;
-- limits that the application's sessions have
ALTER ROLE postgres IN DATABASE others SET statement_timeout = '40ms';
ALTER DATABASE others SET statement_timeout = '40ms'; ALTER DATABASE others SET idle_in_transaction_session_timeout = '200ms';
ALTER DATABASE others SET default_transaction_read_only = on; ALTER DATABASE others SET lock_timeout = '1ms';
"""


def psql(lab: Lab, *words: str, text: str = "", options: str = "-c statement_timeout=0 -c default_transaction_read_only=off") -> list[str]:
    return lab.instance.inside("docker", "exec", "-i", "-e", f"PGOPTIONS={options}", POSTGRES, "psql", "-Xq", "-U", "postgres", *words)


@pytest.fixture(scope="module")
def others(lab: Lab) -> Iterator[None]:
    """The database, with another session's temporary table in it and an index that could not be built."""
    output(psql(lab, "-d", "postgres", "-c", f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)", "-c", f"CREATE DATABASE {DATABASE}"))
    output(psql(lab, "-v", "ON_ERROR_STOP=1", "-d", DATABASE), input=SQL, timeout_s=120)
    subprocess.run(psql(lab, "-d", DATABASE, "-c", "CREATE UNIQUE INDEX CONCURRENTLY broken ON twice (a)"), capture_output=True, timeout=60)
    lab.on_server("install", "-d", "-o", "deploy", FOLDER)
    words = psql(lab, "-d", DATABASE, "-c", "CREATE TEMPORARY TABLE t (a int); INSERT INTO t VALUES (1)", "-c", "SELECT pg_sleep(600)")
    session = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    yield
    session.kill()
    session.wait()
    output(psql(lab, "-d", "postgres", "-c", f"DROP DATABASE {DATABASE} WITH (FORCE)"))
    lab.on_server("rm", "-rf", FOLDER, RECORDS)


def run(lab: Lab, environment: Environment, command: Command) -> str:
    words = ("sh", "-ec", f'mkdir -p {RECORDS}; cd {environment.server.directory}; "$@" 2>&1', "step", *command.argv)
    return output(lab.instance.inside(*words, user="deploy"), input=str(command.stdin), timeout_s=300)


def test_whatever_the_database_holds_the_backup_passes_and_the_copy_is_the_same(
    lab: Lab, environment: Environment, connections: OpenConnections, others: None
) -> None:
    rules = environment.backup.model_copy(update={"directory": FOLDER})
    database = environment.database.model_copy(update={"name": DATABASE})
    drills = environment.restore_drill.model_copy(update={"reads": {}})
    here = environment.model_copy(update={"backup": rules, "database": database, "restore_drill": drills})
    for step in plan_backup(survey(here).fetch(connections), here).steps:
        for action in step.actions:
            assert isinstance(action, Command)
            run(lab, environment, action)
    (backup,) = survey(here).fetch(connections).good
    assert backup.manifest is not None
    assert backup.schema_revision == "0042"
    assert len(backup.rows) == 2013
    assert (backup.rows["public.p1"], backup.rows["public.rls"], backup.rows["public.nothing"]) == (31, 1, 1)
    verdicts = {one.check: (str(one.verdict), one.measured) for one in backup_contents(backup, None)}
    assert verdicts["every index is valid"] == ("warning", "public.broken")
    nothing = replace(deployed_state(environment).fetch(connections), images=frozenset(), releases=())
    elsewhere = here.model_copy(update={"server": here.server.model_copy(update={"directory": RECORDS})})
    said = run(lab, environment, drill_command(backup, nothing, elsewhere))
    (drill,) = parse_drills("\n".join(line for line in said.splitlines() if line.startswith("{"))).drills
    assert drill.outcome == "passed", drill.message
    assert (drill.contents, drill.tables) == (backup.manifest.contents, 2013)
