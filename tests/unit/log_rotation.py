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


_RENAME = "mv a.log.2.gz a.log.3.gz && gzip -c a.log.1 > a.log.2.gz.new && touch -r a.log.1 a.log.2.gz.new && mv a.log.2.gz.new a.log.2.gz && mv a.log a.log.1"
_COPY = "mv a.log.2.gz a.log.3.gz && mv a.log.1 a.log.2 && cp -p a.log a.log.1"
_WHILE_READ = {"rename": f"{_RENAME} && printf '%s\\n' '{{line}}' > a.log", "copy": _COPY, "copytruncate": f"{_COPY} && printf '%s\\n' '{{line}}' > a.log"}
ROTATING = tuple(_WHILE_READ)


def rotating_tool(tools: Path, name: str, folder: Path, how: str, line: str) -> None:
    """A tool in a folder of tools which rotates a.log, a.log.1 and a.log.2.gz when it is first called; `line` is logged then.

    "copy" is the moment in which copytruncate has copied, and not cut yet.
    """
    rotate = _WHILE_READ[how].format(line=line)
    wrapper = tools / name
    wrapper.write_text(f"#!/bin/sh\n( cd '{folder}' && mkdir rotated && {rotate} ) >/dev/null 2>&1\nPATH=${{PATH#*:}} exec {name} \"$@\"\n")
    wrapper.chmod(0o755)
