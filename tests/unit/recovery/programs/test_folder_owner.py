"""Two environments, or two servers of one, with one folder of backups: neither deletes or restores what the other made."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from runbook_lib.core import programs
from runbook_lib.core.errors import PreconditionFailed
from runbook_lib.environment import load_environment
from runbook_lib.recovery.checks.backup import backup_preconditions
from runbook_lib.recovery.checks.folder_owner import OWN_FOLDER
from runbook_lib.recovery.facts.backup_survey import OWNER_FILE, survey_program
from runbook_lib.recovery.plans.backup import expired
from tests.unit.recovery.programs.backup_folder import Folder
from tests.unit.recovery.programs.test_backup_survey import survey

ENVIRONMENT = load_environment("staging")
DAYS = ("2026-01-01T02:00:00Z", "2026-01-02T02:00:00Z", "2026-01-03T02:00:00Z")
OTHER_SERVER = "7000000000000000001"


def test_the_folder_belongs_to_who_wrote_there_first(folder: Folder) -> None:
    folder.backup(DAYS[0])
    second, before = replace(folder, project="gw2-second"), folder.names()
    for words in (("clear",), ("check",), ("publish",), ("expire", "1", "0"), ("prune", "1", folder.names()[1])):
        done = second.step(*words)
        assert done.returncode == 1, words
        assert "another environment (gw2-staging, not gw2-second)" in done.stderr
    assert second.dump().returncode == 1
    assert folder.names() == before
    folder.backup(DAYS[1])
    assert (folder.path / OWNER_FILE).read_text() == "gw2-staging\n"


@pytest.mark.parametrize("left", ["", "\n", " \n"])
def test_a_file_that_names_no_owner_is_filled(folder: Folder, left: str) -> None:
    (folder.path / OWNER_FILE).write_text(left)  # by a full disk, or by an editor
    folder.backup(DAYS[0])
    assert (folder.path / OWNER_FILE).read_text() == "gw2-staging\n"


def test_an_owner_that_cannot_be_read_is_not_no_owner(folder: Folder) -> None:
    (folder.path / OWNER_FILE).mkdir()  # whoever runs the tests cannot read it as a file
    asked = programs.text("recovery/folder_owner.sh") + '\nprint_owners "$1"\n'
    for program in (survey_program(), asked):
        done = subprocess.run(("bash", "-s", "--", str(folder.path), "staging_db", "3"), input=program, text=True, capture_output=True, timeout=60)
        assert done.returncode == 1
        assert "owner" not in done.stdout
        assert "cannot be read by" in done.stderr
    assert folder.dump().returncode == 1


def test_the_notebook_refuses_a_folder_of_another_environment(folder: Folder) -> None:
    folder.backup(DAYS[0])
    seen = survey(replace(folder, project="gw2-second"))
    assert (seen.owner, seen.good, len(seen.others)) == ("gw2-staging", (), 1)
    found = {one.check: one for one in backup_preconditions(seen, ENVIRONMENT, database_bytes=9)}
    assert str(found[OWN_FOLDER].verdict) == "failed"
    own = {one.check: one for one in backup_preconditions(survey(folder), ENVIRONMENT, database_bytes=9)}
    assert str(own[OWN_FOLDER].verdict) == "passed"


def test_a_backup_of_another_environment_is_restored_only_where_it_is_named_with_its_project(folder: Folder) -> None:
    """Copied into the folder by hand, and without a manifest that says whose it is: then it is the folder's owner's."""
    second = replace(folder, project="gw2-second")
    second.backup(DAYS[2])
    (folder.path / OWNER_FILE).unlink()
    folder.backup(DAYS[0])
    seen = survey(folder)
    (other,) = seen.others
    assert [one.name for one in seen.good] == ["staging_db_20260101_020000.sql.gz"]
    assert seen.select("").name == seen.good[0].name
    for project in ("", "gw2-third"):
        with pytest.raises(PreconditionFailed, match="by gw2-second") as refused:
            seen.select(other.name, from_project=project)
        assert "from_project = 'gw2-second'" in str(refused.value)
    assert seen.select(other.name.removesuffix(".sql.gz"), from_project="gw2-second") == other
    assert other.name in str(seen.table)


def test_nothing_of_another_environment_expires(folder: Folder) -> None:
    second = replace(folder, project="gw2-second")
    for day in DAYS:
        second.backup(day)
    (folder.path / OWNER_FILE).unlink()
    folder.backup("2026-02-01T02:00:00Z")
    folder.backup("2026-02-02T02:00:00Z")
    names = [one.name for one in survey(folder).others]
    assert len(names) == 3
    done = folder.step("expire", "1", "0")
    assert done.stdout == "deleted staging_db_20260201_020000.sql.gz\n", done.stderr
    assert folder.step("prune", "1", names[0]).returncode == 1
    assert set(names) < set(folder.names())


def test_what_a_server_made_before_it_was_made_anew_is_restored_and_never_deleted(folder: Folder) -> None:
    for day in DAYS:
        folder.backup(day, system=OTHER_SERVER)
    names = [one.name for one in survey(folder).good]
    # planned before the new server made its first backup, and done after it
    planned = expired(survey(folder), ENVIRONMENT.model_copy(update={"backup": ENVIRONMENT.backup.model_copy(update={"keep_newest": 1, "keep_days": 1})}))
    assert len(planned) == 2
    folder.backup("2026-01-04T02:00:00Z")
    done = folder.step("prune", "1", *(one.name for one in planned))
    assert (done.returncode, done.stdout.count("which another PostgreSQL server made")) == (0, 2), done.stderr
    assert folder.step("expire", "1", "0").stdout == "nothing expires\n"
    seen = survey(folder)
    assert len(seen.good) == 4
    assert seen.select(names[0]).name == names[0]
    assert not expired(seen, ENVIRONMENT)


def test_two_live_servers_of_one_project_are_refused(folder: Folder) -> None:
    folder.backup(DAYS[0])
    folder.backup(DAYS[1], system=OTHER_SERVER)
    ours = survey(folder).backups[1].manifest
    assert ours
    with pytest.raises(AssertionError, match="Another PostgreSQL server of the project gw2-staging has written"):
        folder.backup(DAYS[2])
    seen = survey(folder)
    found = {one.check: one for one in backup_preconditions(seen, ENVIRONMENT, database_bytes=9, system=ours.system)}
    assert str(found[OWN_FOLDER].verdict) == "failed"
    own = seen.of_server(ours.system)
    assert [one.name for one in own.good] == ["staging_db_20260101_020000.sql.gz"]
    with pytest.raises(PreconditionFailed, match="on another server"):
        own.select("staging_db_20260102_020000.sql.gz")
    # the other one may go on: its own is the newest
    assert seen.of_server(OTHER_SERVER) == seen


@pytest.mark.parametrize("text", ["", "{}", '{"project": 5}'])
def test_a_manifest_that_does_not_say_whose_it_is_is_the_folders(folder: Folder, text: str) -> None:
    folder.backup(DAYS[0])
    (folder.path / "staging_db_20260101_020000.manifest.json").write_text(text)
    assert len(survey(folder).backups) == 1
    assert len(survey(replace(folder, project="gw2-second")).others) == 1
