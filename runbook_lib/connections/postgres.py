"""SELECTs in the environment's PostgreSQL, through psql in its own container, in a session that can only read."""

from __future__ import annotations

import json
from typing import Any

from runbook_lib.connections.ssh import SshServer
from runbook_lib.connections.translate import docker_error
from runbook_lib.errors import DockerUnavailable, FactUnreadable
from runbook_lib.plan import Command

PROJECT = "gw2-staging"
NO_CONTAINER = 69  # EX_UNAVAILABLE of sysexits.h

_PSQL = f"""
id=$(docker ps --quiet --no-trunc --filter "label=com.docker.compose.project=$1" \\
    --filter "label=com.docker.compose.service=postgres") || exit $?
[ -n "$id" ] || exit {NO_CONTAINER}
exec docker exec -i --env "PGOPTIONS=$4" --env PGCONNECT_TIMEOUT=5 "${{id%%
*}}" psql -XqAt -v ON_ERROR_STOP=1 -U "$2" -d "$3"
"""


class ServerDatabase:
    """The database named by the environment, asked as its owner on the container's local socket."""

    def __init__(self, server: SshServer, *, database: str, user: str, project: str = PROJECT) -> None:
        self._server, self._database, self._user, self._project = server, database, user, project

    def rows(self, sql: str, *, timeout_s: float = 30.0) -> list[dict[str, Any]]:
        """The rows of one SELECT, as dictionaries. Raises FactUnreadable, DockerUnavailable.

        The SQL is ours; `;` and backslashes are refused all the same, because psql would take what follows them for
        a second statement or a command of its own.
        """
        if ";" in sql or "\\" in sql:
            raise ValueError("one SELECT, without ';' and without backslashes")
        options = f"-c default_transaction_read_only=on -c statement_timeout={int(timeout_s * 1000)}"
        text = f"BEGIN READ ONLY;\nSELECT row_to_json(answer) FROM (\n{sql}\n) AS answer;\nCOMMIT;\n"
        words = ("sh", "-c", _PSQL, "psql", self._project, self._user, self._database, options)
        result = self._server.execute(Command(words, stdin=text, timeout_s=timeout_s + 10))
        if result.exit_code != 0:
            raise self._failure(result.exit_code, result.stderr)
        return parse_rows(result.stdout)

    def _failure(self, code: int, stderr: str) -> FactUnreadable | DockerUnavailable:
        where = f"{self._server.address}: PostgreSQL {self._database}"
        said = " ".join(stderr.split())[-500:]
        if code == NO_CONTAINER:
            return FactUnreadable(
                "No PostgreSQL container is running.", where=where, next="On the server: docker compose ps postgres."
            )
        if "Docker daemon" in said or "docker: not found" in said:
            error = docker_error(RuntimeError(said), self._server.address, "docker exec psql")
            assert isinstance(error, DockerUnavailable)
            return error
        return FactUnreadable(
            f"The question failed: {said or f'exit code {code}'}",
            where=where,
            next="On the server: docker compose logs --tail 50 postgres.",
        )


def parse_rows(text: str) -> list[dict[str, Any]]:
    """One JSON object a line, as psql prints `row_to_json`. Raises FactUnreadable for anything else."""
    rows = []
    for line in text.splitlines():
        if not line:
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise FactUnreadable("psql's reply is not JSON.", where=line[:200], next="Ask again.") from error
        if not isinstance(row, dict):
            raise FactUnreadable("psql's reply is not a row.", where=line[:200], next="Ask again.")
        rows.append(row)
    return rows
