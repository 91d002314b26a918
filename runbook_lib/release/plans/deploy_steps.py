"""Each step of the deploy transaction: its commands, and how it is undone.

Undo actions are safe when the step was done, half done or not done at all.
"""

from __future__ import annotations

import hashlib
import json

from runbook_lib.core.commands import Command, Pipeline, WriteFile
from runbook_lib.core.plan import Action, Step
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target, idle_colour
from runbook_lib.platform.facts.traffic import cutover_marker
from runbook_lib.platform.plans.compose import ABSENT_IS_FINE, compose, compose_up
from runbook_lib.platform.plans.nginx import reload_nginx, wait_until_drained
from runbook_lib.platform.plans.release_files import env_file, exemptions_file, upstreams_file

BUILD_ARGUMENTS = {"backend": ("PYTHON_IMAGE",), "frontend": ("NODE_IMAGE", "NGINX_IMAGE")}

# Time and run id come from the server's clock and lock: in the plan they would give every plan another hash.
APPEND_RELEASE = r"""
run=$(sed -n 's/.*"run_id": *"\([A-Za-z0-9-]*\)".*/\1/p' "$2")
at=$(date -u +%Y-%m-%dT%H:%M:%S+00:00)
printf '{"at": "%s", "run_id": "%s", %s\n' "$at" "$run" "${3#?}" >> "$1" && sync "$1"
"""


def sha256_of(secret: Secret) -> str:
    """The digest that `sha256sum` gives for a file with this content."""
    return hashlib.sha256(secret.reveal().encode()).hexdigest()


def infrastructure_services(environment: Environment) -> tuple[str, ...]:
    """The services that are not part of a release: data and monitoring, without what the environment lacks."""
    of_a_release = ("nginx", "backend-blue", "frontend-blue")
    return tuple(name for name in environment.running_services("blue") if name not in of_a_release)


def record_pre_image(environment: Environment, deployed: Deployed, containers: tuple[Container, ...]) -> Step:
    """Write down what runs now, image digests included, before anything is changed."""
    text = json.dumps(
        {
            "live_colour": deployed.live_colour,
            "live_commit": deployed.live_commit,
            "head": deployed.head,
            "env": deployed.env_text,
            "upstreams": deployed.upstreams_text,
            "running": {one.service: {"image": one.image, "digest": one.image_id} for one in containers},
        },
        indent=1,
        sort_keys=True,
    )
    return Step(
        "record-pre-image",
        "Write down what runs now",
        (
            Command(("mkdir", "-p", environment.server.path(".runbook/upstreams"))),
            WriteFile(environment.server.path(".runbook/pre-image.json"), text + "\n"),
        ),
        why="what a rollback goes back to",
    )


def fetch(environment: Environment, target: Target) -> Step:
    git = ("git", "-C", environment.server.directory)
    return Step(
        "fetch",
        "Fetch the commit",
        (
            Command((*git, "fetch", "--quiet", "--tags", "--prune", "origin"), timeout_s=120),
            Command((*git, "cat-file", "-e", f"{target.commit}^{{commit}}")),
        ),
        why="what is deployed is the commit, whatever its name points to later",
    )


def build(environment: Environment, target: Target, part: str) -> Step:
    """Build one application image from the commit itself: files lying about in the checkout cannot get in."""
    image = f"gw2-{part}:{target.commit}"
    arguments = [f"RELEASE_COMMIT={target.commit}", f"RELEASE_VERSION={target.version}"]
    arguments += [f"{name}={environment.images[name]}" for name in BUILD_ARGUMENTS[part] if name in environment.images]
    flags = [word for argument in arguments for word in ("--build-arg", argument)]
    archive = Command(("git", "-C", environment.server.directory, "archive", f"{target.commit}:{part}"))
    # requests come first when the processor is scarce; a build that failed leaves no container; BuildKit ignores both
    words = ("build", "--quiet", "--force-rm", "--cpu-shares", "256", *flags, "--tag", image, "-")
    docker_build = Command(("docker", *words))
    return Step(
        f"build-{part}",
        f"Build the {part} image",
        (Pipeline((archive, docker_build), timeout_s=900),),
        why="built before anything is stopped, tagged by commit; kept on failure, so that trying again is quick",
    )


def deliver_secrets(environment: Environment, secret_file: Secret) -> Step:
    path = f"{environment.server.directory}/.env.secrets"
    kept = f"{environment.server.directory}/.runbook/env.secrets.before"
    keep = ("sh", "-c", 'if [ -e "$1" ]; then cp -p "$1" "$2"; else rm -f "$2"; fi', "keep")
    return Step(
        "deliver-secrets",
        "Deliver the secrets",
        (Command((*keep, path, kept)), WriteFile(path, secret_file, mode=0o600)),
        undo=(Command((*keep, kept, path)),),
        why="over the connection's input into a file that only its owner reads",
    )


def check_out(environment: Environment, deployed: Deployed, target: Target) -> Step:
    git = ("git", "-C", environment.server.directory)
    undo: tuple[Action, ...] = ()
    if deployed.head:
        undo = (Command((*git, "checkout", "--quiet", "--force", "--detach", deployed.head)),)
    return Step(
        "check-out",
        "Check out the commit",
        (Command((*git, "checkout", "--quiet", "--force", "--detach", target.commit)),),
        undo=undo,
        why="the Compose file and the mounted configuration belong to the release",
    )


def configure(environment: Environment, deployed: Deployed, target: Target) -> Step:
    """`.env` with the new release in the idle colour; traffic stays where it is."""
    live = deployed.live_colour or idle_colour(deployed)
    path = f"{environment.server.directory}/.env"
    undo: tuple[Action, ...]
    if deployed.env_text is None:
        undo = (compose(environment, "down", "--remove-orphans", profiles=("blue", "green"), accepts=ABSENT_IS_FINE),
                Command(("rm", "-f", path)))
    else:
        undo = (WriteFile(path, deployed.env_text),)
    return Step(
        "configure",
        "Name the release in .env",
        (WriteFile(path, env_file(environment, deployed, target, live=live)),),
        undo=undo,
        why="configuration hashes are part of it, so that Compose notices a changed mounted file",
    )


def start_infrastructure(environment: Environment) -> Step:
    return Step(
        "start-infrastructure",
        "Bring data and monitoring services up",
        (up_infrastructure(environment),),
        why="nothing happens to a service whose image and configuration are unchanged",
    )


def start_idle_colour(environment: Environment, deployed: Deployed, target: Target) -> Step:
    """Containers of their own, always new: those that rest may belong to networks which a `down` by hand removed."""
    idle = idle_colour(deployed)
    services = (f"backend-{idle}", f"frontend-{idle}")
    return Step(
        "start",
        f"Start {target.version} as {idle}",
        (compose_up(environment, *services, recreate=True),),
        undo=(
            wait_until_drained(environment),
            compose(environment, "rm", "--stop", "--force", *services, profiles=(idle,), accepts=ABSENT_IS_FINE),
        ),
        why="beside the live colour; no traffic yet",
        undo_best_effort=True,
    )


def switch(environment: Environment, deployed: Deployed, target: Target) -> Step:
    idle = idle_colour(deployed)
    directory = environment.server.directory
    upstreams, env = f"{directory}/.runbook/upstreams/active.conf", f"{directory}/.env"
    undo: tuple[Action, ...] = ()
    if deployed.upstreams_text is None:
        undo = (compose(environment, "rm", "--stop", "--force", "nginx", accepts=ABSENT_IS_FINE),
                Command(("rm", "-f", upstreams)))
    else:
        undo = (WriteFile(upstreams, deployed.upstreams_text), reload_nginx(environment))
        if deployed.env_text is not None:
            undo = (*undo, WriteFile(env, env_file(environment, deployed, target, live=deployed.live_colour or idle)))
    return Step(
        "switch",
        f"Switch traffic to {idle}",
        (
            WriteFile(f"{directory}/.runbook/upstreams/rate_limit_exempt.conf", exemptions_file(environment)),
            WriteFile(upstreams, upstreams_file(idle)),
            compose_up(environment, "nginx"),
            compose(environment, "exec", "-T", "nginx", "nginx", "-t", "-q"),
            cutover_marker(environment, deployed.live_colour),
            reload_nginx(environment),
            WriteFile(env, env_file(environment, deployed, target, live=idle)),
        ),
        undo=undo,
        why="one file replaced by rename, then a reload: requests under way finish on the old colour",
    )


def stop_idle_colour(environment: Environment, colour: str) -> Step:
    """Stop a colour that has no traffic. It has nothing to undo: the release that serves is on record by then."""
    services = (f"backend-{colour}", f"frontend-{colour}")
    return Step(
        "stop-old-colour",
        f"Let {colour} rest",
        (wait_until_drained(environment), compose(environment, "stop", *services, profiles=(colour,))),
        why="nginx's old workers finish first; stopped, not removed: the way back is a start and a switch",
    )


def commit_release(
    environment: Environment, deployed: Deployed, target: Target, *, by: str, reason: str, old_code: str | None = None
) -> Step:
    """The line of the release record; `old_code` is the commit that was tried on the new schema."""
    record = {
        "commit": target.commit,
        "version": target.version,
        "colour": idle_colour(deployed),
        "schema_revision": target.schema_expected,
        "by": by,
        "reason": reason,
        **({"old_code": old_code} if old_code else {}),
    }
    paths = (environment.server.path(".runbook/releases.jsonl"), environment.server.path(".runbook/lock.json"))
    append = ("sh", "-ec", APPEND_RELEASE, "append-release", *paths, json.dumps(record))
    return Step("commit-release", "Write the release record", (Command(append),))


def up_infrastructure(environment: Environment, *, wait: bool = True) -> Command:
    """Data and monitoring services as `.env` and the checkout want them; those that are so already stay untouched.

    Without `wait` an exporter that is not healthy at once does not fail it.
    """
    return compose_up(environment, *infrastructure_services(environment), wait=wait)
