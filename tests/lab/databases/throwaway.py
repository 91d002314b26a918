"""A PostgreSQL of one's own for the zoo: a container of the lab's image on this machine, without a network.

The programs of 30, 31 and 32 run here, as they run on a server, and reach it as they reach the database there; or, which takes a
fifth of the time, all of it runs in the container, but for the drill, which makes a container of its own.
"""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.databases import FOLDER, Specimen
from runbook_lib.connections.postgres import parse_rows, require_one_select
from runbook_lib.core import programs
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.environment import load_environment
from runbook_lib.recovery.plans.backup import backup_program
from runbook_lib.recovery.plans.restore_steps import restore_program
from tests.lab.databases.shell import Shell

OWNER, DATABASE, STAGED = "staging_user", "staging_db", "staging_db_restore_20261122_020000"
IMAGE = "gw2-lab/postgres:15"
DRILL = programs.text("platform/whole_lines.sh", "recovery/dump_contents.sh", "recovery/split_dump.sh", "recovery/load_dump.sh",
                      "recovery/database_definition.sh", "platform/image_of.sh", "recovery/restore_drill.sh")

# all that a test may have left of databases and roles
EMPTY = r"""SELECT format(one, datname) FROM pg_database, unnest(ARRAY['ALTER DATABASE %I IS_TEMPLATE false', 'DROP DATABASE %I WITH (FORCE)'])
    WITH ORDINALITY AS t(one, place) WHERE datname ~ ('^' || :'like') ORDER BY place \gexec
SELECT format('DROP ROLE %I', rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND oid <> 10 AND rolname <> :'kept' \gexec
ALTER ROLE :"kept" RESET ALL;
"""


@dataclass(frozen=True)
class Throwaway:
    """One container; `folder` holds its backups and what the drill records."""

    name: str
    folder: Path
    administrator: str = "postgres"
    image: str = IMAGE
    database: str = DATABASE
    owner: str = OWNER
    # whether the programs run on this machine, and each question to the database is a `docker exec`
    outside: bool = False
    # for a shell in the container, while there is one
    shells: list[Shell] = field(default_factory=list)

    @property
    def staged(self) -> str:
        return f"{self.database}_restore_20261122_020000"

    def start(self, *options: str) -> None:
        labels = [word for label in (f"project={self.name}", "service=postgres", "oneoff=False")
                  for word in ("--label", f"com.docker.compose.{label}")]
        subprocess.run(("docker", "run", "--detach", "--rm", "--name", self.name, *labels, "--network", "none", "--shm-size", "256m",
                        "--volume", f"{self.folder}:{self.folder}", "--tmpfs", "/var/lib/postgresql/data:size=1500m", "--env", "POSTGRES_HOST_AUTH_METHOD=trust",
                        "--env", f"POSTGRES_USER={self.administrator}", "--env", "POSTGRES_INITDB_ARGS=--no-sync", self.image,
                        "postgres", "-c", "fsync=off", "-c", "wal_level=logical", "-c", "max_wal_size=256MB", *options), check=True, capture_output=True)
        deadline = time.monotonic() + 60
        while self.run("pg_isready", "-q", "-h", "127.0.0.1").returncode:
            assert time.monotonic() < deadline, "the throw-away PostgreSQL does not start"
            time.sleep(0.2)
        self.shells.append(Shell.of(self.name, self.folder / "shell"))
        if self.administrator != self.owner:
            self.sql(f'CREATE ROLE "{self.owner}" LOGIN', "postgres")
        for folder in ("backups", "checkout/.runbook"):
            (self.folder / folder).mkdir(parents=True)

    def stop(self) -> None:
        for shell in self.shells:
            shell.end()
        subprocess.run(("docker", "rm", "--force", "--volumes", self.name), capture_output=True)

    def run(self, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(("docker", "exec", "-i", self.name, *words), input=text, text=True, capture_output=True, timeout=300)

    def ask(self, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """As `run`, by the user of this machine."""
        return self.shells[-1].run(words, text)

    def sql(self, text: str, where: str = "", role: str = "", **variables: object) -> str:
        given = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
        done = self.ask("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", *given, "-U", role or self.administrator, "-d", where or self.database, text=text)
        assert done.returncode == 0, f"{text[:300]}\n{done.stderr}"
        return done.stdout.strip()

    def fresh(self, made_as: str = "") -> None:
        """An empty live database, and nothing else; `made_as` are more words of CREATE DATABASE."""
        deadline = time.monotonic() + 120
        # where the machine's memory was too small for a test, PostgreSQL has lost a session to it, and recovers
        while self.ask("psql", "-Xq", "-U", self.administrator, "-d", "postgres", "-c", "SELECT 1").returncode:
            assert time.monotonic() < deadline, "PostgreSQL does not come back"
            time.sleep(0.2)
        for one in self.sql("SELECT datname FROM pg_subscription JOIN pg_database d ON d.oid = subdbid", "postgres").splitlines():
            self.sql("DROP SUBSCRIPTION zoo_subscription", one)
        self.sql(EMPTY + f'''CREATE DATABASE "{self.database}" OWNER "{self.owner}" {made_as};
            \\connect "{self.database}"
            ALTER SCHEMA public OWNER TO "{self.owner}"; REVOKE ALL ON SCHEMA public FROM PUBLIC;''', "postgres", like=self.database, kept=self.owner)
        for file in (self.folder / "backups").iterdir():
            file.unlink()
        (self.folder / "checkout/.runbook/drills.jsonl").unlink(missing_ok=True)

    def fresh_tablespace(self) -> None:
        self.fresh()
        self.sql('DROP TABLESPACE "zoo space"', "postgres")

    def databases(self) -> list[str]:
        return self.sql(f"SELECT datname FROM pg_database WHERE datname ~ '^{self.database}' ORDER BY 1", "postgres").splitlines()

    def add(self, one: Specimen, **variables: object) -> None:
        given: dict[str, object] = {"owner": self.owner, "database": self.database, "megabytes": 8, "tables": 200, "folder": "/tmp/space"}
        role = self.administrator if one.made_by == "administrator" else self.owner
        self.sql(one.sql, self.database, role, **(given | variables))

    def install_extension(self) -> None:
        place = self.run("sh", "-c", "echo $(pg_config --sharedir 2>/dev/null || echo /usr/share/postgresql/$PG_MAJOR)/extension").stdout.strip()
        for file in (FOLDER / "extension").iterdir():
            subprocess.run(("docker", "cp", str(file), f"{self.name}:{place}/{file.name}"), check=True, capture_output=True)

    def remove_extension(self) -> None:
        self.run("sh", "-c", "rm -f /usr/share/postgresql/*/extension/zoo_*")

    def bash(self, text: str, *words: str) -> subprocess.CompletedProcess[str]:
        """A program of a server: on this machine, or in the container, where `prefix` has nothing to do."""
        if self.outside:
            return subprocess.run(("bash", "-s", "--", *words), input=text, text=True, capture_output=True, timeout=300)
        return self.ask("bash", "-s", "--", *words, text=text)

    @property
    def prefix(self) -> tuple[str, ...]:
        return ("docker", "exec", "-i", self.name) if self.outside else ("env",)

    def back_up(self) -> subprocess.CompletedProcess[str]:
        """The steps of 30; the first that fails, or the last."""
        place = (str(self.folder / "backups"), self.database, ENVIRONMENT.project)
        for step in (("dump", *place, self.owner, "300", *self.prefix), ("check", *place), ("publish", *place)):
            done = self.bash(backup_program(), *step)
            if done.returncode:
                break
        return done

    @property
    def backup(self) -> Path:
        return max((self.folder / "backups").glob("*.sql.gz"))

    def manifest(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.backup.with_name(self.backup.name.replace(".sql.gz", ".manifest.json")).read_text())
        return value

    def step(self, step: str, *words: str) -> subprocess.CompletedProcess[str]:
        """One step of 32."""
        return self.bash(restore_program(), step, self.database, self.staged, self.owner, str(len(self.prefix)), *self.prefix, *words)

    def restore(self) -> subprocess.CompletedProcess[str]:
        """The steps of 32 up to the swap; the first that fails, or the last. `args` has its name."""
        manifest = str(self.backup).replace(".sql.gz", ".manifest.json")
        for step in (("clear",), ("create",), ("load", str(self.backup), self.manifest()["sha256"]),
                     ("compare", manifest, self.backup.name)):
            done = self.step(*step)
            if done.returncode:
                return subprocess.CompletedProcess(step, done.returncode, done.stdout, done.stderr)
        return done

    def drill(self, *, server_lost: bool = False) -> dict[str, Any]:
        """The record of 31's program; with `server_lost` it has the file alone, and no live PostgreSQL to ask."""
        words = (str(self.folder / "checkout"), str(self.folder / "backups"), self.database, self.owner, self.backup.name,
                 self.manifest()["sha256"], "240", "1024", "600", self.image, "", "lost" if server_lost else self.name, "postgres",
                 "/ready")
        done = subprocess.run(("bash", "-s", "--", *words), input=DRILL, text=True, capture_output=True, timeout=300)
        lines = (self.folder / "checkout/.runbook/drills.jsonl").read_text().splitlines()
        record: dict[str, Any] = json.loads(lines[-1])
        return record | {"stderr": done.stderr}

    def rows(self, sql: str, *, timeout_s: float = 30.0, database: str | None = None) -> list[dict[str, Any]]:
        """As ServerDatabase asks: the owner, in a session that can only read, with what psql would not take for more."""
        require_one_select(sql)
        done = self.ask("env", f"PGOPTIONS=-c statement_timeout={int(timeout_s * 1000)}", "PGCLIENTENCODING=UTF8",
                        "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-U", self.owner, "-d", database or self.database,
                        text=f"BEGIN READ ONLY;\nSET default_transaction_read_only=on;\nSELECT row_to_json(answer) FROM (\n{sql}\n) AS answer;\nCOMMIT;\n")
        if done.returncode:
            raise FactUnreadable(done.stderr)
        return parse_rows(done.stdout)


ENVIRONMENT = load_environment("staging")
