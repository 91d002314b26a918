"""Data and monitoring services follow a release after its gate: a reload where that is enough, else a named outage.

Each is undone by the same means once the previous files are back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Action, Step
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.traffic import cutover_marker
from runbook_lib.platform.plans.cache_client import CACHE_CLIENT
from runbook_lib.platform.plans.compose import compose, compose_up, once_settled
from runbook_lib.platform.plans.expected_alerts import while_data_are_away
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.facts.service_changes import ServiceChange
from runbook_lib.release.plans import verification_steps

# Seconds in which a service does not answer while it is stopped and started again, as measured on the lab; doubled,
# because a database with data has more to write when it stops.
OUTAGE_S = {"postgres": 6, "redis": 4}
# PostgreSQL takes a faulty file for no file and goes on with what it has: its own views show whether it did.
RELOAD_POSTGRES = r"""
ask() { PGOPTIONS="$OWN_SESSION" psql -XqAt -U "${POSTGRES_USER:-postgres}" -d "${POSTGRES_DB:-postgres}" -c "$1"; }
[ "$(ask 'SELECT pg_reload_conf()')" = t ]
sleep 1
faults=$(ask "SELECT sourcefile || ':' || sourceline || ': ' || error FROM pg_file_settings
  WHERE error IS NOT NULL AND error <> 'setting could not be applied'
  UNION ALL SELECT 'pg_hba.conf:' || line_number || ': ' || error FROM pg_hba_file_rules WHERE error IS NOT NULL")
[ -z "$faults" ] || { echo "$faults" >&2; exit 1; }
ask "SELECT 'waits for a restart: ' || name FROM pg_settings WHERE pending_restart"
"""
SET_IN_REDIS = CACHE_CLIENT + r"""
while [ "$#" -gt 0 ]; do
  answer=$(as_client "${REDIS_PASSWORD-}" CONFIG SET "$1" "$2")
  [ "$answer" = OK ] || { echo "$1: $answer" >&2; exit 1; }
  shift 2
done
"""


def follow_release(rollout: Rollout, changes: Iterable[ServiceChange]) -> tuple[Step, ...]:
    """A step for each data service that the release changes, one for the others, and a gate after an outage.

    Without live services there is nothing to follow: they have just been started from the release's files.
    """
    if rollout.live_colour is None:
        return ()
    # the proxy follows by the switch, with the files of the release
    changed = tuple(one for one in changes if one.service != rollout.environment.proxy_service)
    data = [one for one in changed if one.service in data_services(rollout.environment)]
    steps = [_change(rollout, one) for one in data]
    others = [one.service for one in changed if one not in data]
    steps += [_others(rollout.environment, others)] if others else []
    if any(one.how != "reload" for one in data):
        steps.append(replace(verification_steps.external_gate(rollout), key=StepKey.GATE_SERVICES,
                             title="Verify the release with the changed services"))
    return tuple(steps)


def data_services(environment: Environment) -> tuple[str, ...]:
    """Services that users cannot do without, and that are not part of a release."""
    return tuple(name for name, one in environment.services.items()
                 if one.critical and not one.coloured and name != environment.proxy_service and one.required)


def outage_s(change: ServiceChange) -> int:
    """Seconds for which the service is expected not to answer; 0 for a reload."""
    return 0 if change.how == "reload" else OUTAGE_S.get(change.program or "", 10)


def outage_of(environment: Environment, service: str) -> int:
    """Seconds for which a service that is made anew is expected not to answer."""
    known = {environment.database_service: "postgres", environment.cache_service: "redis"}
    return OUTAGE_S.get(known.get(service, ""), 10)


def _change(rollout: Rollout, change: ServiceChange) -> Step:
    environment, seconds = rollout.environment, outage_s(change)
    verb = {"reload": "Reload", "restart": "Restart", "recreate": "Recreate"}[change.how]
    outage = f" (expected outage: {seconds} s)" if seconds else " (no outage)"
    # errors of an announced outage are not the release's: they are counted from its end on
    marker: tuple[Action, ...] = (cutover_marker(environment, rollout.live_colour),) if seconds else ()
    waiting = f": {', '.join(change.settings)} can only be set at its start" if change.settings else ""
    return Step(
        f"{StepKey.CHANGE_SERVICE}-{change.service}",
        f"{verb} {change.service}{outage}",
        (*_follow(environment, change, new=True), *marker),
        undo=_follow(environment, change, new=False),
        why=f"after the release has passed its gate, so that a release that fails costs no outage{waiting}",
        expected_alerts=while_data_are_away(change.service) if seconds else (),
    )


def _follow(environment: Environment, change: ServiceChange, *, new: bool) -> tuple[Action, ...]:
    """What makes the service follow the files on the disk, which an undo has put back before."""
    name = change.service
    if change.how == "recreate":
        up = compose_up(environment, name)
        return (up if new else once_settled(up),)
    if change.how == "restart":
        # the health check begins anew with the start: `up` waits for it
        return (compose(environment, "restart", name, timeout_s=120), compose_up(environment, name))
    if change.program == "postgres":
        return (_inside(environment, name, programs.text("platform/own_session.sh") + RELOAD_POSTGRES),)
    words = [word for setting, after, before in change.values for word in (setting, after if new else before)]
    return (_inside(environment, name, SET_IN_REDIS, *words),) if words else ()


def _others(environment: Environment, services: Iterable[str]) -> Step:
    return Step(
        StepKey.UPDATE_MONITORING,
        f"Recreate {', '.join(services)} (no outage for users)",
        (compose_up(environment, *services),),
        undo=(once_settled(compose_up(environment, *services, wait=False)),),
        why="the release changes their image, their definition or their configuration",
    )


def _inside(environment: Environment, service: str, program: str, *words: str) -> Command:
    return compose(environment, "exec", "-T", service, "sh", "-ec", program, "follow", *words)
