"""The server's survey of itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.platform.facts.server import (
    DATABASE_DATA,
    DOCKER_DATA,
    SURVEY,
    parse_disks,
    parse_server,
)

ASKED = ("/opt/gw2-wvwbuilder", "/backups/postgres", "/var/lib/docker")
DF = """Mounted on              1B-blocks       Avail   Inodes    IFree
/                    270553174016 71513788416 16777216 16022999
/                    270553174016 71513788416 16777216 16022999
/var/lib/docker      270553174016 71513788416        0        0
"""
REPLY = f"""== clock
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


@pytest.mark.parametrize("clock", ["1795366000.500000000", "1795366000.%N"])
def test_the_survey_is_read_whole(clock: str) -> None:
    state = parse_server(REPLY.replace("1795366000.500000000", clock), ASKED, 1795366000.0, 1795366001.0)
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
    assert parse_server(REPLY, ASKED, before, after).clock_ahead_s == pytest.approx(ahead)


def test_a_file_system_without_inodes_has_none() -> None:
    assert parse_disks(DF, ASKED)[2].inodes is None


def test_a_path_that_does_not_exist_is_left_out() -> None:
    text = DF.replace(
        "/var/lib/docker      270553174016 71513788416        0        0\n",
        "df: /var/lib/docker: No such file or directory\n",
    )
    assert [disk.path for disk in parse_disks(text, ASKED)] == ["/opt/gw2-wvwbuilder", "/backups/postgres"]


def test_a_missing_program_has_no_version() -> None:
    text = REPLY.replace("20.10.24+dfsg1", "bash: line 3: docker: command not found")
    assert parse_server(text, ASKED, 0, 2e9).versions["docker"] == ""


def test_a_silent_engine_has_no_version() -> None:
    text = REPLY.replace("20.10.24+dfsg1", "\nCannot connect to the Docker daemon at unix:///var/run/docker.sock.")
    assert parse_server(text, ASKED, 0, 2e9).versions["docker"] == ""


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "== clock\nnow\n",
        REPLY.replace("MemAvailable", "MemOther"),
        REPLY.replace("== cpus\n2", "== cpus\nmany"),
        REPLY.replace(DF, ""),
    ],
)
def test_malformed_surveys_are_unreadable(broken: str) -> None:
    with pytest.raises(FactUnreadable):
        parse_server(broken, ASKED, 0, 2e9)


@pytest.mark.parametrize("problem", ["Permission denied", "Stale file handle", "Transport endpoint is not connected"])
def test_a_disk_that_does_not_answer_is_not_known_and_hides_no_other(problem: str) -> None:
    text = DF.replace("/var/lib/docker      270553174016 71513788416        0        0\n", f"df: /var/lib/docker: {problem}\n")
    assert [disk.path for disk in parse_disks(text, ASKED)] == ["/opt/gw2-wvwbuilder", "/backups/postgres"]


INSIDE = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n"
ROW = "/dev/sdb1        103081248 41232499  61848749      40% "


@pytest.mark.parametrize(("text", "path", "free_kb", "device"), [
    (f"/var/lib/postgresql/data\n{INSIDE}{ROW}/var/lib/postgresql/data\n2065\n", "/var/lib/postgresql/data", 61848749, "2065"),
    (f"/data/pg\n{INSIDE}{ROW}/data\n", "/data/pg", 61848749, ""),
    (f"/data\n{INSIDE}nas:/export/a b/pg      100     40    60      - /data\n7\n", "/data", 60, "7"),
])
def test_the_databases_disk_is_the_one_that_its_container_sees(text: str, path: str, free_kb: int, device: str) -> None:
    disk = parse_server(f"{REPLY}== databasedata\n{text}", ASKED, 0, 2e9).holding(DATABASE_DATA)
    assert disk is not None
    assert (disk.path, disk.free_bytes, disk.device) == (path, free_kb * 1024, device)


@pytest.mark.parametrize("text", ["", "Error response from daemon\n", "/data\ndf: /data: Permission denied\n",
                                  f"/data\n{INSIDE}", "OCI runtime exec failed\n"])
def test_a_database_that_does_not_answer_has_no_disk_that_is_known(text: str) -> None:
    assert parse_server(f"{REPLY}== databasedata\n{text}", ASKED, 0, 2e9).holding(DATABASE_DATA) is None


@pytest.mark.parametrize("text", ["", "/srv/docker\ndf: /srv/docker: Permission denied\n", "Cannot connect\n"])
def test_an_engine_that_does_not_answer_has_no_disk_that_is_known(text: str) -> None:
    assert parse_server(f"{REPLY}== dockerdata\n{text}", ASKED, 0, 2e9).holding(DOCKER_DATA) is None


# an engine whose data-root is a folder of its own, and a database that answers from inside its container
DOCKER = """#!/bin/sh
echo 'WARNING: Error loading config file: /home/deploy/.docker/config.json: permission denied' >&2
case "$*" in
    version*) [ -z "$GONE" ] || { echo; echo "permission denied while trying to connect" >&2; exit 1; }; echo 20.10.24 ;;
    --version) echo "Docker version 20.10.24+dfsg1, build 297e128" ;;
    info*) [ -z "$GONE" ] || exit 1; echo "$ROOT" ;;
    ps*project=ours*service=db*) echo 4f2c ;;
    "exec 4f2c sh -c "*) shift 2; PGDATA=$ROOT/pg exec "$@" ;;
esac
"""


@pytest.mark.parametrize(("project", "gone"), [("ours", ""), ("theirs", ""), ("ours", "1")])
def test_the_engine_is_asked_where_its_data_lie_and_the_database_of_this_project_where_its(
    tmp_path: Path, project: str, gone: str
) -> None:
    root = tmp_path / "elsewhere"
    (root / "pg").mkdir(parents=True)
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "ROOT": str(root), "GONE": gone, "LC_ALL": "C"}
    done = subprocess.run(("bash", "-c", SURVEY, "server", project, "db", "10", str(tmp_path)), env=environment, capture_output=True,
                          text=True, check=False)
    state = parse_server(done.stdout, (str(tmp_path),), 0, 2e9)
    assert state.versions["docker"] == ("20.10.24+dfsg1" if gone else "20.10.24"), "installed, whether it lets us in or not"
    docker, database = state.holding(DOCKER_DATA), state.holding(DATABASE_DATA)
    assert (docker.path if docker else "") == ("" if gone else str(root))
    assert (database.path if database else "") == (str(root / "pg") if project == "ours" else "")
    assert {one.device for one in state.disks} == {str(root.stat().st_dev)}, "all are on one file system here"
