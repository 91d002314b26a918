"""SELECTs in the environment's PostgreSQL, through psql in its own container, in a session that can only read."""

from __future__ import annotations

import re
from typing import Any

from runbook_lib.connections.docker_errors import docker_unavailable
from runbook_lib.connections.ssh import SshServer
from runbook_lib.core.commands import Command
from runbook_lib.core.engine import ask_engine
from runbook_lib.core.errors import DockerUnavailable, FactUnreadable
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.questions import CommandResult
from runbook_lib.core.text import head_of, lines_of, tail_of

_AGAIN = "Run the notebook again; if it stays so, run psql in the container on the server."
_NO_ENGINE = re.compile(r"Docker daemon|docker: (command )?not found")
_NO_SESSION = 2  # psql's exit code where no session could be opened, whatever the language of the reason
# every role may read these; a restore notes on the database itself that it has closed it
_CLOSED = """
SELECT json_build_object('allowed', datallowconn, 'most', datconnlimit, 'by_restore', EXISTS (
    SELECT FROM pg_db_role_setting, unnest(setconfig) AS one
    WHERE setdatabase = d.oid AND setrole = 0 AND one LIKE 'runbook.%'))
    FROM pg_database d WHERE datname = :'name';
"""
_NOT_RUNNING = re.compile(r"No such container|[Cc]ontainer \S+ is (not running|restarting)")


def require_one_select(sql: str) -> None:
    """Refuse what psql would take for a second statement or for a command of its own. Raises ValueError."""
    if ";" in sql or "\\" in sql:
        raise ValueError("one SELECT, without ';' and without backslashes")


class ServerDatabase:
    """The database named by the environment, asked as its owner on the container's local socket."""

    def __init__(self, server: SshServer, *, database: str, user: str, project: str,
                 service: str) -> None:
        self._server, self._database, self._user = server, database, user
        self._project, self._service = project, service
        self._compose = f"docker compose -p {project}"  # by its name it is found from any folder
        self._container = ""

    def rows(self, sql: str, *, timeout_s: float = 30.0, database: str | None = None) -> list[dict[str, Any]]:
        """The rows of one SELECT, as dictionaries; in another `database` of the server, where one is named.

        Raises FactUnreadable, DockerUnavailable.

        The SQL is ours; `;` and backslashes are refused all the same, because psql would take what follows them for
        a second statement or as one of its own commands.
        """
        require_one_select(sql)
        # not with the connection's options: an event trigger on login (17) that records who came would fail in it, and
        # the database would seem not to answer
        options = f"-c statement_timeout={int(timeout_s * 1000)}"
        only_read = "BEGIN READ ONLY;\nSET default_transaction_read_only=on;\n"
        text = f"{only_read}SELECT row_to_json(answer) FROM (\n{sql}\n) AS answer;\nCOMMIT;\n"
        known = bool(self._container)
        if not known:
            self._find()
        result = self._ask(text, options, timeout_s, database or self._database)
        # a recreation since the last query: the container that was found then is another one now
        if known and result.exit_code != 0 and _NOT_RUNNING.search(result.stderr):
            self._find()
            result = self._ask(text, options, timeout_s, database or self._database)
        if result.exit_code != 0:
            closed = self._closed(database or self._database) if result.exit_code == _NO_SESSION else None
            raise closed or self._failure(result.exit_code, result.stderr)
        return parse_rows(result.stdout)

    def _closed(self, database: str) -> FactUnreadable | None:
        """Why no role may connect to it, and what opens it; None where that is not the reason, or not to be known."""
        result = self._ask(_CLOSED, "-c statement_timeout=10000", 10.0, "postgres", "-v", f"name={database}")
        try:
            (found,) = parse_rows(result.stdout) if result.exit_code == 0 else []
            allowed, most, by_restore = found["allowed"], found["most"], found["by_restore"]
        except (ValueError, KeyError, FactUnreadable):
            return None
        if allowed and most != 0:
            return None
        where = f"{self._server.address}: PostgreSQL {database}"
        if by_restore:
            return FactUnreadable(
                f"The database {database} is closed: a restore was interrupted while it swapped names.", where=where,
                next_step="Run 32 Restore the database again: it opens the database and finishes what was begun.")
        said, change = ("CONNECTION LIMIT is 0", "CONNECTION LIMIT -1") if allowed else (
            "ALLOW_CONNECTIONS is false", "ALLOW_CONNECTIONS true")
        return FactUnreadable(
            f"The database {database} is closed by its operators: {said}.", where=where,
            next_step=f'Where that is not meant any more, as a superuser: ALTER DATABASE "{database}" {change};')

    def _ask(self, text: str, options: str, timeout_s: float, database: str, *words: str) -> CommandResult:
        # The server may speak any language, and only a superuser may ask for another: with the code of each error, by
        # which those who ask know it. psql itself speaks the language of its container. A role or a database may set
        # another encoding for its clients than that in which we read.
        argv = ("docker", "exec", "-i", "--env", f"PGOPTIONS={options}", "--env", "PGCONNECT_TIMEOUT=5", "--env",
                "LC_ALL=C", "--env", "PGCLIENTENCODING=UTF8", self._container, "psql", "-XqAt", "-v", "ON_ERROR_STOP=1",
                "-v", "VERBOSITY=verbose", "-U", self._user, "-d", database, *words)
        return self._server.execute(Command(argv, stdin=text, timeout_s=timeout_s + 10))

    def _find(self) -> None:
        """Find the container by Compose's labels, once for many queries: finding it takes as long as a query.

        Its name shows nothing: a recreation that was interrupted leaves it with another one, `container_name` gives it
        any, and another project may have one of this name.
        """
        labels = (f"label=com.docker.compose.project={self._project}",
                  f"label=com.docker.compose.service={self._service}",
                  "label=com.docker.compose.oneoff=False", "status=running")
        argv = ("docker", "ps", "--quiet", "--no-trunc", *(word for label in labels for word in ("--filter", label)))
        found = ask_engine(self._server.execute, Command(argv))
        if found.exit_code != 0:
            raise self._failure(found.exit_code, found.stderr)
        there = found.stdout.split()
        # each of several would have data of its own, and whichever is asked, a backup of it may be of the wrong one
        if len(there) > 1:
            raise FactUnreadable(
                f"{len(there)} containers of {self._service} run: which one has the application's data is not known.",
                where=f"{self._server.address}: Compose project {self._project}",
                next_step=f"On the server: {self._compose} ps {self._service}. Stop those that are not the release's.")
        self._container = next(iter(there), "")
        if not self._container:
            raise self._failure(1, f"No such container: one of {self._project} with the service {self._service}")

    def _failure(self, code: int, stderr: str) -> FactUnreadable | DockerUnavailable:
        where = f"{self._server.address}: PostgreSQL {self._database}"
        # where in PostgreSQL's own source an error is raised helps no operator
        said = (line for line in lines_of(stderr) if not line.startswith("LOCATION: "))
        reason = tail_of(" ".join(" ".join(said).split()), 500)
        if _NOT_RUNNING.search(reason):
            return FactUnreadable("No PostgreSQL container is running.", where=where,
                                  next_step=f"On the server: {self._compose} ps --all {self._service}.")
        if _NO_ENGINE.search(reason):
            return docker_unavailable(reason, self._server.address, "docker exec psql")
        return FactUnreadable(
            f"The query failed: {reason or f'exit code {code}'}",
            where=where,
            next_step=f"On the server: {self._compose} logs --tail 50 {self._service}.",
        )


def parse_rows(text: str) -> list[dict[str, Any]]:
    """One JSON object a line, as psql prints `row_to_json`. Raises FactUnreadable for anything else."""
    rows = []
    for line in lines_of(text):
        if not line:
            continue
        try:
            row = read_json(line)
        except ValueError as error:
            raise FactUnreadable("psql's reply is not JSON.", where=head_of(line, 200), next_step=_AGAIN) from error
        if not isinstance(row, dict):
            raise FactUnreadable("psql's reply is not a row.", where=head_of(line, 200), next_step=_AGAIN)
        rows.append(row)
    return rows
