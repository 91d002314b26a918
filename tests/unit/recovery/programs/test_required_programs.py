"""What a server lacks is said before a dump is written or read: the programs, run by bash with a PATH of few programs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs
from runbook_lib.recovery.facts.backup_survey import survey_program

VERIFY = programs.text("recovery/required_programs.sh", "recovery/dump_contents.sh", "recovery/verify_dump.sh")
# of a minimal system; perl-base is there, and has no Digest::MD5
MINIMAL = ("bash", "env", "date", "df", "tail", "tr", "sed", "find", "sort", "tar", "base64", "paste", "cut", "grep", "mktemp", "rm", "cat",
           "gzip", "gunzip", "flock", "awk", "diff", "od", "sha256sum", "md5sum")


def path_of(folder: Path, *names: str) -> str:
    folder.mkdir()
    for name in names:
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return str(folder)


def run(program: str, path: str, *words: str) -> str:
    done = subprocess.run(("bash", "-s", "--", *words), input=program, text=True, capture_output=True, timeout=60, env={"PATH": path})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("perl", ["absent", "without modules"])
def test_a_server_whose_perl_cannot_read_dumps_says_so_in_the_survey_and_when_a_dump_is_read(perl: str, tmp_path: Path) -> None:
    path = path_of(tmp_path / "bin", *MINIMAL)
    if perl == "without modules":
        (tmp_path / "bin/perl").write_text("#!/bin/sh\necho \"Can't locate Digest/MD5.pm in @INC\" >&2; exit 2\n")
        (tmp_path / "bin/perl").chmod(0o755)
    assert "\nlacks\tperl with Digest::MD5\n" in run(survey_program(), path, str(tmp_path), "staging_db", "0")
    dump = tmp_path / "whole.sql.gz"
    dump.write_bytes(b"")
    assert run(VERIFY, path, str(dump)) == "lacks\tperl with Digest::MD5\n"


def test_each_program_that_is_missing_is_named(tmp_path: Path) -> None:
    path = path_of(tmp_path / "bin", *(name for name in MINIMAL if name not in ("flock", "diff")), "perl")
    assert "\nlacks\tflock,diff\n" in run(survey_program(), path, str(tmp_path), "staging_db", "0")


def test_a_server_that_has_all_lacks_nothing(tmp_path: Path) -> None:
    path = path_of(tmp_path / "bin", *MINIMAL, "perl")
    assert "\nlacks\t\n" in run(survey_program(), path, str(tmp_path), "staging_db", "0")


JOB_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@pytest.mark.parametrize(("more", "lacks"), [((), "perl with Digest::MD5,docker,git"), (("perl", "git", "docker"), "")])
def test_what_the_scheduled_jobs_would_miss_is_said_before_they_are_installed(more: tuple[str, ...], lacks: str, tmp_path: Path) -> None:
    """By the PATH of the jobs: what this session finds elsewhere is of no use to them."""
    job = path_of(tmp_path / "jobs", *MINIMAL, *(one for one in more if one != "docker"))
    if "docker" in more:
        (tmp_path / "jobs/docker").symlink_to("/bin/true")
    here = path_of(tmp_path / "here", *MINIMAL, "perl", "git", "id", "pgrep", "head")
    program = programs.text("recovery/required_programs.sh", "recovery/folder_owner.sh", "recovery/crontab.sh",
                            "recovery/schedules_survey.sh")
    assert JOB_PATH in program
    assert JOB_PATH in programs.text("recovery/job_wrapper.sh"), "the wrapper looks there"
    words = (str(tmp_path), str(tmp_path / "backups"), "gw2-staging", "# BEGIN", "# END", "# OLD", "# OLD END")
    done = subprocess.run(("bash", "-s", "--", *words), input=program.replace(JOB_PATH, f"PATH={job}"), text=True, capture_output=True,
                          timeout=60, env={"PATH": here, "HOME": str(tmp_path)})
    assert f"\nlacks\t{lacks}\n" in done.stdout, done.stderr


def test_no_program_makes_timeout_the_first_process_of_a_container() -> None:
    """As such, timeout of coreutils 9.10 ends at once with 125 and prints nothing."""
    folder = Path(programs.__file__).parents[1]
    found = [f"{path.name}: {line.strip()}" for path in sorted(folder.glob("*/programs/*.sh")) for line in path.read_text().splitlines()
             if "--entrypoint timeout" in line or "--entrypoint=timeout" in line]
    assert not found
