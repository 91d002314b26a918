"""A project folder, a folder like /etc and a repository, for the programs of the configuration backup."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from runbook_lib.core import programs
from runbook_lib.recovery.facts.configuration_backups import (
    ConfigurationBackups,
    parse_configuration,
)
from runbook_lib.recovery.plans.configuration_backup import (
    configuration_program,
)

SECRET = "zK9/+pw word-'x\"3v8Q"

class Server:
    """A project folder, a folder like /etc, and the repository."""

    def __init__(self, place: Path) -> None:
        self.project, self.etc, self.repository = place / "project", place / "etc", place / "backups/configuration.git"
        for folder in (self.project / "nginx", self.etc, self.repository.parent):
            folder.mkdir(parents=True)
        (self.project / ".env").write_text("COMPOSE_PROFILES=blue,grafana\n")
        (self.project / ".env.secrets").write_text(f"STAGING_DB_PASSWORD='{SECRET}'\n")
        (self.project / "nginx/nginx.conf").write_text("worker_processes 4;\r\n")
        (self.etc / "sshd_config").write_text("PasswordAuthentication no\n")

    def step(self, *words: str, project: str = "gw2-staging",
             environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        argv = ("bash", "-s", "--", words[0], str(self.project), project, *words[1:])
        return subprocess.run(argv, input=configuration_program(), text=True, capture_output=True, timeout=60,
                              env={**os.environ, **(environment or {})})

    def commit(self, project: str = "gw2-staging") -> subprocess.CompletedProcess[str]:
        return self.step("commit", str(self.repository), ".env", ".env.secrets", "nginx", "--", str(self.etc), project=project)

    def commit_from(self, first: str, *paths: str) -> subprocess.CompletedProcess[str]:
        """With another first line of the program: where our files lie."""
        argv = ("bash", "-s", "--", "commit", str(self.project), "gw2-staging", str(self.repository), *paths, "--", str(self.etc))
        return subprocess.run(argv, input=configuration_program(first), text=True, capture_output=True, timeout=60)

    def commit_own(self) -> subprocess.CompletedProcess[str]:
        """As where the application has a file of its own, and the runbooks none."""
        (self.project / ".env.secrets").unlink()
        argv = ("bash", "-s", "--", "commit", str(self.project), "shop", str(self.repository), ".env", "nginx", "--")
        return subprocess.run(argv, input=configuration_program("secrets_file=.env own=yes\n"), text=True, capture_output=True, timeout=60)

    def survey(self) -> ConfigurationBackups:
        argv = ("bash", "-s", "--", str(self.project), str(self.repository), "clone", str(self.repository),
                ".env", ".env.secrets", "nginx", "gone.conf", "--", str(self.etc))
        text = programs.text("recovery/configuration_files.sh", "recovery/folder_owner.sh", "recovery/configuration_survey.sh")
        done = subprocess.run(argv, input=text, text=True, capture_output=True, check=True)
        return parse_configuration(done.stdout, our_clock=datetime.now(UTC))

    def git(self, *words: str) -> str:
        argv = ("git", "--git-dir", str(self.repository), *words)
        return subprocess.run(argv, check=True, capture_output=True).stdout.decode("utf-8", "replace")
