"""A candidate, a second container of a service that no user reaches: its state and its health endpoints."""

from __future__ import annotations

from dataclasses import dataclass

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, HttpReply, Question
from runbook_lib.core.text import head_of, lines_of
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.endpoints import Endpoint, endpoint

ASK_TIMEOUT_S = 45.0
_NO_REPLY = tuple(range(1, 128))  # curl's own codes, and those of the program
_PROGRAM = ("platform/own_session.sh", "platform/sessions.sh", "release/limited.sh", "release/ask_container.sh",
            "release/candidate.sh")
ABSENT = "absent"


@dataclass(frozen=True)
class CandidateState:
    """What Docker shows of a candidate: its state and its health (`unchecked` without a health check), its last line.

    `state` is `absent` where the container is gone. Source: `docker inspect`, `docker logs`.
    """

    state: str
    health: str = ""
    exit_code: int = 0
    last_line: str = ""

    @property
    def runs(self) -> bool:
        """It runs, and its health check passes where it has one."""
        return self.state == "running" and self.health in ("healthy", "unchecked")

    def __str__(self) -> str:
        if self.state == "running":
            shown = "without a health check" if self.health == "unchecked" else self.health
            return f"running, {shown}" + ("" if self.runs or not self.last_line else f": {self.last_line}")
        if self.state == ABSENT:
            return "its container is gone"
        return f"{self.state} with exit code {self.exit_code}" + (f": {self.last_line}" if self.last_line else "")


def candidate_name(environment: Environment, service: str) -> str:
    """The candidate's container: one name for each service, so that two at once are impossible."""
    return f"{environment.project}-candidate-{service}"


def candidate_program(*words: str, timeout_s: float) -> Command:
    """A verb of `release/candidate.sh` with its words."""
    return Command(("bash", "-s", "--", *words), stdin=programs.text(*_PROGRAM), timeout_s=timeout_s)


def watched(environment: Environment, service: str, lock_limit_s: int) -> tuple[str, ...]:
    """The words by which a verb finds the candidate, and its sessions that have waited too long for a lock."""
    return (environment.project, *environment.database_words, str(lock_limit_s), candidate_name(environment, service))


def candidate_state(environment: Environment, service: str, lock_limit_s: int) -> Question[CandidateState]:
    """Whether the candidate still runs; a session of it that has waited too long for a lock is canceled.

    Raises FactUnreadable where the engine does not answer.
    """

    def fetch(connections: Connections) -> CandidateState:
        command = candidate_program("state", *watched(environment, service, lock_limit_s), timeout_s=ASK_TIMEOUT_S)
        return parse_state(connections.server.run(command).stdout)

    return Question(f"state of the candidate of {service}", fetch)


def parse_state(text: str) -> CandidateState:
    """`STATE HEALTH EXIT_CODE`, or `absent`, and the log's last lines after it. Raises FactUnreadable."""
    first, *logged = lines_of(text) or [""]
    last = next((line.strip() for line in reversed(logged) if line.strip()), "")
    if first == ABSENT:
        return CandidateState(ABSENT)
    try:
        state, health, code = first.split()
        return CandidateState(state, health, int(code), head_of(last, 300))
    except ValueError as cause:
        raise FactUnreadable("The state of the candidate is not in the expected form.", where=head_of(first, 100),
                             next_step="Run the notebook again.") from cause


def candidate_endpoints(environment: Environment, service: str) -> Question[tuple[Endpoint, ...]]:
    """The service's own health endpoints, at the candidate's address. Never raises for a single one.

    TLS first, and without where there is none; by the public host's name. Source: `programs/ask_container.sh`.
    """
    rules = {path: rule for path, rule in environment.health.endpoints.items() if rule.service == service}
    port = str(environment.release.services[service].port or environment.services[service].port)
    name, origin = candidate_name(environment, service), environment.public.origin

    def fetch(connections: Connections) -> tuple[Endpoint, ...]:
        found = []
        for path, rule in rules.items():
            command = candidate_program("ask", name, port, origin, path, timeout_s=ASK_TIMEOUT_S)
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
    """A body and, in the last line, `STATUS SECONDS …`; None where no reply came."""
    body, _, last = text.rpartition("\n")
    try:
        status, seconds, *_ = last.split()
        found = HttpReply(path, int(status), {}, body.encode(), float(seconds))
    except ValueError:
        return None
    return found if found.status else None
