"""Changed secrets reach the services that need them, and the live release keeps what it needs until it is replaced.

A data service that is made anew with another password is one that the live release cannot log in to. So the cache takes
both passwords until the new release has passed its gate, and data services are made anew only then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Step
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment
from runbook_lib.environment.services import service_by_technology
from runbook_lib.platform.checks.grafana_password import keeps_password
from runbook_lib.platform.facts.traffic import cutover_marker
from runbook_lib.platform.plans.cache_client import CACHE_CLIENT
from runbook_lib.platform.plans.compose import compose_up, exec_if_running, once_settled
from runbook_lib.platform.plans.expected_alerts import while_data_are_away
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.facts.service_changes import ServiceChange
from runbook_lib.release.plans import verification_steps
from runbook_lib.release.plans.configuration_steps import infrastructure_services
from runbook_lib.release.plans.service_steps import data_services, outage_of

# Redis names the modifier in its error, and the modifier is the password: only what stands before it is shown. Source:
# Redis 7 documentation, ACL SETUSER.
_ASK = r"""
set -e
IFS= read -r new
[ -n "${REDIS_PASSWORD-}" ] || { echo "no password in REDIS_PASSWORD: it stays as it is"; exit 0; }
[ "$new" != "$REDIS_PASSWORD" ] || { echo "its password stays"; exit 0; }
""" + CACHE_CLIENT + r"""
ask() { REDISCLI_AUTH="$REDIS_PASSWORD" "$client" --no-auth-warning "$@"; }
"""
ACCEPT_BOTH = _ASK + r"""
answer=$(printf '>%s' "$new" | ask -x ACL SETUSER default)
[ "$answer" = OK ] || {
  echo "a second password was refused (before version 6 there is only one): ${answer%%\'*}" >&2; exit 1; }
echo "it takes the new password too"
"""
ACCEPT_EARLIER = _ASK + r"""
printf '<%s' "$new" | ask -x ACL SETUSER default >/dev/null
# it may never have had the new one; what counts is what it takes now
[ "$(REDISCLI_AUTH="$new" "$client" --no-auth-warning PING)" != PONG ] || {
  echo "it still takes the new password" >&2; exit 1; }
[ "$(ask PING)" = PONG ]
"""


def accept_secrets(rollout: Rollout, secrets: Mapping[str, Secret]) -> tuple[Step, ...]:
    """The running cache takes the password of this run next to the one that the live release has; without an outage.

    Nothing without a cache, before the first deployment, and where no single secret of this run is the cache's alone to
    know.
    """
    environment, cache = rollout.environment, rollout.environment.cache_service
    names = [name for name, one in environment.secrets.items()
             if one.side == "server" and cache in one.needed_by and name in secrets]
    if rollout.live_colour is None or len(names) != 1:
        return ()
    password = secrets[names[0]]
    return (Step(
        StepKey.ACCEPT_SECRETS,
        f"Let {cache} take a changed password next to the live one (no outage)",
        (_inside(environment, ACCEPT_BOTH, password),),
        undo=(_inside(environment, ACCEPT_EARLIER, password),),
        why="the live release logs in with the earlier password until the switch, the new one with the new",
    ),)


def apply_secrets(rollout: Rollout) -> tuple[Step, ...]:
    """Services that users do not notice take changed secrets; by the previous files, which still stand.

    Nothing before the first deployment: what does not run yet will start with the new ones.
    """
    environment = rollout.environment
    services = [name for name in _in_need(environment) if name not in data_services(environment)]
    if rollout.live_colour is None or not services:
        return ()
    up = compose_up(environment, *services)
    grafana = service_by_technology(environment.services, "Grafana") or ""
    return (Step(
        StepKey.APPLY_SECRETS,
        f"Apply changed secrets to {', '.join(services)} (no outage for users)",
        (up,),
        undo=(once_settled(up),),
        why="only a service of which a secret has changed is made anew; the release's own files are not in place yet"
        + (f". {keeps_password(environment.project, grafana)}" if grafana in services else ""),
    ),)


def renew_data_services(rollout: Rollout) -> tuple[Step, ...]:
    """After the gate: data services with a changed secret are made anew, and the release is verified with them."""
    environment = rollout.environment
    services = [name for name in _in_need(environment) if name in data_services(environment)]
    if rollout.live_colour is None or not services:
        return ()
    up = compose_up(environment, *services)
    seconds = max(outage_of(environment, name) for name in services)
    gate = replace(verification_steps.external_gate(rollout), key=StepKey.GATE_SECRETS,
                   title="Verify the release with the changed secrets")
    return (Step(
        StepKey.RENEW_SERVICES,
        f"Recreate {', '.join(services)} where a secret changed (expected outage: at most {seconds} s each)",
        # errors of an announced outage are not the release's: they are counted from its end on
        (up, cutover_marker(environment, rollout.live_colour)),
        undo=(once_settled(up),),
        why="after the release has passed its gate, so that a release that fails costs no outage; "
        "one of which no secret changed stays as it is",
        expected_alerts=tuple(dict.fromkeys(alert for name in services for alert in while_data_are_away(name))),
    ), gate)


def before_the_switch(rollout: Rollout, secrets: Mapping[str, Secret], *, same_file: bool,
                      changes: Iterable[ServiceChange]) -> tuple[Step, ...]:
    """What changed secrets need before the new release starts with them; nothing where none has changed.

    `same_file`: the server has this run's secrets. `changes` show what an interrupted run delivered and did not apply.
    """
    cache = rollout.environment.cache_service
    waiting = any(one.service == cache and one.how == "recreate" for one in changes)
    accepted = accept_secrets(rollout, secrets) if waiting or not same_file else ()
    return (*accepted, *(() if same_file else apply_secrets(rollout)))


def _in_need(environment: Environment) -> list[str]:
    needed = {name for secret in environment.secrets.values() if secret.side == "server" for name in secret.needed_by}
    return [name for name in infrastructure_services(environment) if name in needed]


def _inside(environment: Environment, program: str, password: Secret) -> Command:
    # one that does not run will start with the password that its file has then
    return exec_if_running(environment, environment.cache_service, program, timeout_s=60,
                           stdin=Secret(password.name, password.reveal() + "\n"))
