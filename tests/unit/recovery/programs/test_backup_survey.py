"""What the survey reads of a folder that the backup program filled, whatever else lies in it."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime

from runbook_lib.recovery.facts.backup_survey import parse_survey, survey_program
from runbook_lib.recovery.facts.backups import Backups
from tests.unit.recovery.programs.backup_folder import DUMP, Folder, counted


def survey(folder: Folder) -> Backups:
    argv = ("bash", "-s", "--", str(folder.path), "staging_db", "3")
    done = subprocess.run(argv, input=survey_program(), text=True, capture_output=True, timeout=60)
    return parse_survey(done.stdout, str(folder.path), "staging_db", folder.project, our_clock=datetime.now(UTC))


def test_the_survey_of_an_empty_folder_finds_nothing(folder: Folder) -> None:
    found = survey(folder)
    assert (found.backups, found.foreign) == ((), ())


def test_only_a_file_is_read_as_a_manifest(folder: Folder) -> None:
    folder.backup("2026-11-22T16:24:54Z")
    manifest = folder.path / "staging_db_20261122_162454.manifest.json"
    os.mkfifo(folder.path / "--checkpoint.manifest.json")  # waits for a writer, and would be an option
    (folder.path / "odd\nname.manifest.json").write_text(manifest.read_text())
    assert survey(folder).backups[0].good
    manifest.rename(folder.path / "elsewhere")
    manifest.symlink_to(folder.path / "elsewhere")
    assert str(survey(folder).backups[0].trust) == "unverified"


def test_the_survey_sees_what_lies_there_whatever_it_is_called(folder: Folder) -> None:
    folder.backup("2026-11-22T16:24:54Z")
    (folder.path / "odd\nname\t.sql.gz").write_text("x")
    (folder.path / "staging_db.sql.gz.partial").write_text("rest")
    backups = survey(folder)
    assert [one.name for one in backups.backups] == ["staging_db_20261122_162454.sql.gz"]
    assert str(backups.backups[0].trust) == "verified"
    assert [(one.name, one.running) for one in backups.partials] == [("staging_db.sql.gz.partial", False)]
    assert backups.foreign == ("odd\nname\t.sql.gz",)


def test_a_manifest_of_many_megabytes_is_read_like_any_other(folder: Folder) -> None:
    long = "x" * 400  # as many bytes as thirty thousand tables, in less time
    many = "".join(f"COPY public.many_{number}_{long} (id) FROM stdin;\n\\.\n\n\n" for number in range(6_000))
    (folder.inside.parent / "counted").write_text(counted(**{f"many_{number}_{long}": 0 for number in range(6_000)}))
    for done in (folder.dump(DUMP.replace("COPY public.squads", many + "COPY public.squads")), folder.step("check"), folder.step("publish")):
        assert done.returncode == 0, done.stderr
    (backup,) = survey(folder).backups
    assert str(backup.trust) == "verified"
    assert len(backup.rows) == 6_002


def test_a_folder_that_is_a_link_to_another_disk_is_read_like_any_other(folder: Folder) -> None:
    folder.backup("2026-11-22T16:24:54Z")
    real = folder.path.rename(folder.path.with_name("other-disk"))
    folder.path.symlink_to(real)
    folder.backup("2026-11-23T16:24:54Z")
    found = survey(folder)
    assert [(one.number, str(one.trust)) for one in found.backups] == [(2, "verified"), (1, "verified")]
