"""Steps that put the release's files in place, and start the services that read them: secrets, checkout, variables.

Every undo is safe whether the step was done, half done or not done at all.
"""

from __future__ import annotations

import hashlib

from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.plan import Action, Step
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.target import FIRST_COLOUR
from runbook_lib.platform.plans.compose import compose_up, once_settled, remove_project
from runbook_lib.platform.plans.nginx import REFUSED, reload_if_running
from runbook_lib.platform.plans.release_files import env_file
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey

# What this very run puts aside carries its id, which the lock on the server names: an undo must not put back what an
# earlier run has left, and copies that earlier runs have left are secrets without a use.
_OF_THIS_RUN = r"""
file=$1 lock=$2 aside=$3
run=$(sed -n 's/.*"run_id": *"\([A-Za-z0-9-]*\)".*/\1/p' "$lock")
[ -n "$run" ] || { echo "$lock does not name the run: the secrets stay as they are" >&2; exit 1; }
umask 077
"""
PUT_ASIDE = _OF_THIS_RUN + r"""
for old in "$aside"*; do case $old in "$aside-$run"*) ;; *) rm -f "$old" ;; esac; done
# a job that is started once more must not take the new file for the previous one
[ ! -e "$aside-$run" ] && [ ! -e "$aside-$run.none" ] || exit 0
if [ -e "$file" ]; then cp -p "$file" "$aside-$run.part" && mv "$aside-$run.part" "$aside-$run"
else : >"$aside-$run.none"; fi
"""
PUT_BACK = _OF_THIS_RUN + r"""
if [ -e "$aside-$run" ]; then cp -p "$aside-$run" "$file.part" && mv "$file.part" "$file"
elif [ -e "$aside-$run.none" ]; then rm -f "$file"
else echo "this run has not put any secrets aside: $file stays as it is"; fi
"""


def sha256_of(secret: Secret) -> str:
    """The digest that `sha256sum` gives for a file with this content, in hex."""
    return hashlib.sha256(secret.reveal().encode()).hexdigest()


def infrastructure_services(environment: Environment) -> tuple[str, ...]:
    """The services that are not part of a release: data and monitoring, without what the environment lacks."""
    apart = (environment.proxy_service, *environment.slot(FIRST_COLOUR))
    return tuple(name for name in environment.running_services(FIRST_COLOUR) if name not in apart)


def deliver_secrets(rollout: Rollout, secret_file: Secret) -> Step:
    """`compose.secrets_file` from this run's secrets. Undone: what this run put aside, if it put anything aside."""
    path = rollout.path(rollout.environment.compose.secrets_file)
    places = (path, rollout.path(".runbook/lock.json"), rollout.path(".runbook/env.secrets.before"))
    return Step(
        StepKey.DELIVER_SECRETS,
        "Deliver the secrets",
        (Command(("sh", "-ec", PUT_ASIDE, "put-aside", *places)), WriteFile(path, secret_file, mode=0o600)),
        undo_files=(Command(("sh", "-ec", PUT_BACK, "put-back", *places)),),
        why="over the connection's standard input into a file that only its owner can read",
    )


def check_out(rollout: Rollout) -> Step:
    """The checkout at the target's commit. Undone: at the commit where it was."""
    environment = rollout.environment
    git = ("git", "-C", environment.server.directory, "checkout", "--quiet", "--force", "--detach")
    head = rollout.deployed.head
    # a release that holds a file of that name takes the server's away when git leaves it: it is put back after that
    files = (Command((*git, head)), _previous_env(rollout)) if head else ()
    return Step(
        StepKey.CHECK_OUT,
        "Check out the commit",
        (Command((*git, rollout.target.commit)),),
        undo_files=files,
        # something else may have reloaded nginx meanwhile; files that it refused before, it may refuse again
        undo=(reload_if_running(environment, accepts=(0, REFUSED)),) if head else (),
        why="the Compose file and the mounted configuration belong to the release",
    )


def configure(rollout: Rollout) -> Step:
    """`compose.variables_file` with the new release in the idle colour; traffic stays where it is."""
    environment, previous = rollout.environment, rollout.deployed.env_text
    name = environment.compose.variables_file
    return Step(
        StepKey.CONFIGURE,
        f"Write the release into {name}",
        (WriteFile(rollout.path(name), env_file(rollout, live=rollout.live_colour or rollout.colour)),),
        undo_files=(_previous_env(rollout),),
        undo=(remove_project(environment),) if previous is None else (),
        why="configuration hashes are part of it, so that Compose notices a changed mounted file",
    )


def _previous_env(rollout: Rollout) -> Action:
    previous = rollout.deployed.env_text
    path = rollout.path(rollout.environment.compose.variables_file)
    return Command(("rm", "-f", path)) if previous is None else WriteFile(path, previous)


def start_infrastructure(rollout: Rollout) -> tuple[Step, ...]:
    """PostgreSQL, Redis and monitoring where they do not exist or are stopped. Undone: as the previous files have them.

    What runs stays as it is until the release has passed its gate: a change of it is a step of its own.
    """
    services = infrastructure_services(rollout.environment)
    if not services:
        return ()
    first = rollout.deployed.env_text is None
    return (Step(
        StepKey.START_INFRASTRUCTURE,
        "Start data and monitoring services",
        (compose_up(rollout.environment, *services, recreate=False),),
        # before the first deployment there was nothing: the containers are removed with the whole project
        undo=() if first else (once_settled(compose_up(rollout.environment, *services, wait=False)),),
        why="a service that is running is not touched",
    ),)
