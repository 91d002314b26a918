"""Where the kernel's counters of a container are read: from the server's files, and from the container where there are none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs

PROGRAM = programs.text("platform/oom_kills.sh")
ID = "0123456789abcdef" * 4
DOCKER = r"""#!/bin/sh
case $1 in
    ps) [ "$FOUND" != down ] || exit 1; echo "$FOUND" ;;
    exec) echo "oom_kill 7" ;;
esac
"""


def counters(folder: Path, found: str = ID) -> tuple[int, str]:
    """Exit code and output; `found` is what the engine lists, or `down`."""
    (folder / "docker").write_text(DOCKER)
    (folder / "docker").chmod(0o755)
    done = subprocess.run(("sh", "-c", PROGRAM, "oom_kills.sh", folder / "cgroup", "shop", "web"), text=True, capture_output=True,
                          timeout=60, env={"PATH": f"{folder}:{os.environ['PATH']}", "FOUND": found})
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.mark.parametrize("place", [
    f"memory/docker/{ID}/memory.oom_control", f"memory/system.slice/docker-{ID}.scope/memory.oom_control",
    f"docker/{ID}/memory.events", f"system.slice/docker-{ID}.scope/memory.events"])
def test_the_servers_own_file_is_read(tmp_path: Path, place: str) -> None:
    file = tmp_path / "cgroup" / place
    file.parent.mkdir(parents=True)
    file.write_text("oom_kill 2\n")
    assert counters(tmp_path) == (0, "oom_kill 2\n")


def test_the_container_is_asked_where_the_server_has_no_such_file(tmp_path: Path) -> None:
    (tmp_path / "cgroup" / "docker" / ID).mkdir(parents=True)  # version 1 next to version 2: a folder without that file
    assert counters(tmp_path) == (0, "oom_kill 7\n")


def test_each_container_of_a_scaled_service_is_read(tmp_path: Path) -> None:
    """Kills in the second of two were in no reading, and ended no watch."""
    other = "f" * 64
    file = tmp_path / "cgroup" / "docker" / other / "memory.events"
    file.parent.mkdir(parents=True)
    file.write_text("oom_kill 2\n")
    assert counters(tmp_path, f"{ID}\n{other}") == (0, "oom_kill 7\noom_kill 2\n")


def test_no_container_and_no_engine_are_two_things(tmp_path: Path) -> None:
    assert counters(tmp_path, "") == (126, "")
    assert counters(tmp_path, "down") == (125, "")
