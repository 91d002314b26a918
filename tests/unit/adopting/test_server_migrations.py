"""Who migrates an application that runs: by what its folder, its containers and its database show."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.adopting.migrations import TEXTS
from runbook_lib.adopting.server_migrations import PROGRAM, migrations_seen, notes_of, parse_seen
from runbook_lib.connections.scripted import ScriptedServer
from runbook_lib.core import programs
from runbook_lib.core.errors import FactUnreadable

DJANGO = "place\t\nname\tmanage.py\nname\tshop/migrations/0001_a.py\n"


@pytest.mark.parametrize(("text", "seen"), [
    ("place\t\n", ()),
    (DJANGO + DJANGO.replace("place\t", "place\tweb") + "table\tdb\tdjango_migrations\n",
     ("Django, by manage.py in the folder and in a container of web, the table django_migrations in db",)),
    ("table\tdb\tflyway_schema_history\n", ("Flyway, by the table flyway_schema_history in db",)),  # its files are in a JAR
    ("table\tdb\tschema_migrations\ntable\tdb\tar_internal_metadata\n", ("Rails, by the table ar_internal_metadata in db",)),
    ("table\tdb\tschema_migrations\n", ("Rails, golang-migrate, dbmate or Ecto, by the table schema_migrations in db",)),
    ("place\tapi\nname\tdb/1_a.sql\nmark\t1\tdb/1_a.sql\n", ("goose, by db/1_a.sql in a container of api",)),
    ("place\tapi\nname\tsql/0001_a.sql\n", ("a tool of its own, by sql/0001_a.sql in a container of api",)),
    ("place\tapi\nname\tsql/0001_a.sql\nmark\t99\tsql/0001_a.sql\nmark\tx\ty\ntable\tdb\tusers\nnonsense\n",
     ("a tool of its own, by sql/0001_a.sql in a container of api",)),
])
def test_what_was_seen_names_the_tool_and_where(text: str, seen: tuple[str, ...]) -> None:
    assert parse_seen(text) == seen


def test_a_draft_is_made_also_where_nothing_could_be_asked() -> None:
    assert migrations_seen(ScriptedServer(commands={"migrations /opt/shop": FactUnreadable("no")}), "/opt/shop", "shop") == ()
    assert "nor one of the 11 tables" in notes_of((), without_postgres=False)
    assert notes_of(("Django, by manage.py in the folder",), without_postgres=True).startswith(
        "Migrations: Django, by manage.py in the folder. 20 runs none without PostgreSQL")


DOCKER = r"""#!/bin/bash
case "$*" in
    ps*) printf '1 db\n2 web\n3 web\n4 quiet\n' ;;
    inspect*) echo "$HERE" ;;
    exec*" 4 "*) exit 127 ;;
    exec*psql*) [[ $* == *" 1 "* ]] || exit 3; [[ $* == *default_transaction_read_only=on* ]] && echo goose_db_version ;;
    *) while [[ $1 != sh ]]; do shift; done; exec "$@" ;;
esac
"""


def test_the_program_reads_names_and_a_few_texts_and_asks_one_container_a_service(tmp_path: Path) -> None:
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    for name in ("project/db/1_a b.sql", "project/node_modules/x/knexfile.js", "project/app.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("-- +goose Up\n")
    here = str(tmp_path / "project")
    words = ("sh", "-c", programs.text(*PROGRAM), "migrations", here, "shop", "goose_db_version", *(one.decode() for one in TEXTS))
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True,
                          env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "HERE": here})
    shown = ["name\tdb/1_a b.sql", "mark\t1\tdb/1_a b.sql"]
    assert done.stdout.splitlines() == ["place\t", *shown, "table\tdb\tgoose_db_version", "place\tweb", *shown]
    assert parse_seen(done.stdout) == (
        "goose, by db/1_a b.sql in the folder and in a container of web, the table goose_db_version in db",)
