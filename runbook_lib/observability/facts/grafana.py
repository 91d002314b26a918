"""What Grafana's own API says: does it take its password, do its data sources answer, does it have the dashboards?"""

from __future__ import annotations

import base64
import gzip
import io
import zlib
from dataclasses import dataclass
from typing import Any

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of, lines_of
from runbook_lib.environment import Environment
from runbook_lib.environment.services import service_by_technology

TECHNOLOGY = "Grafana"
LIMIT_S = 4.0
REFUSED = (401, 403)
LARGEST_FILE = 5_000_000  # bytes of one dashboard, unpacked
NO_CHECK = ("plugin.unavailable", "plugin.notImplemented")  # messageId of a kind without a check, since version 9
NO_SUCH_CHECK = (404, 501)  # and before, and where a proxy keeps the words
_UNKNOWN = {
    "no-basic": ("Grafana takes no password over its API (GF_AUTH_BASIC_ENABLED is false).",
                 "See its data sources in its own page, under Connections."),
    "no-file": ("The file with Grafana's password cannot be read in its container.",
                "On the server: see GF_SECURITY_ADMIN_PASSWORD__FILE in `docker inspect` of its container."),
}
_NEXT = "Open Grafana's log: `docker logs` of its container on the server."


@dataclass(frozen=True)
class DataSource:
    """One data source of Grafana's and how its own health check ended; `message` are Grafana's words.

    `works` is None where its kind has no check that the API could ask (Alertmanager's): pages alone read from it.
    """

    uid: str
    works: bool | None
    message: str = ""


@dataclass(frozen=True)
class GrafanaSurvey:
    """Grafana as its API shows it. `login`: the HTTP status of the password that its container was given; 0: no reply.

    Without a login there are no sources, and `boards` is None. `expected`: uid and file of each dashboard of the
    checkout.
    """

    running: bool
    login: int = 0
    sources: tuple[DataSource, ...] = ()
    boards: frozenset[str] | None = None
    expected: tuple[tuple[str, str], ...] = ()


def survey_grafana(environment: Environment, *, limit_s: float = LIMIT_S) -> Question[GrafanaSurvey | None]:
    """What Grafana answers; None where the environment has none, which is not asked then. Raises FactUnreadable.

    Source: Grafana's HTTP API, /api/org, /api/datasources and /api/search, asked on the server's loopback.
    """
    name = service_by_technology(environment.services, TECHNOLOGY)
    service = environment.services[name] if name else None

    def fetch(connections: Connections) -> GrafanaSurvey | None:
        if name is None or service is None or not service.required or service.loopback_port is None:
            return None
        # the words of a folder and a service are arguments, never part of a program
        argv = ("bash", "-c", 'cd -- "$0" && exec bash -s -- "$@"', environment.server.directory,
                environment.project, name, str(service.loopback_port), f"{limit_s:g}")
        command = Command(argv, stdin=programs.text("observability/grafana.sh"), timeout_s=6 * limit_s)
        return parse_grafana(connections.server.run(command).stdout)

    return Question("Grafana", fetch)


def parse_grafana(text: str) -> GrafanaSurvey:
    """The survey from what grafana.sh prints. Raises FactUnreadable."""
    records = [line.split("\t") for line in lines_of(text)]
    if records == [["absent"]]:
        return GrafanaSurvey(running=False)
    unknown = [record[-1] for record in records if record[0] == "unknown"]
    if unknown and unknown[0] in _UNKNOWN:
        what, next_step = _UNKNOWN[unknown[0]]
        raise FactUnreadable(what, where="grafana.sh", next_step=next_step)
    try:
        (login,) = [int(record[1]) for record in records if record[0] == "login"]
        refused = [record[1] for record in records if record[0] == "sources"]
        sources = [_source(*record[1:]) for record in records if record[0] == "source"]
        boards = [_boards(*record[1:]) for record in records if record[0] == "boards"]
        expected = [_expected(*record[1:]) for record in records if record[0] == "file"]
    except (ValueError, TypeError, IndexError, zlib.error, OSError, EOFError) as cause:
        raise FactUnreadable("What Grafana answers cannot be read.", where="grafana.sh", next_step=_NEXT) from cause
    if refused:
        raise FactUnreadable(f"Grafana lists no data sources (HTTP {refused[0]}).", where="/api/datasources",
                             next_step=_NEXT)
    return GrafanaSurvey(True, login, tuple(sources), boards[0] if boards else None, tuple(expected))


def _source(uid: str, status: str, body: str) -> DataSource:
    reply = _json(body)
    message = str(reply.get("message", "")) if isinstance(reply, dict) else ""
    works: bool | None = int(status) == 200 and isinstance(reply, dict) and reply.get("status") == "OK"
    if int(status) in NO_SUCH_CHECK or (isinstance(reply, dict) and reply.get("messageId") in NO_CHECK):
        works = None
    return DataSource(uid, works, head_of(message, 200) or f"HTTP {int(status)}")


def _boards(status: str, body: str) -> frozenset[str] | None:
    reply = _json(body) if int(status) == 200 else None
    if not isinstance(reply, list):
        return None
    return frozenset(str(one["uid"]) for one in reply if isinstance(one, dict) and "uid" in one)


def _expected(name: str, packed: str) -> tuple[str, str]:
    with gzip.open(io.BytesIO(base64.b64decode(packed, validate=True))) as file:
        board = read_json(file.read(LARGEST_FILE))
    if not isinstance(board, dict) or not isinstance(board.get("uid"), str):
        raise ValueError(f"{name} has no uid")
    return board["uid"], name


def _json(encoded: str) -> Any:
    """The value of a reply; None where it is not JSON: a proxy's page, or nothing."""
    try:
        return read_json(base64.b64decode(encoded, validate=True))
    except ValueError:
        return None
