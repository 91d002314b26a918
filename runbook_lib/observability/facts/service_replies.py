"""What each service answers when it is asked directly: past the proxy, the application, and its own health check.

The questions go from the server to the containers' own addresses; PostgreSQL is asked on its own socket. Nothing runs
in a container of the others, and nothing is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.deadlines import each_within
from runbook_lib.core.errors import FactUnreadable, Inconclusive
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import lines_of
from runbook_lib.environment import Environment
from runbook_lib.environment.services import Service
from runbook_lib.platform.facts.availability import fetch_concurrently

LIMIT_S = 4.0
MORE_S = 1.0  # for Docker's way into PostgreSQL's container
# what psql prints of a deadline of ours and not of a refusal: its own words, and PostgreSQL's code, as its words are of
# any language
_SILENT = re.compile(r"timeout expired|timed out|\b57014:")
_FATAL = re.compile(r"FATAL:\s+(?:[0-9A-Z]{5}: )?(.+)")
_STOPPED = re.compile(r"No PostgreSQL container is running")
_SESSIONS = """
SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS standby,
       (SELECT extract(epoch FROM clock_timestamp() - backend_start) FROM pg_stat_activity
         WHERE pid = pg_backend_pid()) AS seconds,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
       current_setting('max_connections')::int AS max_connections,
       (SELECT coalesce(json_agg(DISTINCT host(client_addr)), '[]') FROM pg_stat_activity
         WHERE client_addr IS NOT NULL AND datname = current_database()) AS clients
"""


class Reply(StrEnum):
    """How a service answered; service_probes.sh prints the same words."""

    UP = "up"
    DOWN = "down"  # it answers, and not well; or nothing can reach it
    STOPPED = "stopped"  # no container runs it
    REFUSED = "refused"  # it answers, and does not let the probe in: how it serves others is not known
    SILENT = "silent"  # nothing came in time
    UNKNOWN = "unknown"  # it could not be asked


@dataclass(frozen=True)
class ServiceReply:
    """One service's own answer. `service` is Compose's name; `seconds` is None where there was no answer.

    Of PostgreSQL they count from the beginning of the session that asked, in its own words: without the way to it.

    `addresses` are its own; `clients` those that have a session with it, where it says so.
    """

    service: str
    reply: Reply
    words: str = ""
    seconds: float | None = None
    addresses: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()

    @property
    def works(self) -> bool | None:
        """Whether it answers well; None where that is not known."""
        return None if self.reply in (Reply.REFUSED, Reply.SILENT, Reply.UNKNOWN) else self.reply is Reply.UP


def ask_services(environment: Environment, *, limit_s: float = LIMIT_S) -> Question[tuple[ServiceReply, ...]]:
    """What every service with a `probe` answers within `limit_s`, asked concurrently; both colours of a coloured one.

    Raises DockerUnavailable, FactUnreadable. Source: the services' own ports, PostgreSQL's pg_stat_activity.
    """

    def fetch(connections: Connections) -> tuple[ServiceReply, ...]:
        def ask_others() -> tuple[ServiceReply, ...]:
            argv = ("bash", "-s", "--", environment.project, f"{limit_s:g}", *probe_words(environment))
            text = programs.text("observability/service_probes.sh")
            return parse_replies(connections.server.run(Command(argv, stdin=text, timeout_s=limit_s + 10)).stdout)

        # an environment without a database has services all the same
        if environment.database is None:
            return ask_others()
        # psql has longer limits of its own: a database that hangs costs its own row, and not those of all others
        late = ServiceReply("", Reply.SILENT, f"no reply within {limit_s:g} s")
        database = Question("PostgreSQL", lambda _: each_within(
            limit_s + MORE_S, (lambda: _ask_database(connections, limit_s),), lambda _: late)[0])
        replies, said = fetch_concurrently((Question("the others", lambda _: ask_others()), database), connections)
        return with_database(environment, replies, said)

    return Question("what each service answers", fetch)


def probe_words(environment: Environment) -> tuple[str, ...]:
    """The services to ask, each as one argument of service_probes.sh; absent ones are left out."""
    return tuple("\t".join((compose_name, *_probe(service)))
                 for name, service in environment.services.items() if service.probe is not None and service.required
                 for compose_name in service.containers(name))


def _probe(service: Service) -> tuple[str, ...]:
    probe = service.probe
    assert probe is not None
    last = (probe.password_variable, probe.user) if probe.kind == "redis" else (probe.path, probe.contains)
    return (probe.kind, str(probe.port or service.port), *(one or "" for one in (*last, probe.host)))


def parse_replies(text: str) -> tuple[ServiceReply, ...]:
    """The lines of service_probes.sh, by service. Raises FactUnreadable."""
    replies = []
    for line in lines_of(text):
        try:
            service, reply, seconds, addresses, clients, words = line.split("\t")
            replies.append(ServiceReply(service, Reply(reply), words.strip(), float(seconds) if seconds else None,
                                        tuple(addresses.split()), tuple(clients.split())))
        except ValueError as cause:
            raise FactUnreadable("What the services answered came in an unknown form.", where=line[:200],
                                 next_step="Run the notebook again.") from cause
    return tuple(sorted(replies, key=lambda one: one.service))


def with_database(environment: Environment, replies: Iterable[ServiceReply],
                  database: ServiceReply) -> tuple[ServiceReply, ...]:
    """The replies, with PostgreSQL's own in the place of the program's line, which knows only its addresses.

    Where the program already knows that no client can reach it, that stays: we ask PostgreSQL on its own socket.
    """
    named = {name for name, one in environment.services.items() if one.probe and one.probe.kind == "postgres"}
    return tuple(replace(database, service=one.service, addresses=one.addresses)
                 if one.service in named and one.reply is Reply.UNKNOWN else one for one in replies)


def _ask_database(connections: Connections, limit_s: float) -> ServiceReply:
    try:
        rows = connections.database.rows(_SESSIONS, timeout_s=limit_s)
        return parse_database(rows)
    except FactUnreadable as refused:
        reply = (Reply.SILENT if _SILENT.search(refused.what) else Reply.STOPPED if _STOPPED.search(refused.what)
                 else Reply.DOWN)
        reason = _FATAL.search(refused.what)
        words = f"refuses: {reason.group(1)}" if reason else refused.what
        return ServiceReply("", reply, f"no reply within {limit_s:g} s" if reply is Reply.SILENT else words)
    except Inconclusive as error:
        return ServiceReply("", Reply.UNKNOWN, error.what)


def parse_database(rows: list[dict[str, Any]]) -> ServiceReply:
    """PostgreSQL's answer about itself. Raises FactUnreadable."""
    try:
        [row] = rows
        words = f"{row['connections']} of {row['max_connections']} connections in use"
        if row["standby"]:
            return ServiceReply("", Reply.DOWN, "it is in recovery and takes no changes")
        took = row.get("seconds")
        return ServiceReply("", Reply.UP, words, None if took is None else float(took),
                            clients=tuple(map(str, row["clients"])))
    except (ValueError, KeyError, TypeError) as cause:
        raise FactUnreadable("PostgreSQL's reply lacks something.", next_step="Run the notebook again.") from cause
