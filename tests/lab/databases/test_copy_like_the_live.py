"""A copy of the schema is made as the live server is: by its own image, with its settings, and what its extensions must find loaded."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator

import pytest

from lab import images
from lab.engine import ensure_engine
from lab.processes import file_lock
from runbook_lib.core import programs
from runbook_lib.release.facts.replaced_compatibility import _PROGRAM as PROGRAM
from runbook_lib.release.facts.replaced_compatibility import parse_compatibility
from tests.lab.databases.test_code_on_a_copy import docker, labels
from tests.lab.databases.throwaway import IMAGE

# as an application of others reads its tables: without their schema
CODE = """import http.server, psycopg2
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        connection = psycopg2.connect(host="db", user=self.path[1:], dbname="shop")
        rows = connection.cursor()
        rows.execute("SELECT current_setting('app.tenant') FROM (SELECT count(*) FROM orders, queries) AS found")
        good = rows.fetchone()[0] == "it's one, or \\"two\\"" and connection.server_version // 10000 == 15
        self.send_response(200 if good else 500)
        self.end_headers()
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""
SCHEMA = """
CREATE DATABASE shop;
\\c shop
CREATE SCHEMA sales;
CREATE TABLE sales.orders (id int);
CREATE EXTENSION pg_stat_statements SCHEMA sales;
CREATE VIEW sales.queries AS SELECT query FROM sales.pg_stat_statements LIMIT 1;
CREATE ROLE one LOGIN; CREATE ROLE two LOGIN; CREATE ROLE three LOGIN;
GRANT USAGE ON SCHEMA sales TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA sales TO PUBLIC;
ALTER DATABASE shop SET app.tenant = 'it''s one, or "two"';
ALTER ROLE one SET search_path = sales, public;
ALTER ROLE two IN DATABASE shop SET search_path = "$user", sales;
ALTER ROLE three SET statement_timeout = '5s';
ALTER DATABASE shop SET search_path = sales, public;
ALTER ROLE two SET log_statement = 'none';
"""


@pytest.fixture
def project() -> Iterator[str]:
    """A database of PostgreSQL 15 whose image has lost its name to one of 16, and its application."""
    ensure_engine()
    with file_lock("images"):
        images.ensure_images(images.DJANGO, images.OTHER_POSTGRES[16])
    name = f"gw2-lab-alike-{os.getpid()}"
    try:
        docker("tag", IMAGE, f"{name}:db")
        docker("network", "create", name)
        docker("run", "--detach", "--name", f"{name}-db", *labels(name, "db"), "--network", name, "--network-alias", "db",
               "--tmpfs", "/var/lib/postgresql/data", "--env", "POSTGRES_HOST_AUTH_METHOD=trust", f"{name}:db",
               "postgres", "-c", "shared_preload_libraries=pg_stat_statements", "-c", "pg_stat_statements.max=500")
        docker("tag", "gw2-lab/postgres-16:latest", f"{name}:db")
        deadline = time.monotonic() + 120
        while subprocess.run(("docker", "exec", f"{name}-db", "pg_isready", "-q", "-h", "127.0.0.1")).returncode:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        docker("exec", "--interactive", f"{name}-db", "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", text=SCHEMA)
        docker("run", "--detach", "--name", f"{name}-web", *labels(name, "web"), "--network", name, "gw2-lab/django:3.2", "python3", "-c", CODE)
        yield name
    finally:
        for one in ("db", "web"):
            subprocess.run(("docker", "rm", "--force", "--volumes", f"{name}-{one}"), capture_output=True)
        subprocess.run(("docker", "network", "rm", name), capture_output=True)
        subprocess.run(("docker", "rmi", f"{name}:db"), capture_output=True)


def test_live_code_reads_on_the_copy_what_it_reads_live(project: str) -> None:
    """A role's search path is in no dump; a tag that was pulled anew is another PostgreSQL; extensions want to be loaded."""
    argv = ("bash", "-s", "--", project, "db", "shop", "postgres", "public.none", "web", "web", "gw2-lab/django:3.2", "8000",
            "http://localhost", "3", "/one", "/two", "/three", "true")
    done = subprocess.run(argv, input=programs.text(*PROGRAM), capture_output=True, text=True, timeout=420)
    found = parse_compatibility(done.stdout, "here")
    assert (found.outcome, found.message) == ("passed", "")
    assert found.before == found.after == found.anew == {"/one": 200, "/two": 200, "/three": 200}
