"""Backups of the lab's real database, and what happens when things go wrong on the way."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from runbook_lib.connections import OpenConnections
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.database import survey_database
from runbook_lib.recovery.facts.backup_survey import survey
from runbook_lib.recovery.facts.backups import Backups, Trust
from runbook_lib.recovery.facts.manifests import sealed_manifest
from tests.lab.conftest import Lab

FOLDER = "/backups/postgres"


def back_up(lab: Lab, outputs: Path) -> tuple[int, str]:
    done = lab.runbook("run", "30_backup_database", "-e", lab.environment, "--apply", "--confirm", lab.name,
                       "--reason", "test", outputs=outputs)
    return done.returncode, done.stdout + done.stderr


def names(lab: Lab) -> set[str]:
    return set(lab.on_server("ls", FOLDER).split())


def manifest_of_a_copy(lab: Lab, newest: str, name: str) -> str:
    """The newest backup's manifest for a copy of its dump that was taken before all others, base64."""
    text = lab.on_server("cat", f"{FOLDER}/{newest}.manifest.json").replace(newest, name)
    lines = re.sub(r'"number": \d+', '"number": 0', text).rstrip("\n").rpartition("\n")[0] + "\n"
    return base64.b64encode(sealed_manifest(lines).encode()).decode()


@pytest.fixture(scope="module")
def archive(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a run that made the newest backup."""
    outputs = tmp_path_factory.mktemp("backed-up")
    code, said = back_up(lab, outputs)
    assert code == 0, said
    return outputs


@pytest.fixture
def newest(lab: Lab, archive: Path, environment: Environment, connections: OpenConnections) -> Iterator[str]:
    """The name of the newest backup. Whatever a test does to the folder, afterwards it is as it was."""
    lab.on_server("sh", "-c", f"rm -rf /tmp/kept && cp -a {FOLDER} /tmp/kept")
    yield survey(environment).fetch(connections).backups[0].name
    lab.on_server("sh", "-c", f"find {FOLDER} -mindepth 1 -delete && cp -a /tmp/kept/. {FOLDER} && rm -r /tmp/kept")


def test_a_backup_holds_every_row_that_the_database_holds(
    newest: str, environment: Environment, connections: OpenConnections
) -> None:
    backup = survey(environment).fetch(connections).named(newest)
    assert backup is not None
    assert backup.trust is Trust.VERIFIED
    assert backup.manifest is not None
    live = {table.qualified: table.rows for table in survey_database(environment).fetch(connections).tables}
    assert {table.table: table.rows for table in backup.manifest.tables} == live
    assert backup.manifest.rows >= 50_000


FLIP = 'b=$(od -An -tu1 -j5000 -N1 "$1"); printf "\\\\$(printf %o $((b ^ 8)))" | dd of="$1" bs=1 seek=5000 conv=notrunc'


@pytest.mark.parametrize("damage", ['truncate -s -100 "$1"', 'truncate -s 0 "$1"', FLIP], ids=("cut", "emptied", "flipped"))
def test_a_damaged_backup_is_seen_and_never_counts(
    lab: Lab, environment: Environment, connections: OpenConnections, newest: str, damage: str
) -> None:
    lab.on_server("bash", "-c", damage, "damage", f"{FOLDER}/{newest}")
    found = survey(environment).fetch(connections).named(newest)
    assert found is not None
    assert found.trust is Trust.DAMAGED


def test_a_full_disk_leaves_the_old_backups_and_nothing_half_done(lab: Lab, newest: str, outputs: Path) -> None:
    kept = names(lab)
    lab.on_server("bash", "-c", f"mount -t tmpfs -o size=5m tmpfs {FOLDER} && chown deploy {FOLDER} && "
                  f"dd if=/dev/zero of={FOLDER}/other bs=1k count=5000")
    try:
        code, said = back_up(lab, outputs)
        left = names(lab)
    finally:
        lab.on_server("umount", FOLDER)
    assert (code, left) == (3, {"other"}), said
    assert "the disk has enough free space" in said
    assert names(lab) == kept


def test_a_disk_that_fills_while_the_dump_is_written_gets_its_room_back(lab: Lab, environment: Environment) -> None:
    """Past the precondition, straight at the program: the disk fills in the middle of the dump."""
    from runbook_lib.core.commands import Command
    from runbook_lib.recovery.plans.backup import plan_backup

    lab.on_server("bash", "-c", f"mount -t tmpfs -o size=300k tmpfs {FOLDER} && chown deploy {FOLDER}")
    try:
        empty = Backups(FOLDER, "staging_db", _now(), _now(), writable=True)
        dump = plan_backup(empty, environment).steps[0].actions[0]
        assert isinstance(dump, Command)
        assert isinstance(dump.stdin, str)
        lab.on_server("bash", "-c", 'cat > /tmp/backup-program <<"END"\n' + dump.stdin + "\nEND")
        words = " ".join(f"'{word}'" for word in dump.argv)
        said = lab.on_server("bash", "-c", f"{words} </tmp/backup-program 2>&1; echo status $?", user="deploy")
        left = names(lab)
    finally:
        lab.on_server("umount", FOLDER)
    assert "status 1" in said, said
    assert "is the disk full" in said
    assert left == set()


def test_two_backups_at_once_end_as_one_backup_and_one_refusal(lab: Lab, outputs: Path, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as both:
        done = list(both.map(lambda place: back_up(lab, place), (outputs, tmp_path)))
    # one after the other, or one learns who holds the lock
    assert sorted(code for code, _ in done) in ([0, 0], [0, 3]), done
    assert not [name for name in names(lab) if name.endswith(".partial")]


def test_old_backups_go_and_the_newest_and_the_unknown_stay(lab: Lab, newest: str, outputs: Path) -> None:
    newest = newest.removesuffix(".sql.gz")
    made = [f"staging_db_202501{day:02d}_020000" for day in range(1, 10)]
    for name in made:
        manifest = manifest_of_a_copy(lab, newest, name)
        copy = 'cp "$1.sql.gz" "$2.sql.gz"; printf %s "$3" | base64 -d > "$2.manifest.json"'
        lab.on_server("bash", "-c", copy, "copy", f"{FOLDER}/{newest}", f"{FOLDER}/{name}", manifest, user="deploy")
    lab.on_server("cp", f"{FOLDER}/{newest}.sql.gz", f"{FOLDER}/staging_db_20240101_020000.sql.gz")
    good = [name for name in names(lab) if name.endswith(".manifest.json")]
    code, said = back_up(lab, outputs)
    assert code == 0, said
    left = names(lab)
    assert "staging_db_20240101_020000.sql.gz" in left
    gone = {name for name in made if f"{name}.sql.gz" not in left}
    assert len(gone) == max(0, min(len(good) - 7, len(made)))
    assert gone == set(sorted(made)[: len(gone)])
    assert all(f"{name}.manifest.json" not in left for name in gone)


def _now():  # type: ignore[no-untyped-def]
    from datetime import UTC, datetime

    return datetime.now(UTC)


def test_a_report_names_no_secret(lab: Lab, archive: Path) -> None:
    secrets = [line.partition("=")[2].strip("'\"") for line in
               lab.on_server("cat", "/opt/gw2-wvwbuilder/.env.secrets").splitlines()]
    written = "".join(path.read_text(errors="replace") for path in archive.rglob("*") if path.is_file())
    assert json.dumps("backup-publish") in written
    assert not [secret for secret in secrets if secret and secret in written]
