"""Real repositories whose releases are surveyed by bash and git, run here."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbook_lib.core.commands import Command
from runbook_lib.core.questions import CommandResult
from runbook_lib.environment import Environment, load_environment
from runbook_lib.release.facts.repository import ReleaseTree, inspect_release

ENVIRONMENT = load_environment("staging")


@dataclass
class ThisMachine:
    """The server's commands, run here; its database, if one is given."""

    database: Any = None

    @property
    def server(self) -> ThisMachine:
        return self

    def run(self, command: Command) -> CommandResult:
        assert command.stdin is None or isinstance(command.stdin, str)
        done = subprocess.run(command.argv, input=command.stdin or "", text=True, capture_output=True, timeout=120, check=True)
        return CommandResult("", done.returncode, done.stdout, done.stderr, 0.0)


@dataclass
class Repositories:
    origin: Path
    work: Path
    checkout: Path

    def survey(self, ref: str, *files: str) -> ReleaseTree:
        compose = ENVIRONMENT.compose.model_copy(update={"files": files or ENVIRONMENT.compose.files})
        here: Any = ThisMachine()
        return inspect_release(self.environment(compose=compose), ref).fetch(here)

    def environment(self, **changes: Any) -> Environment:
        """The environment of this checkout, whole parts of it replaced."""
        server = ENVIRONMENT.server.model_copy(update={"directory": str(self.checkout)})
        return ENVIRONMENT.model_copy(update={"server": server, **changes})

    def survey_of(self, compose: str, **files: str) -> ReleaseTree:
        """The survey of a release with that Compose file, and other files by name."""
        for name, text in {"docker-compose.staging.yml": compose, **files}.items():
            (self.work / name).write_text(text)
        self.commit("more")
        return self.survey("develop")

    def commit(self, text: str) -> str:
        (self.work / "backend/versions").mkdir(parents=True, exist_ok=True)
        (self.work / "backend/versions/1.py").write_text(text)
        git(self.work, "add", ".")
        git(self.work, "commit", "-qm", "a subject\twith a tab")
        git(self.work, "push", "-q", "origin", "develop")
        return git(self.work, "rev-parse", "HEAD")


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    return subprocess.run(("git", *who, *words), cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def fingerprint(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}
