"""Which mounted files are named: other ones, not those that are written meanwhile, nor what is longer than a configuration."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs

PROGRAM = programs.text("platform/mounted_files.sh")
# what the container has is $INSIDE, by its own number or, without stat, by none
DOCKER = r"""#!/bin/bash
case $* in
    ps*) echo 0123 ;;
    inspect*) printf '%s\t/etc/nginx/nginx.conf\n' "$SOURCE" ;;
    exec*' stat '*) [[ $STAT ]] && exec stat -L -c %i "$INSIDE"; exit 127 ;;
    exec*) echo "$*" >>"$LOG"; cat "$INSIDE" ;;
esac
"""


def named(folder: Path, source: Path, inside: Path, *, stat: bool = True) -> str:
    (folder / "docker").write_text(DOCKER)
    (folder / "docker").chmod(0o755)
    done = subprocess.run(("bash", "-s", "--", "shop", "web"), input=PROGRAM, text=True, capture_output=True, timeout=60, env={
        "PATH": f"{folder}:{os.environ['PATH']}", "SOURCE": str(source), "INSIDE": str(inside), "LOG": str(folder / "log"),
        "STAT": "yes" * stat})
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "source"
    file.write_text("server {}\n")
    return file


def test_a_file_that_was_replaced_is_named_with_its_place(tmp_path: Path, source: Path) -> None:
    earlier = tmp_path / "earlier"
    earlier.write_text("server { }\n")
    for stat in (True, False):
        assert named(tmp_path, source, earlier, stat=stat) == f"{source}\t/etc/nginx/nginx.conf\n"
    earlier.write_text(source.read_text())
    assert named(tmp_path, source, earlier) == "", "another file with the same text is as good"


def test_a_log_that_is_written_while_it_is_compared_is_the_same_file(tmp_path: Path, source: Path) -> None:
    """What was read from the container is older by a line then."""
    inside = tmp_path / "inside"
    os.link(source, inside)
    (tmp_path / "cmp").write_text("#!/bin/sh\nexit 1\n")  # differs whenever it is compared
    (tmp_path / "cmp").chmod(0o755)
    assert named(tmp_path, source, inside) == ""


def test_a_long_file_is_not_read_at_all(tmp_path: Path, source: Path) -> None:
    """Read with every probe of a gate, it would take longer than the gate waits, or fill the disk."""
    os.truncate(source, 1_000_001)
    assert named(tmp_path, source, tmp_path / "docker") == ""
    assert not (tmp_path / "log").exists()


GOES = r"""#!/bin/bash
case "$* $ENGINE" in
    *id=gone*answers) ;;
    *id=gone*) exit 1 ;;
    ps*) printf 'gone\n0123\n' ;;
    inspect*gone*) echo "No such object: gone" >&2; exit 1 ;;
    inspect*) printf '%s\t/etc/nginx/nginx.conf\n' "$SOURCE" ;;
    exec*' stat '*) exit 127 ;;
    exec*) echo another ;;
esac
"""


@pytest.mark.parametrize(("engine", "code"), [("answers", 0), ("is away", 1)])
def test_one_that_is_removed_meanwhile_hides_none_of_the_others(tmp_path: Path, source: Path, engine: str, code: int) -> None:
    (tmp_path / "docker").write_text(GOES)
    (tmp_path / "docker").chmod(0o755)
    done = subprocess.run(("bash", "-s", "--", "shop", "web"), input=PROGRAM, text=True, capture_output=True, timeout=60,
                          env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "SOURCE": str(source), "ENGINE": engine})
    assert (done.returncode, done.stdout) == (code, "" if code else f"{source}\t/etc/nginx/nginx.conf\n")
