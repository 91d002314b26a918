"""62 on a real server with a fault for each kind of value: PostgreSQL, Redis, an index, the proxy. None needs a restart."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.faults.operators import FinishedRun, Operator
from tests.lab_server import Lab

POSTGRES, REDIS, NGINX = ("gw2-staging-postgres-1", "gw2-staging-redis-1", "gw2-staging-nginx-1")
GZIP = "/opt/gw2-wvwbuilder/nginx/snippets/gzip.conf"
SECRET = "hunter2secret"
TABLE = """CREATE TABLE tuned (id serial PRIMARY KEY, owner_mail text);
INSERT INTO tuned (owner_mail) SELECT repeat('x', 60) || n FROM generate_series(1, 30000) n; CREATE INDEX tuned_again ON tuned (id); ANALYZE tuned;"""
# of 16 MB of index a twentieth is left; the table is cut at its end, and is therefore small again
HOLLOW = """CREATE TABLE hollow (key text);
INSERT INTO hollow SELECT md5(n::text) FROM generate_series(1, 300000) n; CREATE INDEX hollow_key ON hollow (key); DELETE FROM hollow WHERE ctid > '(150,0)'::tid"""
READS = f"SELECT count(*) FROM tuned WHERE owner_mail = '{SECRET}';\n" * 40
# a value of the command line, of ALTER SYSTEM or of a role: each is in force, whatever the file says
BREAK = ("ALTER SYSTEM SET work_mem = '64MB'", "ALTER ROLE staging_user SET maintenance_work_mem = '1GB'", "SELECT pg_reload_conf()")
UNDO = ("DROP TABLE IF EXISTS tuned, hollow", "ALTER SYSTEM RESET work_mem", "ALTER ROLE staging_user RESET maintenance_work_mem", "SELECT pg_reload_conf()")


def sql(lab: Lab, *statements: str, user: str = "postgres") -> str:
    words = [word for one in statements for word in ("-c", one)]
    return lab.on_server("docker", "exec", POSTGRES, "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-U", user, "-d", "staging_db", *words)


def redis(lab: Lab, *words: str) -> str:
    return lab.on_server("docker", "exec", REDIS, "sh", "-c", 'REDISCLI_AUTH=$REDIS_PASSWORD redis-cli --raw "$@"', "redis", *words)


def reloaded(lab: Lab, packed: bool) -> None:
    """nginx has the changed file in force: a reload returns before it has."""
    lab.on_server("docker", "exec", NGINX, "nginx", "-s", "reload")
    ask = "curl -sk --compressed -o /dev/null -w '%header{content-encoding}' 'https://127.0.0.1/api/v1/builds?limit=50'"
    deadline = time.monotonic() + 120
    while ("gzip" in lab.on_server("bash", "-c", ask)) is not packed:
        assert time.monotonic() < deadline, "nginx does not take its changed file"
        time.sleep(0.2)


@pytest.fixture
def faults(lab: Lab) -> Iterator[None]:
    """Every fault at once, and all of them undone: other tests use this server after this one."""
    try:
        sql(lab, *BREAK)
        sql(lab, *TABLE.split("; "), user="staging_user")
        sql(lab, *HOLLOW.split("; "), "VACUUM ANALYZE hollow", user="staging_user")
        sql(lab, *READS.splitlines(), user="staging_user")
        redis(lab, "CONFIG", "SET", "maxmemory-policy", "noeviction")
        lab.on_server("cp", "-p", GZIP, "/tmp/gzip.before")
        lab.on_server("sed", "-i", "s/^gzip on;/gzip off;/", GZIP)
        reloaded(lab, packed=False)
        yield
    finally:
        lab.on_server("bash", "-c", f"test ! -e /tmp/gzip.before || {{ cp -p /tmp/gzip.before {GZIP} && rm /tmp/gzip.before; }}")
        reloaded(lab, packed=True)
        redis(lab, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        for statement in UNDO:
            sql(lab, statement)


def findings(ended: FinishedRun) -> dict[str, dict[str, str]]:
    return {one["check"]: one for event in ended.events if event["event"] == "findings" for one in event["findings"]}


def test_each_fault_turns_its_check_red_with_the_change_to_make(lab: Lab, operator: Operator, faults: None) -> None:
    ended = operator.run("62_tuning_review", "-p", "deadline_s=120")
    found = findings(ended)
    assert (ended.code, ended.end["verdict"]) == (1, "failed"), ended.output
    for check, verdict, measured, change in (
        ("PostgreSQL: work_mem", "failed", "64MB", "ALTER SYSTEM RESET work_mem;"),
        ("PostgreSQL: maintenance_work_mem", "failed", "overridden for role staging_user", 'ALTER ROLE "staging_user" RESET maintenance_work_mem;'),
        ("Redis: maxmemory-policy", "failed", "noeviction", "CONFIG SET maxmemory-policy allkeys-lru"),
        ("missing index: public.tuned", "failed", "reads of the whole table", "CREATE INDEX CONCURRENTLY ON public.tuned (owner_mail);"),
        ("doubled index: public.tuned_again", "warning", "the same as public.tuned_pkey", "DROP INDEX CONCURRENTLY public.tuned_again;"),
        ("index bloat: public.hollow_key", "warning", "hold no entry", "REINDEX INDEX CONCURRENTLY public.hollow_key;"),
        ("gzip compression", "failed", "/api/v1/", "gzip on;"),
    ):
        one = found.get(check)
        assert one is not None, (check, sorted(found))
        assert (one["verdict"], measured in one["measured"], change in one["next_step"]) == (verdict, True, True), one
    assert ended.folder is not None
    kept = b"".join(path.read_bytes() for path in ended.folder.rglob("*") if path.is_file())
    assert SECRET.encode() not in kept
