"""A candidate, a second container of a service that no user reaches: its health endpoints, asked from the server."""

from __future__ import annotations

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.questions import Connections, HttpReply, Question
from runbook_lib.core.text import head_of, lines_of
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.endpoints import Endpoint, endpoint

ASK_TIMEOUT_S = 30.0
_NO_REPLY = tuple(range(1, 128))  # curl's own codes, and those of the program


def candidate_name(environment: Environment, service: str) -> str:
    """The candidate's container: one name for each service, so that two at once are impossible."""
    return f"{environment.project}-candidate-{service}"


def candidate_program(*words: str, timeout_s: float) -> Command:
    """A verb of `release/candidate.sh` with its words."""
    return Command(("bash", "-s", "--", *words),
                   stdin=programs.text("release/limited.sh", "release/candidate.sh"), timeout_s=timeout_s)


def candidate_endpoints(environment: Environment, service: str) -> Question[tuple[Endpoint, ...]]:
    """The service's own health endpoints, at the candidate's address. Never raises for a single one.

    TLS first, and without where there is none; by the public host's name. Source: `programs/candidate.sh`.
    """
    rules = {path: rule for path, rule in environment.health.endpoints.items() if rule.service == service}
    port = environment.release.services[service].port or environment.services[service].port

    def fetch(connections: Connections) -> tuple[Endpoint, ...]:
        found = []
        for path, rule in rules.items():
            command = candidate_program("ask", candidate_name(environment, service), str(port), environment.public.host,
                                        path, timeout_s=ASK_TIMEOUT_S)
            done = connections.server.run(Command(command.argv, stdin=command.stdin, timeout_s=command.timeout_s,
                                                  accepts=(0, *_NO_REPLY)))
            reply = parse_reply(done.stdout, path)
            if done.exit_code or reply is None:
                reason = (lines_of(done.stderr.strip()) or ["no reply"])[-1]
                found.append(Endpoint(path, None, error=head_of(reason, 300)))
            else:
                found.append(endpoint(path, reply, rule))
        return tuple(found)

    return Question(f"endpoints of the candidate of {service}", fetch)


def parse_reply(text: str, path: str) -> HttpReply | None:
    """A body and, in the last line, `STATUS SECONDS`; None where no reply came."""
    body, _, last = text.rpartition("\n")
    try:
        status, seconds = last.split()
        found = HttpReply(path, int(status), {}, body.encode(), float(seconds))
    except ValueError:
        return None
    return found if found.status else None
