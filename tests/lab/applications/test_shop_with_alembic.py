"""A real Alembic, with a driver that reads no PGOPTIONS, in a service of its own: named, limited, applied, and failing.

The tests run in this order, on the server of test_shop_steps.py. The releases are made here, of the shop's v1.3.0.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from runbook_lib.core.errors import INCONCLUSIVE, PASSED, ROLLED_BACK
from tests.lab.applications.test_shop import sql
from tests.lab.applications.test_shop_releases import releases, rows
from tests.lab.applications.test_shop_steps import deploy, locked, report_of, run, started
from tests.lab_server import Lab

# the first application's image has Alembic with asyncpg
DOCKERFILE = "FROM gw2-lab/layers-backend:latest\nWORKDIR /srv/schema\nCOPY . .\n"
SERVICE = """  schema:
    build: ./schema
    image: schema:latest
    env_file: .env
    init: true
    command: sleep infinity
"""
ENV = '''
import asyncio, os
from alembic import context
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import create_async_engine

def migrate(connection):
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()

async def main():
    engine = create_async_engine(URL.create(
        "postgresql+asyncpg", os.environ["POSTGRES_USER"], os.environ["POSTGRES_PASSWORD"], "db", 5432, os.environ["POSTGRES_DB"]))
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
        await connection.commit()
    await engine.dispose()

asyncio.run(main())
'''
VERSION = '''"""One more."""
from alembic import op
revision = {name!r}
down_revision = {before!r}
def upgrade():
    op.execute({statement!r})
def downgrade():
    pass
'''
FIRST = {"schema/Dockerfile": DOCKERFILE, "schema/alembic.ini": "[alembic]\nscript_location = migrations\n", "schema/migrations/env.py": ENV}
RELEASES = {
    "ledger-1": {**FIRST, "schema/migrations/versions/a1.py": VERSION.format(
        name="a1", before=None, statement='ALTER TABLE "Order" ADD COLUMN ledger integer')},
    "ledger-2": {"schema/migrations/versions/a2.py": VERSION.format(
        name="a2", before="a1", statement="CREATE TABLE ledger (id bigint)"), "schema/migrations/versions/a3.py": VERSION.format(
        name="a3", before="a2", statement='ALTER TABLE "Order" ADD CONSTRAINT one_each UNIQUE (user_id)')},
}
CLONE = """set -e
rm -rf /tmp/ledger && git clone -q --no-hardlinks /srv/git/shop.git /tmp/ledger && cd /tmp/ledger && git checkout -q v1.3.0
printf %s "$1" > /tmp/ledger.yml && sed -i "/^volumes:/e cat /tmp/ledger.yml" compose.yml"""
WRITE = 'cd /tmp/ledger && mkdir -p "$(dirname "$1")" && printf %s "$2" > "$1"'
RELEASE = """set -e
cd /tmp/ledger && git add -A && git -c user.name=owner -c user.email=owner@example.com commit -qm "$1"
git tag "$1" && git push -q origin "$1" """


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, lab: Lab) -> Path:
    lab.on_server("bash", "-c", CLONE, "clone", SERVICE, user="deploy")
    for tag, files in RELEASES.items():
        for name, text in files.items():
            lab.on_server("bash", "-c", WRITE, "write", name, text, user="deploy")
        lab.on_server("bash", "-c", RELEASE, "release", tag, user="deploy")
    return tmp_path_factory.mktemp("outputs")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, lab: Lab) -> str:
    """The shop's environment, with Alembic in a service of its own; nothing else of it differs."""
    path = tmp_path_factory.mktemp("environment") / "ledger.yaml"
    path.write_text(yaml.safe_dump({
        "extends": lab.environment,
        "services": {"schema": {"title": "Schema", "no_health_check_reason": "it waits for migrations", "needs": ["db"]}},
        "release": {"services": {"schema": {"image": "schema"}}},
        "migrations": {"tool": "alembic", "service": "schema", "at_start": False, "files": [], "table": None, "applied": None}}))
    return str(path)


def columns(lab: Lab) -> str:
    return sql(lab, "SELECT count(*) FROM information_schema.columns WHERE table_name = 'Order' AND column_name = 'ledger'")


def test_what_alembic_has_pending_is_named(lab: Lab, outputs: Path, environment: str) -> None:
    run(lab, outputs, "20_deploy", environment, "-p", "ref=ledger-1")
    assert "1 migration: a1." in report_of(outputs, "20_deploy")


def test_a_lock_ends_a_migration_whose_driver_knows_of_no_limit(lab: Lab, outputs: Path, environment: str) -> None:
    web = started(lab)
    with locked(lab, "Order"):
        shown = deploy(lab, outputs, environment, "ledger-1", ROLLED_BACK)
    # from outside: of its own limit PostgreSQL would say that a lock timed out. Which comes first, the word of who canceled
    # it or the driver's, is left to chance
    assert ", step migrate" in shown and "lock timeout" not in shown
    assert "canceled: the migration waited more than" in shown or "canceling statement due to user request" in shown
    assert (started(lab), columns(lab)) == (web, "0")


def test_alembic_has_migrated_before_the_release_is_live(lab: Lab, outputs: Path, environment: str) -> None:
    data = rows(lab)
    deploy(lab, outputs, environment, "ledger-1", PASSED, INCONCLUSIVE)
    assert (columns(lab), sql(lab, "SELECT version_num FROM alembic_version")) == ("1", "a1")
    assert releases(lab)[-1]["schema_revision"] == "a1"
    assert rows(lab) == data


def test_one_that_fails_replaces_nothing(lab: Lab, outputs: Path, environment: str) -> None:
    web, history = started(lab), releases(lab)
    shown = deploy(lab, outputs, environment, "ledger-2", ROLLED_BACK)
    assert ", step migrate" in shown and "one_each" in shown
    assert (started(lab), releases(lab)) == (web, history)
    # the first of the two has finished, in a transaction of its own
    assert sql(lab, "SELECT version_num FROM alembic_version") == "a2"
    report = report_of(outputs, "20_deploy")
    assert "the schema is not undone" in report or "the schema is not undone" in shown
