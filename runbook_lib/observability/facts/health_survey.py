"""The environment asked as a whole, within a deadline: what is reported, and what those it is reported of answer.

A contradiction is asked about twice: a service that comes up, or goes, between two questions is not a lie.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.foreign_json import MISSING, same_json, value_at
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.environment.health import Claim
from runbook_lib.environment.release import service_of_slot
from runbook_lib.environment.services import COLOURS
from runbook_lib.observability.facts.service_replies import Reply, ServiceReply, ask_services
from runbook_lib.platform.facts.availability import Unanswered, fetch_concurrently, with_deadline
from runbook_lib.platform.facts.containers import Container, survey_containers
from runbook_lib.platform.facts.database import schema_revision
from runbook_lib.platform.facts.endpoints import Endpoint, survey_endpoints
from runbook_lib.platform.facts.known_state import known_state
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.running_release import running_release

DEADLINE_S = 6.0
LEFT_OVER_S = 1.5  # of the deadline, for the way to each service and back
PAUSE_S = 1.0  # before what contradicts itself is asked again
LEAST_S = 1.5  # in which something can be asked again at all
COLOUR_NOT_KNOWN = "which colour has the traffic is not known"
_BY_SEVERITY = (Reply.UP, Reply.UNKNOWN, Reply.REFUSED, Reply.SILENT, Reply.STOPPED, Reply.DOWN)


@dataclass(frozen=True)
class ClaimResult:
    """What an endpoint reports of one thing, and that thing's own answer; `agree` is None where one is missing.

    `reported_good` is None for a value that is compared with a fact; `about` are the services that decide, those that
    do not answer where there are such. `absent`
    is why this environment has none of them. `no_reply`: `reported` is why the endpoint said nothing.
    """

    title: str
    path: str
    reported: str
    actual: str
    agree: bool | None
    reported_good: bool | None = None
    about: tuple[str, ...] = ()
    absent: str = ""
    no_reply: bool = False

    @property
    def row(self) -> dict[str, str]:
        """The claim as a row of a table."""
        words = {True: "yes", False: "NO", None: "not known"}
        return {"claim": self.title, "reported by": self.path, "it reports": self.reported,
                "asked directly": self.actual, "agree": "not applicable" if self.absent else words[self.agree]}


@dataclass(frozen=True)
class HealthSurvey:
    """Everything about health that was asked in the same moment, `at` in UTC. Unanswered: it could not be had.

    `asked` is how often: 2 where the first answers contradicted each other.
    """

    at: datetime
    deployed: Deployed | Unanswered
    containers: tuple[Container, ...] | Unanswered
    replies: tuple[ServiceReply, ...] | Unanswered
    endpoints: tuple[Endpoint, ...] | Unanswered
    revision: Unanswered | str | None
    claims: tuple[ClaimResult, ...] = ()
    asked: int = 1

    @property
    def colour(self) -> str | None:
        """The colour that has the traffic, by the server's files, else the one that runs; None: not known."""
        if isinstance(self.deployed, Deployed) and self.deployed.live_colour:
            return self.deployed.live_colour
        known = self.containers if isinstance(self.containers, tuple) else ()
        running = {colour for colour in COLOURS for one in known
                   if one.state == "running" and one.service.endswith(f"-{colour}")}
        return running.pop() if len(running) == 1 else None

    @property
    def claim_rows(self) -> tuple[dict[str, str], ...]:
        """The claims for a table."""
        return tuple(claim.row for claim in self.claims)

    def containers_of(self, service: str) -> tuple[Container, ...]:
        """A service's containers by its Compose name, by their own: those that run, or all where none does."""
        known = self.containers if isinstance(self.containers, tuple) else ()
        found = sorted((one for one in known if one.service == service), key=lambda one: one.name)
        # an interrupted recreation leaves some that do not run, and the service works all the same
        return tuple(one for one in found if one.state == "running") or tuple(found)

    def reply_of(self, service: str) -> ServiceReply | None:
        """A service's own answer, by its Compose name; None where it was not asked, or nothing could be.

        Of several containers the worst answer counts, with the addresses and clients of all.
        """
        known = self.replies if isinstance(self.replies, tuple) else ()
        found = [one for one in known if one.service == service]
        if len(found) < 2:
            return next(iter(found), None)
        worst = max(found, key=lambda one: (_BY_SEVERITY.index(one.reply), one.seconds or 0.0, one.words))
        return replace(worst, addresses=tuple(sorted({each for one in found for each in one.addresses})),
                       clients=tuple(sorted({each for one in found for each in one.clients})))


def survey_health(environment: Environment, deadline_s: float = DEADLINE_S) -> Question[HealthSurvey]:
    """Containers, services, endpoints and schema, asked concurrently; all of it has `deadline_s`, and may be missing.

    Source: Docker, the services' own answers, the public address, and the database.
    """

    def fetch(connections: Connections) -> HealthSurvey:
        until = time.monotonic() + deadline_s
        first = _once(environment, connections, deadline_s, 1)
        if not any(claim.agree is False for claim in first.claims):
            return first
        time.sleep(max(0.0, min(PAUSE_S, until - time.monotonic() - LEAST_S)))
        again = _once(environment, connections, max(LEAST_S, until - time.monotonic()), 2)
        # what the first answers left too little time for is as it was; the claims are as they were compared last
        parts = ("deployed", "containers", "replies", "endpoints", "revision")
        missing = [one for one in parts if isinstance(getattr(again, one), Unanswered)]
        return replace(again, **{one: getattr(first, one) for one in missing})

    return Question("health", fetch)


def _once(environment: Environment, connections: Connections, deadline_s: float, asked: int) -> HealthSurvey:
    # What asks many has a limit for each, and time left over: one that hangs costs its own row, and not all of them
    limit_s = max(0.5, deadline_s - LEFT_OVER_S)
    parts: tuple[Question[Any], ...] = tuple(with_deadline(part, deadline_s) for part in (
        known_state(environment, limit_s), survey_containers(environment), ask_services(environment, limit_s=limit_s),
        survey_endpoints(environment, timeout_s=limit_s, resolved=True), schema_revision(environment)))
    deployed, containers, replies, endpoints, revision = fetch_concurrently(parts, connections)
    survey = HealthSurvey(datetime.now(UTC), deployed, containers, replies, endpoints, revision, asked=asked)
    return replace(survey, claims=compare_claims(environment, survey))


def compare_claims(environment: Environment, survey: HealthSurvey) -> tuple[ClaimResult, ...]:
    """Each claim of the environment file: what the endpoint reports, and what is so."""
    return tuple(replace(_compared(environment, survey, title, claim), no_reply=_replied(survey, claim) is None)
                 for title, claim in environment.health.claims.items())


def _compared(environment: Environment, survey: HealthSurvey, title: str, claim: Claim) -> ClaimResult:
    known, value, reported = _reported(survey, claim)
    if claim.equals is not None:
        actual = _fact(environment, survey, claim.equals)
        agree = None if not known or actual is None else str(value) == actual
        return ClaimResult(title, claim.path, reported, actual or "not known", agree)
    good = same_json(value, claim.good) if known else None
    about = tuple(name for name in claim.services if environment.services[name].required)
    if not about:
        return ClaimResult(title, claim.path, reported, "–", None,
                           absent=environment.services[claim.services[0]].absent_reason)
    works, words, failing = _truth(environment, survey, about)
    agree = None if good is None or works is None else good == works
    return ClaimResult(title, claim.path, reported, words, agree, good, failing or about)


def _replied(survey: HealthSurvey, claim: Claim) -> Endpoint | None:
    known = survey.endpoints if isinstance(survey.endpoints, tuple) else ()
    return next((one for one in known if one.path == claim.path and one.status is not None), None)


def _reported(survey: HealthSurvey, claim: Claim) -> tuple[bool, Any, str]:
    """Whether the endpoint reports anything of this, what, and in words."""
    if isinstance(survey.endpoints, Unanswered):
        return False, None, survey.endpoints.reason
    endpoint = _replied(survey, claim)
    if endpoint is None:
        return False, None, "no reply"
    if claim.field is None:
        return True, endpoint.status, f"status {endpoint.status}"
    value = value_at(endpoint.fields, claim.field)
    if value is MISSING:
        return False, None, f"nothing: its reply has no {claim.field}"
    return True, value, f"{claim.field} = {value}"


def _truth(environment: Environment, survey: HealthSurvey,
           services: tuple[str, ...]) -> tuple[bool | None, str, tuple[str, ...]]:
    """Whether all of these services answer themselves, what each answers in words, and which ones do not."""
    states: dict[str, bool | None] = {}
    words = []
    for name in services:
        if environment.services[name].coloured and survey.colour is None:
            # where neither colour works, it does not matter which one has the traffic
            replies = [survey.reply_of(one) for one in environment.services[name].containers(name)]
            states[name] = False if all(one and one.works is False for one in replies) else None
            words.append(f"{name}: {COLOUR_NOT_KNOWN if states[name] is None else 'neither colour answers'}")
            continue
        reply = survey.reply_of(compose_name(environment, survey, name))
        states[name] = reply.works if reply else None
        words.append(f"{name}: {reply.words if reply else 'not known'}")
    # one that surely does not answer decides, whatever is not known of the others
    works = False if False in states.values() else None if None in states.values() else True
    return works, "; ".join(words), tuple(name for name, state in states.items() if state is False)


def compose_name(environment: Environment, survey: HealthSurvey, name: str) -> str:
    """What Compose calls a service: with the colour that has the traffic, where it has colours and that is known."""
    if survey.colour and environment.services[name].coloured:
        return service_of_slot(name, survey.colour)
    return name


def _fact(environment: Environment, survey: HealthSurvey, name: str) -> str | None:
    if name == "schema_revision":
        return survey.revision if isinstance(survey.revision, str) else None
    containers = survey.containers if isinstance(survey.containers, tuple) else ()
    try:
        running = running_release(environment, containers, named_colour=survey.colour)
    except FactUnreadable:  # both colours run, and nothing says which one has the traffic
        return None
    return running.commit if running else None
