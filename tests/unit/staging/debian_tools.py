"""Debian's own logrotate, rsyslogd and wrk: installed ones, or those that `./setup.sh test` unpacks without installing them."""

from __future__ import annotations

import os
import shutil
import subprocess

from tests.unit.staging.files import ROOT

UNPACKED = ROOT / ".lab" / "test-tools"
LIBRARIES = next(iter((UNPACKED / "usr" / "lib").glob("*-linux-gnu*")), UNPACKED)
MISSING = "Debian's logrotate, rsyslog and wrk are not on this machine: run ./setup.sh test as root on Debian"


def program(name: str) -> str | None:
    """The path of a program, which this machine has or that was unpacked."""
    return shutil.which(name, path=f"{UNPACKED}/usr/sbin:{UNPACKED}/usr/bin:{os.environ['PATH']}:/usr/sbin")


def environment(path: str = os.environ["PATH"]) -> dict[str, str]:
    """The variables that an unpacked program needs."""
    return {**os.environ, "PATH": path, "LD_LIBRARY_PATH": str(LIBRARIES)}


def run(name: str, *words: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    found = program(name)
    assert found is not None, MISSING
    return subprocess.run((found, *words), env=environment(path), capture_output=True, text=True, check=False, timeout=300)
