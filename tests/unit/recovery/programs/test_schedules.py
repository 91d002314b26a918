"""Two environments' schedules in one user's crontab and systemd folder: each changes its own alone, byte for byte.

The real programs with a crontab in a file; the same with a real cron: tests/lab/bare/test_two_environments.py.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.environment import Environment, load_environment
from runbook_lib.recovery.facts.installed_schedules import parse_schedules, survey_schedules
from runbook_lib.recovery.facts.schedules import planned_schedules
from runbook_lib.recovery.plans.scheduled_programs import cron_block, schedules_folder, units
from runbook_lib.recovery.plans.schedules import _crontab, _sh
from tests.unit.environment_doubles import overlay

# as versions up to 0.2 marked them
OLD_CRON_BEGIN = "# BEGIN gw2 schedules: written by notebook 34; changes between these lines are lost"
OLD_CRON_END = "# END gw2 schedules"
NAMES = ("backup_database", "backup_configuration")
# as cron's own: none yet is status 1 with a message; a text without an end is refused
CRONTAB = """#!/bin/bash
[ -z "$REFUSES" ] || { echo "$REFUSES" >&2; exit 1; }
case $1 in
    -l) [ -e "$TABLE" ] || { echo "${NONE:-no crontab for deploy}" >&2; exit 1; }; cat "$TABLE" ;;
    -r) rm "$TABLE" ;;
    -) cat >"$TABLE.new"; [ ! -s "$TABLE.new" ] || [ -z "$(tail -c 1 "$TABLE.new")" ] || { echo "missing newline" >&2; exit 1; }
       mv "$TABLE.new" "$TABLE" ;;
esac
"""
SYSTEMCTL = """#!/bin/sh
echo "$*" >>"$TABLE.systemctl"
case "$*" in *is-active*) exit 3 ;; esac
"""
FOREIGN = "MAILTO=ops@example.com\nPATH=/usr/bin\n#17 4 * * 1 /usr/local/bin/one\n18 4 * * 1 /usr/local/bin/two\n"


class User:
    """A user of a server with two environments, each in a folder of its own."""

    def __init__(self, place: Path) -> None:
        self.place, self.table = place, place / "crontab"
        for name, text in (("crontab", CRONTAB), ("systemctl", SYSTEMCTL)):
            (place / "bin").mkdir(exist_ok=True)
            (place / "bin" / name).write_text(text)
            (place / "bin" / name).chmod(0o755)
        self.first, self.second = (
            load_environment(overlay(place, f"name: {name}\nserver: {{directory: {place}/{name}}}\n", f"{name}.yaml"))
            for name in ("first", "second"))
        for one in (self.first, self.second):
            Path(schedules_folder(one)).mkdir(parents=True)

    def run(self, command: Command, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{self.place / 'bin'}:{os.environ['PATH']}", "HOME": str(self.place),
                       "TABLE": str(self.table), "REFUSES": "", "NONE": "", **more}
        return subprocess.run(command.argv, input=str(command.stdin or ""), env=environment, capture_output=True, text=True,
                              check=False, timeout=120)

    def does(self, *commands: Command) -> None:
        for command in commands:
            done = self.run(command)
            assert done.returncode == 0, done.stderr

    @property
    def text(self) -> str:
        return self.table.read_bytes().decode()

    def installs(self, environment: Environment) -> None:
        self.does(_sh(environment, "save", *NAMES), _crontab(environment, cron_block(environment)))

    def lines_of(self, environment: Environment, **more: str) -> str:
        command = survey_command(environment)
        return parse_schedules(self.run(command, **more).stdout, planned_schedules(environment)).crontab


def survey_command(environment: Environment) -> Command:
    asked: list[Command] = []

    class Server:
        def run(self, command: Command) -> None:
            asked.append(command)
            raise InterruptedError

    class Connections:
        server = Server()

    with pytest.raises(InterruptedError):
        survey_schedules(environment).fetch(Connections())  # type: ignore[arg-type]
    return asked[0]


@pytest.fixture
def user(tmp_path: Path) -> User:
    return User(tmp_path)


def old_block(environment: Environment) -> str:
    """As versions up to 0.2 wrote it, whatever the environment."""
    folder = schedules_folder(environment)
    return (f"{OLD_CRON_BEGIN}\nSHELL=/bin/sh\n*/15 * * * * {folder}/backup_database --when-due >/dev/null 2>&1\n"
            f"{OLD_CRON_END}\n")


def test_what_one_environment_installs_and_removes_leaves_the_others_lines_byte_for_byte(user: User) -> None:
    user.table.write_text(FOREIGN)
    user.installs(user.first)
    user.installs(user.second)
    both = FOREIGN + cron_block(user.first) + cron_block(user.second)
    assert user.text == both, "each block once, and nothing moved"
    assert (user.lines_of(user.first), user.lines_of(user.second)) == (cron_block(user.first), cron_block(user.second))
    user.installs(user.first)
    assert user.text == both, "in its own place"
    user.does(_crontab(user.first, ""))
    assert user.text == FOREIGN + cron_block(user.second)
    assert user.lines_of(user.first) == "", "another's lines are not counted"
    user.does(_crontab(user.second, ""))
    assert user.text == FOREIGN


def test_an_undo_takes_nothing_away_that_another_environment_installed_meanwhile(user: User) -> None:
    user.table.write_text(FOREIGN)
    user.does(_sh(user.first, "save", *NAMES), _crontab(user.first, cron_block(user.first)))
    user.installs(user.second)
    user.does(_sh(user.first, "restore_crontab"))
    assert user.text == FOREIGN + cron_block(user.second)


def test_an_undo_leaves_no_empty_crontab_where_there_was_none(user: User) -> None:
    user.installs(user.first)
    user.does(_sh(user.first, "restore_crontab"))
    assert not user.table.exists()


def test_lines_of_an_earlier_version_are_replaced_once_and_the_undo_puts_them_back(user: User) -> None:
    user.table.write_text(f"1 1 * * * before\n{old_block(user.first)}2 2 * * * after\n")
    assert user.lines_of(user.first) == old_block(user.first)
    assert user.lines_of(user.second) == "", "it starts the first one's programs"
    before = user.text
    user.installs(user.first)
    assert user.text == f"1 1 * * * before\n{cron_block(user.first)}2 2 * * * after\n", "an upgrade leaves one schedule"
    user.does(_sh(user.first, "restore_crontab"))
    assert user.text == before


def test_an_old_block_of_another_environment_stays_byte_for_byte(user: User) -> None:
    user.table.write_text(old_block(user.second))
    user.installs(user.first)
    assert user.text == old_block(user.second) + cron_block(user.first)
    user.does(_crontab(user.first, ""))
    assert user.text == old_block(user.second)


def test_an_old_block_of_a_folder_that_ends_like_ours_is_anothers(user: User) -> None:
    theirs = old_block(user.first).replace(schedules_folder(user.first), f"/data{schedules_folder(user.first)}")
    user.table.write_text(theirs)
    user.installs(user.first)
    assert user.text == theirs + cron_block(user.first)


def test_an_undo_decides_about_the_crontab_while_no_other_can_write_it(user: User) -> None:
    user.installs(user.first)
    crontab = user.place / "bin/crontab"
    crontab.write_text(CRONTAB.replace("-r) rm", '-r) flock -n "$HOME" true; echo $? >"$TABLE.lock"; rm'))
    user.does(_sh(user.first, "restore_crontab"))
    assert Path(f"{user.table}.lock").read_text().strip() == "1", "the lock was free"


@pytest.mark.parametrize("before", [
    FOREIGN.replace("\n", "\r\n"), "\n\n# only a comment\n\n", "* * * * * ümläut \\n %\n", "CRON_TZ=UTC\n@daily x\n", "",
    "unpaired\n", " \t\n",
])
def test_every_other_line_is_kept_byte_for_byte(user: User, before: str) -> None:
    user.table.write_bytes(before.encode())
    user.installs(user.first)
    assert user.text == before + cron_block(user.first)
    user.does(_crontab(user.first, ""))
    assert user.text == before


def test_a_last_line_without_an_end_stays_a_line_of_its_own(user: User) -> None:
    user.table.write_text("1 1 * * * one\n2 2 * * * two")
    user.does(_crontab(user.first, ""))
    assert user.text == "1 1 * * * one\n2 2 * * * two", "nothing was to do"
    user.installs(user.first)
    assert user.text == "1 1 * * * one\n2 2 * * * two\n" + cron_block(user.first)


def test_our_own_lines_with_the_ends_of_windows_are_ours(user: User) -> None:
    user.table.write_bytes((FOREIGN + cron_block(user.first)).replace("\n", "\r\n").encode())
    user.installs(user.first)
    assert user.text == FOREIGN.replace("\n", "\r\n") + cron_block(user.first)


@pytest.mark.parametrize("reason", ["You (deploy) are not allowed to use this program (crontab)",
                                    "crontab: cannot chdir to /var/spool/cron/crontabs: Permission denied", "Input/output error"])
def test_a_crontab_that_cannot_be_read_is_never_taken_for_an_empty_one(user: User, reason: str) -> None:
    user.table.write_text(FOREIGN)
    for command in (_sh(user.first, "save", *NAMES), _crontab(user.first, cron_block(user.first)), _crontab(user.first, "")):
        done = user.run(command, REFUSES=reason)
        assert done.returncode != 0 and reason in done.stderr and "Nothing was changed" in done.stderr
    assert user.text == FOREIGN
    reply = user.run(survey_command(user.first), REFUSES=reason).stdout
    now = parse_schedules(reply, planned_schedules(user.first))
    assert reason in now.crontab_problem and "crontab" not in now.has


@pytest.mark.parametrize("message", ["no crontab for deploy", "crontab: can't open 'deploy': No such file or directory"])
def test_a_user_without_a_crontab_gets_one(user: User, message: str) -> None:
    done = user.run(_crontab(user.first, cron_block(user.first)), NONE=message)
    assert done.returncode == 0, done.stderr
    assert user.text == cron_block(user.first)


def broken(user: User) -> dict[str, str]:
    block = cron_block(user.first)
    begin, *_, end = block.splitlines(keepends=True)
    return {
        "no end": f"{begin}1 1 * * * x\n", "no begin": f"1 1 * * * x\n{end}", "the wrong way round": f"{end}1 1 * * * x\n{begin}",
        "twice": block + block, "another's inside": block.replace(end, cron_block(user.second) + end),
        "old and new": block.replace(end, f"{OLD_CRON_END}\n"),
    }


@pytest.mark.parametrize("case", ["no end", "no begin", "the wrong way round", "twice", "another's inside", "old and new"])
def test_markers_that_do_not_belong_together_change_nothing(user: User, case: str) -> None:
    text = broken(user)[case]
    user.table.write_text(text)
    for block in ("", cron_block(user.first)):
        assert user.run(_crontab(user.first, block)).returncode != 0
    assert user.text == text
    reply = user.run(survey_command(user.first)).stdout
    assert parse_schedules(reply, planned_schedules(user.first)).crontab_problem


def test_a_crontab_program_that_refuses_the_text_is_reported(user: User) -> None:
    (user.place / "bin/crontab").write_text('#!/bin/sh\n[ "$1" = -l ] || { echo "errors in crontab file" >&2; exit 1; }\n')
    done = user.run(_crontab(user.first, cron_block(user.first)))
    assert done.returncode != 0 and "errors in crontab file" in done.stderr


def test_units_are_removed_and_restored_by_project(user: User) -> None:
    folder = user.place / ".config/systemd/user"
    folder.mkdir(parents=True)
    theirs = {name: f"[Service]\nExecStart={schedules_folder(user.second)}/backup_database\n# {name}" for name in
              (*units(user.second), "gw2-backup_database.service", "gw2-backup_database.timer", "gw2-mine.service")}
    ours = units(user.first)
    for name, text in {**theirs, **ours}.items():
        (folder / name).write_text(text)
    user.does(_sh(user.first, "save", *NAMES), _sh(user.first, "remove_units", *NAMES))
    assert {one.name: one.read_text() for one in folder.iterdir()} == theirs
    user.does(_sh(user.first, "restore_units", *NAMES))
    assert {one.name: one.read_text() for one in folder.iterdir()} == {**theirs, **ours}
    assert "gw2-backup_database" not in (user.place / "crontab.systemctl").read_text()


def test_units_of_an_earlier_version_are_replaced_once_and_come_back_with_the_undo(user: User) -> None:
    folder = user.place / ".config/systemd/user"
    folder.mkdir(parents=True)
    old = {f"gw2-{name}.{kind}": f"[Service]\nExecStart={schedules_folder(user.first)}/{name}\nTimeoutStartSec=6h\n"
           for name in NAMES for kind in ("service", "timer")}
    for name, text in old.items():
        (folder / name).write_text(text)
    now = parse_schedules(user.run(survey_command(user.first)).stdout, planned_schedules(user.first))
    assert now.old_units == set(NAMES)
    assert not parse_schedules(user.run(survey_command(user.second)).stdout, planned_schedules(user.second)).old_units
    user.does(_sh(user.first, "save", *NAMES), _sh(user.first, "remove_old_units", *NAMES))
    assert not list(folder.iterdir())
    user.does(_sh(user.first, "restore_units", *NAMES))
    assert {one.name: one.read_text() for one in folder.iterdir()} == old
