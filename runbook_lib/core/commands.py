"""What is run on a server: programs as tuples, pipelines of them, and whole files."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass, field
from typing import Any

from runbook_lib.core.redaction import Secret


@dataclass(frozen=True)
class Command:
    """One program on the server, as a tuple; no shell ever sees an unquoted word.

    `stdin_is_attribution`: the input says only who acts and why. A hash leaves it out. `shown`: what a reader is shown
    of a program that waits around another one; empty where it is the words themselves.
    """

    argv: tuple[str, ...]
    stdin: str | bytes | Secret | None = None
    cwd: str | None = None
    timeout_s: float = 60.0
    accepts: tuple[int, ...] = (0,)
    stdin_is_attribution: bool = False
    shown: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.shown or shlex.join(self.argv)

    def describe(self) -> dict[str, Any]:
        """What the plan's hash covers; input by its hash, so that a secret is never in it."""
        stdin = "who and why" if self.stdin_is_attribution else _stdin_mark(self.stdin)
        return {"command": list(self.argv), "cwd": self.cwd, "stdin": stdin, "timeout_s": self.timeout_s,
                "accepts": list(self.accepts)}


@dataclass(frozen=True)
class Pipeline:
    """Programs joined by pipes on the server; fails when any of them fails. `to` takes the output, mode 0600."""

    commands: tuple[Command, ...]
    to: str | None = None
    timeout_s: float = 600.0

    def __str__(self) -> str:
        joined = " | ".join(str(command) for command in self.commands)
        return f"{joined} > {shlex.quote(self.to)}" if self.to else joined

    def describe(self) -> dict[str, Any]:
        """What the plan's hash covers."""
        return {"pipeline": [command.describe() for command in self.commands], "to": self.to,
                "timeout_s": self.timeout_s}


@dataclass(frozen=True)
class WriteFile:
    """A whole file on the server, replaced atomically (temporary name, fsync, rename)."""

    path: str
    content: str | Secret
    mode: int = 0o644
    timeout_s: float = 30.0

    def __str__(self) -> str:
        return f"write {self.path} (mode {self.mode:04o})"

    def describe(self) -> dict[str, Any]:
        """What the plan's hash covers; the content by its hash."""
        content = self.content
        mark = content.fingerprint() if isinstance(content, Secret) else hashlib.sha256(content.encode()).hexdigest()
        return {"write": self.path, "mode": self.mode, "content": mark, "timeout_s": self.timeout_s}


def _stdin_mark(stdin: str | bytes | Secret | None) -> str | None:
    if stdin is None:
        return None
    if isinstance(stdin, Secret):
        return f"{stdin!r} {stdin.fingerprint()}"
    raw = stdin.encode() if isinstance(stdin, str) else stdin
    return f"{len(raw)} bytes, sha256 {hashlib.sha256(raw).hexdigest()[:16]}"
