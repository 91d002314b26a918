"""Each service of the environment as one state: its container, its own answer, and what it follows from. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from runbook_lib.core.findings import Finding, Verdict, not_applicable
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment
from runbook_lib.environment.services import Service, needed_by
from runbook_lib.observability.facts.health_survey import COLOUR_NOT_KNOWN, HealthSurvey, compose_name
from runbook_lib.observability.facts.service_replies import Reply
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.replaced_release import lacking

RECENT = timedelta(hours=1)
EXPECTED = "its container runs, and it answers itself"
NOT_ASKED = "its container runs; it has no `probe`, so nothing was asked of it"
_SLOW, _SINCE_WHEN = "slow", "41 Metrics review shows since when it is slow, 62 Tuning review why. "
_LET_IN = ("It answers, and does not let the probe in: give its `probe` what logs in (`password_variable`, `user`), or "
           "leave the probe out; its health check remains.")
BAD = (Verdict.FAILED, Verdict.INCONCLUSIVE)
_FIND_COLOUR = ("Read `.runbook/upstreams/active.conf` on the server: it names the colour. If it is lost, `docker "
                "logs` of both backends shows which one has requests: stop the other one, then run again.")


@dataclass(frozen=True)
class ServiceState:
    """One service: `name` as in the environment file, `service` as Compose calls it. `needs` are names.

    `causes` are the services it needs that do not work and explain it: they come first. One that is `stopped` does not
    run at all, which nothing that it needs explains. `asked` is one with a probe, `entered` one that users reach.
    """

    name: str
    service: str
    verdict: Verdict
    measured: str
    critical: bool = False
    needs: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    advice: str = ""
    stopped: bool = False
    asked: bool = True
    entered: bool = False


def service_states(environment: Environment, survey: HealthSurvey) -> tuple[ServiceState, ...]:
    """The state of every service in the environment file's order, absent ones too."""
    alone = {name: _state(environment, survey, name) for name in environment.services}
    if isinstance(survey.containers, Unanswered) and isinstance(survey.replies, Unanswered):
        return tuple(alone.values())  # none could be asked, which no other service explains
    bad = {name for name, one in alone.items() if one.verdict in BAD}
    return tuple(_with_causes(environment, one, bad) for one in alone.values())


def services_work(states: tuple[ServiceState, ...]) -> tuple[Finding, ...]:
    """One finding a service. Its next step begins with what it needs, where that is the cause."""
    return tuple(
        not_applicable(f"{one.name} works", one.measured) if one.verdict is Verdict.NOT_APPLICABLE
        else Finding(f"{one.service} works", one.verdict, one.measured, EXPECTED if one.asked else NOT_ASKED,
                     one.advice)
        for one in states)


def connections_are_real(environment: Environment, survey: HealthSurvey) -> tuple[Finding, ...]:
    """What users reach has sessions with the database and the cache that were asked, and with no others by mistake.

    Only of what is asked itself and names its clients. A program that connects anew each time may have none now.
    """
    return tuple(
        _connected(environment, survey, name, needed)
        for name, service in environment.services.items() if service.critical and service.probe is not None
        for needed in service.needs if _names_clients(environment, needed))


def _names_clients(environment: Environment, name: str) -> bool:
    probe = environment.services[name].probe
    return environment.services[name].required and probe is not None and probe.kind in ("postgres", "redis")


def _connected(environment: Environment, survey: HealthSurvey, of: str, to: str) -> Finding:
    service = environment.services[of]
    name, needed = (compose_name(environment, survey, one) for one in (of, to))
    check, expected = f"{name} is connected to {needed}", "a session from its own address"
    if service.coloured and survey.colour is None:
        missing = survey.containers.next_step if isinstance(survey.containers, Unanswered) else ""
        return Finding(check, Verdict.INCONCLUSIVE, COLOUR_NOT_KNOWN, expected, missing or _FIND_COLOUR)
    one, other = survey.reply_of(name), survey.reply_of(needed)
    if one is None or other is None or other.works is not True or not one.addresses:
        return Finding(check, Verdict.INCONCLUSIVE, "one of the two does not answer", expected,
                       "Its own row says what to do.")
    found = sorted(set(one.addresses) & set(other.clients))
    if found:
        return Finding(check, Verdict.PASSED, f"from {', '.join(found)}", expected)
    if service.brief_sessions_reason:
        return not_applicable(check, service.brief_sessions_reason)
    return Finding(check, Verdict.WARNING, f"none from {' or '.join(one.addresses)}", expected,
                   f"Does it use this {needed} at all? Compare the address in its variables with the service {needed}. "
                   f"Where it connects anew for each request, as Django does by default, say so in "
                   f"services.{of}.brief_sessions_reason.")


def _state(environment: Environment, survey: HealthSurvey, name: str) -> ServiceState:
    service = environment.services[name]
    state = ServiceState(name, compose_name(environment, survey, name), Verdict.PASSED, "", service.critical,
                         service.needs, asked=service.probe is not None, entered=_is_entered(environment, name))
    if not service.required:
        return replace(state, verdict=Verdict.NOT_APPLICABLE, measured=service.absent_reason)
    # after a rollback the environment file may name what only a later release brings
    if name in lacking(environment, survey.deployed.recorded if isinstance(survey.deployed, Deployed) else None):
        return replace(state, verdict=Verdict.NOT_APPLICABLE, measured="the live release has no such service")
    if service.coloured and survey.colour is None:
        return _of_either_colour(environment, survey, state, service)
    return _judged(environment, survey, state, service)


def _is_entered(environment: Environment, name: str) -> bool:
    """Whether users reach a service first: the proxy, or what is published."""
    proxy = environment.proxy.service if environment.proxy else None
    return name == proxy or (environment.services[name].published and environment.services[name].critical)


def _of_either_colour(environment: Environment, survey: HealthSurvey, state: ServiceState,
                      service: Service) -> ServiceState:
    """Not known, unless both colours fail: then the one that has the traffic does, whichever it is."""
    names = service.containers(state.name)
    each = [_judged(environment, survey, replace(state, service=one), service) for one in names]
    fails = all(one.verdict is Verdict.FAILED for one in each)
    words = [f"{one.service}: {one.measured}" for one in each]
    if fails and len({one.measured for one in each}) == 1:
        return replace(each[0], service=state.name)
    if fails:
        return replace(each[0], service=state.name, measured="; ".join(words), stopped=all(one.stopped for one in each))
    if isinstance(survey.containers, Unanswered):  # what has to be fixed first: with it the colour may be known
        return replace(state, verdict=Verdict.INCONCLUSIVE, measured=f"Docker: {survey.containers.reason}; "
                       f"{COLOUR_NOT_KNOWN}", advice=_advice(survey, state.name, Verdict.INCONCLUSIVE))
    return replace(state, verdict=Verdict.INCONCLUSIVE, measured=COLOUR_NOT_KNOWN, advice=_FIND_COLOUR)


def _judged(environment: Environment, survey: HealthSurvey, state: ServiceState, service: Service) -> ServiceState:
    faults, unknown, notes, good = _containers(survey, state.service)
    reply = survey.reply_of(state.service)
    if service.probe is not None and not faults:  # what does not run answers nothing: that is one fault, not two
        if isinstance(survey.replies, Unanswered):
            unknown.append(f"its answer: {survey.replies.reason}")
        elif reply is None or reply.reply is Reply.UNKNOWN:
            unknown.append(reply.words if reply and reply.words else "it could not be asked")
        elif reply.reply in (Reply.SILENT, Reply.REFUSED):
            unknown.append(reply.words)
        elif not reply.works:
            faults.append(f"{reply.words}; its container is {' and '.join(good) or 'there'} all the same")
        elif reply.seconds is not None and reply.seconds * 1000 > environment.health.slow_ms:
            notes.append(f"{_SLOW}: {reply.words} after {reply.seconds * 1000:.0f} ms")
        else:
            good.append(reply.words + (f" in {_milliseconds(reply.seconds)}" if reply.seconds is not None else ""))
    verdict = (Verdict.FAILED if faults else Verdict.INCONCLUSIVE if unknown else Verdict.WARNING if notes
               else Verdict.PASSED)
    measured = "; ".join(dict.fromkeys(faults or unknown or [*notes, *good]))
    first = _SINCE_WHEN if measured.startswith(_SLOW) else ""
    return replace(state, verdict=verdict, measured=measured, stopped=_is_stopped(survey, state.service),
                   advice="" if verdict is Verdict.PASSED else first + _advice(survey, state.service, verdict))


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 else "less than 1 ms"


def _containers(survey: HealthSurvey, service: str) -> tuple[list[str], list[str], list[str], list[str]]:
    """What is wrong, not known, worth a warning, and good about a service's containers; of several with their names."""
    if isinstance(survey.containers, Unanswered):
        return [], [f"Docker: {survey.containers.reason}"], [], []
    found = survey.containers_of(service)
    if not found:
        return ["no container"], [], [], []
    all_of_it = [one for one in survey.containers if one.service == service]
    named = {one.name: f"{one.name} " if len(all_of_it) > 1 else "" for one in all_of_it}
    faults = [named[one.name] + words for one in found for words in _faults(one)]
    unknown = [f"{named[one.name]}still starting" for one in found if one.health == "starting"]
    notes = [named[one.name] + words for one in found for words in _restarts(survey, one)]
    # next to one that runs: it is meant to do the same work, and cannot
    notes += [f"{one.name} is {one.state}" for one in all_of_it
              if one not in found and one.state in ("restarting", "paused")]
    good = dict.fromkeys(words for one in found for words in (one.state, one.health) if words)
    return faults, unknown, notes, list(good)


def _faults(one: Container) -> list[str]:
    faults = [] if one.state == "running" else [f"{one.state} ({one.exit_code})" if one.exit_code else one.state]
    faults += ["unhealthy by its own check"] if one.state == "running" and one.health == "unhealthy" else []
    return [*faults, *(["killed for memory"] if one.oom_killed else [])]


def _is_stopped(survey: HealthSurvey, service: str) -> bool:
    if isinstance(survey.containers, Unanswered):
        return False
    states = [one.state for one in survey.containers if one.service == service]
    return not set(states) & {"running", "restarting"}


def _restarts(survey: HealthSurvey, one: Container) -> list[str]:
    """A restart of last month does not make a service ill; one of the last hour may be the beginning of something."""
    if not one.restart_count or one.started_at is None or survey.at - one.started_at > RECENT:
        return []
    minutes = (survey.at - one.started_at).total_seconds() / 60
    return [f"restarted {pluralize(one.restart_count, 'time')}, the last {minutes:.0f} min ago"]


def _advice(survey: HealthSurvey, service: str, verdict: Verdict) -> str:
    if isinstance(survey.containers, Unanswered):
        return survey.containers.next_step or "Check the Docker Engine on the server: `systemctl status docker`."
    found = survey.containers_of(service)
    if not found:
        return "It was never started, or was removed: run 20 Deploy for the live release, which starts what is missing."
    # of several the one that the fault is about; of those that are equal the first by name
    container = max(found, key=lambda one: (bool(_faults(one)), one.health == "starting", bool(_restarts(survey, one))))
    log = f"Read its log: `docker logs --tail 50 {container.name}` on the server."
    if container.oom_killed:
        return f"{log} Then compare memory with its limit: 21 Verify has the chart."
    reply = survey.reply_of(service)
    if verdict is Verdict.INCONCLUSIVE and reply is not None and reply.reply is Reply.REFUSED:
        return _LET_IN
    if verdict is Verdict.INCONCLUSIVE:
        return f"{log} It hangs or is starting: ask again in a minute; then `docker restart {container.name}`."
    if container.state == "paused":  # `docker start` refuses it
        return f"Find out who paused it, and why; then on the server: `docker unpause {container.name}`."
    if container.state == "restarting":
        return f"It ends as soon as it is started. {log} If it began with a release: 22 Rollback."
    if container.state != "running":
        return f"{log} Start it: `docker start {container.name}`. If it stops again after a release: 22 Rollback."
    return f"{log} If it began with a release: 22 Rollback."


def _with_causes(environment: Environment, state: ServiceState, bad: set[str]) -> ServiceState:
    if state.verdict not in BAD or state.stopped:
        return state
    causes = tuple(name for name in needed_by(environment.services, state.name)
                   if name in bad and not bad & set(needed_by(environment.services, name)))
    if not causes:
        return state
    return replace(state, causes=causes,
                   advice=f"First {' and '.join(causes)}, which it needs; then ask again. {state.advice}")
