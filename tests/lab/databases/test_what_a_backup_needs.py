"""What 30 needs of the server: who may read all rows, and a compressor, whichever there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from lab import compressors, images
from lab.processes import file_lock
from runbook_lib.recovery.facts.backup_survey import OWNER_FILE
from tests.lab.databases.throwaway import OWNER, Throwaway

RELOAD = "psql -Xq -U postgres -h 127.0.0.1 -d postgres -c 'SELECT pg_reload_conf()' >/dev/null"
# a session that comes in may still be let in by the previous file: until one is not
REFUSED = f'{{ echo "local all postgres reject"; cat "$PGDATA/pg_hba.conf"; }} >/tmp/hba && cp "$PGDATA/pg_hba.conf" /tmp/hba.before && cat /tmp/hba >"$PGDATA/pg_hba.conf" && {RELOAD}\n' \
    "while psql -Xq -U postgres -d postgres -c '' 2>/dev/null; do sleep 0.1; done"
LET_IN = f'cat /tmp/hba.before >"$PGDATA/pg_hba.conf" && {RELOAD}; until psql -Xq -U postgres -d postgres -c "" 2>/dev/null; do sleep 0.1; done'
HIDDEN = """CREATE TABLE forced (id integer); INSERT INTO forced VALUES (1), (2);
ALTER TABLE forced ENABLE ROW LEVEL SECURITY; ALTER TABLE forced FORCE ROW LEVEL SECURITY; CREATE POLICY one ON forced USING (id = 1);
CREATE TABLE plain (id integer); ALTER TABLE plain ENABLE ROW LEVEL SECURITY"""


@pytest.fixture
def without_superuser(live: Throwaway) -> Iterator[Throwaway]:
    """No superuser may come in over the socket, as where pg_hba.conf lets roles in by name."""
    done = live.run("sh", "-c", REFUSED)
    assert done.returncode == 0, done.stderr
    yield live
    done = live.run("sh", "-c", LET_IN)
    assert done.returncode == 0, done.stderr


def test_rows_that_the_owner_does_not_see_are_named_with_what_to_do(without_superuser: Throwaway) -> None:
    """Found by trying: the backup ended with an invalid snapshot, and a query that would be affected by something."""
    live = without_superuser
    live.sql(HIDDEN, role=OWNER)
    live.run("psql", "-Xq", "-U", "postgres", "-h", "127.0.0.1", "-d", live.database, text='CREATE TABLE "the other\'s" (id integer)')
    done = live.back_up()
    assert (done.returncode, [one.name for one in (live.folder / "backups").iterdir()]) == (1, [OWNER_FILE])
    named = '"public.forced" (row level security), "public.\\"the other\'s\\"" (no privilege). '
    assert f"{OWNER} may not read all of {live.database}: {named}" in done.stderr
    assert f"ALTER ROLE {OWNER} BYPASSRLS" in done.stderr and "pg_hba.conf" in done.stderr and "pg_dump" not in done.stderr
    # done as it is written there, the owner sees all
    live.run("psql", "-Xq", "-U", "postgres", "-h", "127.0.0.1", "-d", live.database, text=f'ALTER ROLE {OWNER} BYPASSRLS; DROP TABLE "the other\'s"')
    done = live.back_up()
    assert done.returncode == 0, done.stderr
    assert {one["table"]: one["rows"] for one in live.manifest()["tables"]} == {"public.forced": 2, "public.plain": 0}
    live.run("psql", "-Xq", "-U", "postgres", "-h", "127.0.0.1", "-d", live.database, text=f"ALTER ROLE {OWNER} NOBYPASSRLS")


def test_a_backup_holds_the_same_with_igzip_and_without(live: Throwaway) -> None:
    with file_lock("images"):
        images.ensure_images(images.IGZIP)
    server: Any = SimpleNamespace(name=live.name, inside=lambda *words, user="root": ("docker", "exec", "-i", live.name, *words))
    live.sql("CREATE TABLE readings AS SELECT n, md5(n::text) AS reading FROM generate_series(1, 20000) AS n", role=OWNER)
    found = []
    for there in (False, True):
        with compressors.igzip(server) if there else nullcontext():
            assert (live.ask("sh", "-c", "command -v igzip").returncode == 0) is there
            done = live.back_up()
            assert done.returncode == 0, done.stderr
        found.append(live.manifest())
        # gunzip reads it, whatever wrote it
        done = live.restore()
        assert done.returncode == 0, (done.args, done.stderr)
        for one in (live.backup, live.backup.with_name(live.backup.name.replace(".sql.gz", ".manifest.json"))):
            one.unlink()
    assert [found[0][name] for name in ("contents", "tables", "objects", "plain_bytes")] == [found[1][name] for name in ("contents", "tables", "objects", "plain_bytes")]
    assert found[0]["size_bytes"] != found[1]["size_bytes"]
