"""What a drill asks of the live server: an answer that is missing is not an empty one."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs

PROGRAM = programs.text("platform/whole_lines.sh", "recovery/dump_contents.sh", "recovery/split_dump.sh", "recovery/load_dump.sh",
                        "recovery/database_definition.sh", "platform/image_of.sh", "recovery/restore_drill.sh")
BACKUP = "staging_db_20261122_020000.sql.gz"
# the live server answers until the question that is to fail; a copy is never made
DOCKER = r"""#!/bin/bash
echo "$*" >>"$FOLDER/asked"
fail() { echo "$1 is away" >&2; exit 1; }
case "$1 $*" in
    ps*com.docker.compose.service*) [[ $FAILS != ps ]] || fail Docker; [[ $FAILS == absent ]] || echo live ;;
    ps*label=runbook.job=restore-drill*label=runbook.project=gw2-staging*) echo earlier ;;
    ps*) ;;
    image*Config.Volumes*) printf '%s\n' "$VOLUMES" ;;
    inspect*Config.Image*) [[ $FAILS != inspect ]] || fail Docker; echo postgres:15 ;;
    exec*) question=$(cat)
        [[ $FAILS != login ]] || fail PostgreSQL
        case $question in
            *'CREATE DATABASE'*) [[ $FAILS != definition ]] || fail PostgreSQL
                printf 'setting\t%s\n' 'shared_preload_libraries=a, b' lc_monetary=de_DE.utf8 max_locks_per_transaction=512
                [[ $FAILS == truncated ]] || printf '%s\n' definition 'CREATE DATABASE x;' ;;
            *server_version_num*) echo '150000 postgres' ;;
        esac ;;
    create*) fail 'the copy' ;;
esac
"""


def drill(place: Path, fails: str, volumes: str = "") -> tuple[dict[str, str], str]:
    """The record of the drill, and what Docker was asked."""
    for name in ("bin", "checkout", "backups"):
        (place / name).mkdir()
    (place / "bin/docker").write_text(DOCKER)
    (place / "bin/docker").chmod(0o755)
    body = gzip.compress(b"-- a dump\n")
    (place / "backups" / BACKUP).write_bytes(body)
    argv = ("bash", "-s", "--", str(place / "checkout"), str(place / "backups"), "staging_db", "staging_user", BACKUP,
            hashlib.sha256(body).hexdigest(), "60", "512", "100", "postgres:15", "", "gw2-staging", "postgres", "/ready")
    environment = {**os.environ, "PATH": f"{place}/bin:{os.environ['PATH']}", "FAILS": fails, "FOLDER": str(place),
                   "VOLUMES": volumes}
    subprocess.run(argv, input=PROGRAM, text=True, capture_output=True, timeout=60, env=environment)
    record = json.loads((place / "checkout/.runbook/drills.jsonl").read_text())
    return record | {"message": base64.b64decode(record["message"]).decode()}, (place / "asked").read_text()


@pytest.mark.parametrize(("fails", "message"), [
    ("ps", "Docker could not be asked for the live PostgreSQL: Docker is away"),
    ("inspect", "could not be asked what the copy needs: Docker is away"),
    ("definition", "could not be asked what the copy needs: PostgreSQL is away"),
    ("truncated", "could not be asked what the copy needs"),
])
def test_a_question_that_fails_ends_the_drill_and_judges_no_backup(tmp_path: Path, fails: str, message: str) -> None:
    record, asked = drill(tmp_path, fails)
    assert (record["outcome"], record["stage"]) == ("error", "start")
    assert message in record["message"]
    assert "\ncreate " not in asked


# the drill must be possible while the live database is down: it is then that one wants to know
@pytest.mark.parametrize("fails", ["absent", "login", "nothing"])
def test_without_a_live_database_the_copy_is_made_by_the_environment(tmp_path: Path, fails: str) -> None:
    record, asked = drill(tmp_path, fails)
    assert "\ncreate " in asked
    assert "The disposable database did not start: the copy is away" in record["message"]


def test_the_copy_reads_values_and_has_locks_as_the_live_server(tmp_path: Path) -> None:
    """Where money is written `12,34 €`, a copy of another locale refused every good backup."""
    _, asked = drill(tmp_path, "nothing")
    assert " -c shared_preload_libraries=a, b -c lc_monetary=de_DE.utf8 -c max_locks_per_transaction=512\n" in asked


@pytest.mark.parametrize(("volumes", "mounted", "data"), [
    ("", "/var/lib/postgresql/data", "/var/lib/postgresql/data"), ("/var/lib/postgresql/data", "/var/lib/postgresql/data", "/var/lib/postgresql/data"),
    ("/etc/other\n/var/lib/postgresql", "/var/lib/postgresql", "/var/lib/postgresql/runbook"),
], ids=["none", "up to 17", "18"])
def test_the_data_lie_where_the_image_keeps_them(tmp_path: Path, volumes: str, mounted: str, data: str) -> None:
    """The image of 18 moved its volume, and refuses one that is mounted where it was."""
    _, asked = drill(tmp_path, "nothing", volumes)
    (created,) = (line for line in asked.splitlines() if line.startswith("create "))
    assert f" --mount type=tmpfs,dst={mounted},tmpfs-size=100m " in created and f" --env PGDATA={data} " in created


def test_what_a_drill_of_an_earlier_version_left_is_removed_as_well(tmp_path: Path) -> None:
    """It had other labels, and this project's name; no other environment's copy has that."""
    _, asked = drill(tmp_path, "ps")
    assert "rm --force --volumes earlier\n" in asked
    ours = [line for line in asked.splitlines() if "label=runbook.job=restore-drill" in line]
    assert ours and all("label=runbook.project=gw2-staging" in line for line in ours)
