"""What a schedule deletes is what the runbook would delete, though the server has no Python: both read the same folders."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runbook_lib.environment import load_environment
from runbook_lib.recovery.facts.backup_survey import parse_survey, survey_program
from runbook_lib.recovery.facts.backups import Backups
from runbook_lib.recovery.facts.manifests import sealed_manifest
from runbook_lib.recovery.plans.backup import backup_program, expired

KEPT = {"keep_newest": 3, "keep_days": 7}  # a month of backups shows no more, and takes its time
ENVIRONMENT = load_environment("staging")
ENVIRONMENT = ENVIRONMENT.model_copy(update={"backup": ENVIRONMENT.backup.model_copy(update=KEPT)})
KEEP, DAYS = ENVIRONMENT.backup.keep_newest, ENVIRONMENT.backup.keep_days


def backup(folder: Path, taken: datetime, number: int) -> Path:
    name = f"staging_db_{taken:%Y%m%d_%H%M%S}.sql.gz"
    body = gzip.compress(f"{number}".encode() * 20, mtime=0)
    (folder / name).write_bytes(body)
    at = f"{taken:%Y-%m-%dT%H:%M:%SZ}"
    snapshot = {"database": "staging_db", "taken_at": at, "server_version": "15.20", "database_bytes": 9}
    lines = (
        f'{{"format": 2, "number": {number}, "file": "{name}", "sha256": "{hashlib.sha256(body).hexdigest()}", '
        f'"size_bytes": {len(body)}, "plain_bytes": 9,\n "finished_at": "{at}", "seconds": 1.0, "pg_dump_version": "15.20", '
        f'"schema_revision": "0002",\n "snapshot": {json.dumps(snapshot)},\n "objects": null,\n "tables": [\n ],\n'
    )
    (folder / name.replace(".sql.gz", ".manifest.json")).write_text(sealed_manifest(lines))
    return folder / name


def survey(folder: Path) -> Backups:
    argv = ("bash", "-s", "--", str(folder), "staging_db", str(KEEP))
    said = subprocess.run(argv, input=survey_program(), text=True, capture_output=True, check=True).stdout
    return parse_survey(said, str(folder), "staging_db", ENVIRONMENT.project, our_clock=datetime.now(UTC))


def expire(folder: Path, **variables: str) -> tuple[set[str], str]:
    """What the scheduled step deleted, and what it printed."""
    before = {path.name for path in folder.glob("*.sql.gz")}
    argv = ("bash", "-s", "--", "expire", str(folder), "staging_db", ENVIRONMENT.project, str(KEEP), str(DAYS))
    done = subprocess.run(argv, input=backup_program(), text=True, capture_output=True, env={"PATH": "/usr/bin:/bin", **variables})
    assert done.returncode == 0, done.stderr
    return before - {path.name for path in folder.glob("*.sql.gz")}, done.stdout


def daily(folder: Path, days: int) -> list[Path]:
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    return [backup(folder, now - timedelta(days=days - day), day + 1) for day in range(days + 1)]


def test_what_is_past_its_days_goes_and_the_rest_stays(tmp_path: Path) -> None:
    made = daily(tmp_path, 17)
    gone, _ = expire(tmp_path)
    assert gone == {path.name for path in made[:11]}  # the eleventh is five minutes past its days


@pytest.mark.parametrize("seed", range(3))
def test_a_schedule_deletes_what_the_runbook_would_delete(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    for path in daily(tmp_path, 18):
        manifest = path.with_name(path.name.replace(".sql.gz", ".manifest.json"))
        match chance.randrange(9):
            case 0:
                path.write_bytes(path.read_bytes()[:-1] + b"x")  # only a checksum can see it
            case 1:
                manifest.unlink()
            case 2:
                manifest.write_text(manifest.read_text().replace("15.20", "15.21"))
            case 3:
                path.write_bytes(b"")
    planned = {one.name for one in expired(survey(tmp_path), ENVIRONMENT)}
    gone, said = expire(tmp_path)
    assert planned
    assert gone == planned, said


def test_nothing_is_deleted_while_a_backup_lies_in_the_future(tmp_path: Path) -> None:
    daily(tmp_path, 17)
    backup(tmp_path, datetime.now(UTC) + timedelta(days=3), 19)
    gone, said = expire(tmp_path)
    assert gone == set()
    assert "lies in the future" in said


def test_nothing_is_deleted_while_the_newest_have_a_gap_of_many_days(tmp_path: Path) -> None:
    """As after a clock that jumped ahead: everything before looks old."""
    for path in sorted(daily(tmp_path, 20))[-13:-2]:
        path.unlink()
    gone, said = expire(tmp_path)
    assert gone == set()
    assert "days without a backup" in said


# a job of version 0.1.0 that waited for the lock during the upgrade passes the jump under its earlier name
@pytest.mark.parametrize("variable", ["RUNBOOK_CLOCK_PROBLEM", "RUNBOOK_CLOCK_DOUBT"])
def test_a_jump_that_the_job_noticed_deletes_nothing(tmp_path: Path, variable: str) -> None:
    daily(tmp_path, 17)
    gone, said = expire(tmp_path, **{variable: "the clock jumped by 86400 s"})
    assert (gone, said) == (set(), "nothing is deleted while the clock cannot be trusted: the clock jumped by 86400 s\n")


def test_the_newest_by_number_stay_however_old_their_names(tmp_path: Path) -> None:
    made = daily(tmp_path, 17)
    late = backup(tmp_path, datetime(2020, 1, 1, 2, tzinfo=UTC), 100)
    gone, _ = expire(tmp_path)
    assert late.name not in gone
    assert made[0].name in gone
