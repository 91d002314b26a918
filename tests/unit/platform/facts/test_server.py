"""The server's survey of itself."""

from __future__ import annotations

import pytest

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.platform.facts.server import parse_disks, parse_server

ASKED = ("/opt/gw2-wvwbuilder", "/backups/postgres", "/var/lib/docker")
DF = """Mounted on              1B-blocks       Avail   Inodes    IFree
/                    270553174016 71513788416 16777216 16022999
/                    270553174016 71513788416 16777216 16022999
/var/lib/docker      270553174016 71513788416        0        0
"""
SURVEY = f"""== clock
1795366000.500000000
== disks
{DF}== memory
MemTotal:       24684084 kB
MemFree:        10000000 kB
MemAvailable:   23207874 kB
== load
3.59 2.10 1.00 2/900 12345
== cpus
2
== system
Debian GNU/Linux 12 (bookworm)
== kernel
6.1.0-20-amd64
== docker
20.10.24+dfsg1
== compose
2.26.1-4
== git
git version 2.39.5
"""


def test_the_survey_is_read_whole() -> None:
    state = parse_server(SURVEY, ASKED, 1795366000.0, 1795366001.0)
    assert state.memory_bytes == 24684084 * 1024
    assert state.memory_available_bytes == 23207874 * 1024
    assert (state.load_1m, state.cpus, state.clock_ahead_s) == (3.59, 2, 0.0)
    assert state.versions["git"] == "2.39.5"
    disk = state.disk("/backups/postgres")
    assert disk is not None
    assert (disk.mount, disk.free_bytes, disk.free_inodes) == ("/", 71513788416, 16022999)
    assert 73 < disk.used_percent < 74


@pytest.mark.parametrize(
    ("before", "after", "ahead"), [(1795365990.0, 1795365991.0, 9.5), (1795366010.0, 1795366011.0, -9.5)]
)
def test_a_clock_that_is_off_is_off_by_what_asking_does_not_explain(before: float, after: float, ahead: float) -> None:
    assert parse_server(SURVEY, ASKED, before, after).clock_ahead_s == pytest.approx(ahead)


def test_a_file_system_without_inodes_has_none() -> None:
    assert parse_disks(DF, ASKED)[2].inodes is None


def test_a_path_that_does_not_exist_is_left_out() -> None:
    text = DF.replace(
        "/var/lib/docker      270553174016 71513788416        0        0\n",
        "df: /var/lib/docker: No such file or directory\n",
    )
    assert [disk.path for disk in parse_disks(text, ASKED)] == ["/opt/gw2-wvwbuilder", "/backups/postgres"]


def test_a_missing_program_has_no_version() -> None:
    text = SURVEY.replace("20.10.24+dfsg1", "bash: line 3: docker: command not found")
    assert parse_server(text, ASKED, 0, 2e9).versions["docker"] == ""


def test_a_silent_engine_has_no_version() -> None:
    text = SURVEY.replace("20.10.24+dfsg1", "\nCannot connect to the Docker daemon at unix:///var/run/docker.sock.")
    assert parse_server(text, ASKED, 0, 2e9).versions["docker"] == ""


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "== clock\nnow\n",
        SURVEY.replace("MemAvailable", "MemOther"),
        SURVEY.replace("== cpus\n2", "== cpus\nmany"),
        SURVEY.replace(DF, ""),
    ],
)
def test_malformed_surveys_are_unreadable(broken: str) -> None:
    with pytest.raises(FactUnreadable):
        parse_server(broken, ASKED, 0, 2e9)
