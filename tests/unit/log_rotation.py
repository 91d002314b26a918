"""Rotations of a log as logrotate does them, and a server that runs a command here."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable

ROTATIONS = ("rename", "rename, compress", "copytruncate", "copytruncate, compress")


class LocalServer:
    """Runs a command here, as a server would."""

    def run(self, command: Command) -> SimpleNamespace:
        """Its output and exit code. Raises FactUnreadable when that is not one it accepts."""
        done = subprocess.run(command.argv, input=str(command.stdin), capture_output=True, text=True)
        if done.returncode not in command.accepts:
            raise FactUnreadable(done.stderr.strip() or "failed")
        return SimpleNamespace(stdout=done.stdout, exit_code=done.returncode)


def rotate_twice(file: Path, how: str, line_between: str) -> None:
    """Two rotations, with a line between them: what was `.1` is `.2` then."""
    ending = ".gz" if how.endswith("compress") else ""
    _rotate(file, how)
    file.with_name(f"{file.name}.1{ending}").rename(file.with_name(f"{file.name}.2{ending}"))
    with file.open("a") as opened:
        opened.write(line_between)
    _rotate(file, how)


def _rotate(file: Path, how: str) -> None:
    earlier = file.with_name(f"{file.name}.1")
    if how.startswith("copytruncate"):
        shutil.copy2(file, earlier)
        file.write_text("")
    else:
        file.rename(earlier)
        file.touch()
    if how.endswith("compress"):
        subprocess.run(("gzip", str(earlier)), check=True)
