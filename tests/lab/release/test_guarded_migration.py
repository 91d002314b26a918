"""A migration on a real PostgreSQL, whose driver (asyncpg) reads neither PGOPTIONS nor alembic's -x."""

from __future__ import annotations

from runbook_lib.core import programs
from tests.lab.conftest import Lab

# $1: the statement of the migration. A process group of its own, as a job has one; `how` ends it.
MIGRATION = r"""
set -m
backend=$(docker ps --format '{{.Names}}' | grep -m 1 'gw2-staging-backend')
network=$(docker inspect --format '{{range $name, $one := .NetworkSettings.Networks}}{{println $name}}{{end}}' "$backend" | grep data)
docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$backend" | grep '^DATABASE_URL=' > /tmp/guarded.env
cat > /tmp/guarded.py <<END
import asyncio, os, asyncpg
async def main():
    await (await asyncpg.connect(os.environ["DATABASE_URL"])).execute("$1")
asyncio.run(main())
END
guard() { bash -s -- "$1" gw2-staging postgres staging_db staging_user "$2" gw2-staging-migration "${@:3}" < /tmp/guarded.sh; }
begin() { guard run "$1" '' 2 printf PGOPTIONS= docker run --rm --name gw2-staging-migration --network "$network" --env-file /tmp/guarded.env \
    -v /tmp/guarded.py:/m.py:ro --entrypoint python3 "$(docker inspect --format '{{.Config.Image}}' "$backend")" /m.py; }
sql() { docker exec "$(docker ps --quiet --filter label=com.docker.compose.service=postgres)" psql -XqAt -U staging_user -d staging_db -c "$1"; }
left() { echo "left: $(docker ps --all --quiet --filter name=gw2-staging-migration | wc -l) containers, \
$(sql "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(9999)%' AND pid <> pg_backend_pid()") sessions"; }
# the shell around it ends at once, its own end takes a moment: a job's supervisor waits for the whole group
gone() { local end=$((SECONDS + 45)); until [ "$(left)" = 'left: 0 containers, 0 sessions' ] || ((SECONDS > end)); do sleep 0.2; done; left; }
running() { for _ in $(seq 300); do [ "$(left)" = 'left: 1 containers, 1 sessions' ] && return; sleep 0.2; done; left; }
"""


def on_server(lab: Lab, statement: str, script: str) -> str:
    program = programs.text("platform/own_session.sh", "platform/sessions.sh", "platform/migration.sh")
    lab.on_server("sh", "-c", 'printf %s "$1" > /tmp/guarded.sh', "put", program)
    return lab.on_server("bash", "-c", MIGRATION + script, "migration", statement)


def test_a_wait_for_a_lock_ends_although_the_driver_knows_of_no_limit(lab: Lab) -> None:
    script = r"""
    sql "BEGIN; LOCK TABLE squads; SELECT pg_sleep(88); COMMIT" >/dev/null 2>&1 &
    until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(88)%' AND wait_event = 'PgSleep'")" = 1 ]; do sleep 0.2; done
    begin 1 2>&1 | grep -o 'canceled: the migration waited more than 1 s for a lock on public.squads'; echo "status ${PIPESTATUS[0]}"
    sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(88)%' AND pid <> pg_backend_pid()"; wait
    """
    printed = on_server(lab, "BEGIN; LOCK TABLE squads; COMMIT", script)
    assert "waited more than 1 s for a lock on public.squads" in printed
    assert "status 0" not in printed


def test_a_stopped_migration_leaves_neither_container_nor_session(lab: Lab) -> None:
    # longer than `gone` waits: what comes to its own end, or to a limit of its role, was not stopped. Nothing of it stays
    script = "begin 5 >/dev/null 2>&1 & running; kill -TERM -- -$!; wait; gone; guard stop 5 >/dev/null 2>&1"
    assert on_server(lab, "SELECT pg_sleep(9999)", script).strip() == "left: 0 containers, 0 sessions"


def test_what_a_killed_run_left_of_a_migration_is_stopped_by_the_undo(lab: Lab) -> None:
    script = "begin 5 >/dev/null 2>&1 & running; kill -KILL -- -$!; wait; left; guard stop 5 2>/dev/null; left"
    assert on_server(lab, "SELECT pg_sleep(9999)", script).split("\n")[:2] == [
        "left: 1 containers, 1 sessions", "left: 0 containers, 0 sessions"]
