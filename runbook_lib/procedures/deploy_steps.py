"""Each step of the deploy transaction: its commands, and how it is undone.

Undo actions are safe when the step was done, half done or not done at all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from runbook_lib.checks.release import ExpectedRelease, judge_flow, judge_inside, judge_outside, judge_restored
from runbook_lib.checks.triggers import (
    HEALTH,
    conclude_watch,
    errors_trigger,
    judge_watch,
    slow_limit_ms,
    with_error_rate,
)
from runbook_lib.environment import Environment
from runbook_lib.facts.assets import assets_of
from runbook_lib.facts.containers import Container, containers_of
from runbook_lib.facts.database import schema_revision_of
from runbook_lib.facts.endpoints import endpoints_of
from runbook_lib.facts.idle_colour import idle_colour_of, user_flow_inside
from runbook_lib.facts.memory_kills import memory_kills_of
from runbook_lib.facts.releases import Deployed
from runbook_lib.facts.traffic import ERROR_RATE, error_rate_history_of, mark_of_switch, traffic_of, watched_traffic_of
from runbook_lib.facts.user_flows import user_flow_of
from runbook_lib.plan import Action, Command, Finding, Gate, Pipeline, Step, Watch, WriteFile, finding
from runbook_lib.procedures.compose import compose
from runbook_lib.procedures.release_files import Target, env_file, exemptions_file, idle_colour, upstreams_file
from runbook_lib.redaction import Secret

ABSENT_IS_FINE = (0, 1)
# Patterns in brackets do not match the program's own command line, which is in /proc too.
# After a reload, nginx's old workers serve the connections they have, on the old colour: 10 s of keepalive_min_timeout,
# or until worker_shutdown_timeout. Who stops that colour before they are gone breaks requests.
NO_OLD_WORKERS = r"""
tries=0
while grep -qs "[w]orker process is shutting down" /proc/[0-9]*/cmdline; do
  [ "$tries" -lt 100 ] || { echo "nginx's old workers are not gone after 40 s" >&2; exit 3; }
  tries=$((tries + 1)); sleep 0.4
done
"""
# `nginx -s reload` only sends a signal. It has worked once no worker of before takes connections any more.
RELOAD = r"""
workers() { for one in $(grep -ls "[n]ginx: worker process" /proc/[0-9]*/cmdline); do
  grep -qs "[i]s shutting down" "$one" || echo "$one"; done; }
before=$(workers)
nginx -s reload || exit 1
tries=0
while for one in $before; do workers | grep -qx "$one" && break; done; do
  [ "$tries" -lt 100 ] || { echo "nginx did not take the new configuration within 10 s" >&2; exit 3; }
  tries=$((tries + 1)); sleep 0.1
done
"""
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
    # requests come first when the processor is scarce; BuildKit ignores the word
    docker_build = Command(("docker", "build", "--quiet", "--cpu-shares", "256", *flags, "--tag", image, "-"))
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
                Command(("rm", "-f", path)))  # fmt: skip
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


def migrate(environment: Environment, deployed: Deployed, target: Target) -> Step:
    """Run the new image's migrations while the old code serves. Not undone: the old code runs on the new schema."""
    service = f"backend-{idle_colour(deployed)}"
    alembic = ("alembic", "-x", "lock_timeout=5s", "upgrade", target.schema_head)
    return Step(
        "migrate",
        "Migrate the database",
        (compose(environment, "run", "--rm", "--no-deps", "-T", service, *alembic, timeout_s=600),),
        why="in a one-off container of the new image; gives up after 5 s of waiting for a lock. A failed migration is "
        "one transaction and leaves nothing; a finished one stays, because the old code runs on the new schema",
    )


def start_idle_colour(environment: Environment, deployed: Deployed, target: Target) -> Step:
    """Containers of their own, always new: those that rest may belong to networks which a `down` by hand removed."""
    idle = idle_colour(deployed)
    services = (f"backend-{idle}", f"frontend-{idle}")
    return Step(
        "start",
        f"Start {target.version} as {idle}",
        (_up(environment, "--force-recreate", *services),),
        undo=(
            drained(environment),
            compose(environment, "rm", "--stop", "--force", *services, profiles=(idle,), accepts=ABSENT_IS_FINE),
        ),
        why="beside the live colour; no traffic yet",
        undo_may_fail=True,
    )


def gate_inside(environment: Environment, deployed: Deployed, target: Target) -> Step:
    """Health first, as long as it may take; then a user's whole flow, before any user is hit."""
    expected = ExpectedRelease(target.commit, target.schema_expected, idle_colour(deployed))
    gate = Gate(
        "the new colour seen from inside",
        (containers_of(environment), idle_colour_of(environment, expected.colour)),
        judge_inside(expected),
        passes=2,
        interval_s=1.0,
        deadline_s=environment.gate.deadline_s,
    )
    flow = Gate(
        "a user's flow inside the new colour",
        (user_flow_inside(environment, expected.colour),),
        judge_flow(slow_limit_ms(environment)),
        passes=1,
        interval_s=1.0,
        deadline_s=environment.gate.deadline_s,
        gives_up_after=environment.rollback.failing_looks,
    )
    return Step("gate-inside", "Look at it before traffic reaches it", (gate, flow))


def switch(environment: Environment, deployed: Deployed, target: Target) -> Step:
    idle = idle_colour(deployed)
    directory = environment.server.directory
    upstreams, env = f"{directory}/.runbook/upstreams/active.conf", f"{directory}/.env"
    undo: tuple[Action, ...] = ()
    if deployed.upstreams_text is None:
        undo = (compose(environment, "rm", "--stop", "--force", "nginx", accepts=ABSENT_IS_FINE),
                Command(("rm", "-f", upstreams)))  # fmt: skip
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
            _up(environment, "nginx"),
            compose(environment, "exec", "-T", "nginx", "nginx", "-t", "-q"),
            mark_of_switch(environment, deployed.live_colour),
            reload_nginx(environment),
            WriteFile(env, env_file(environment, deployed, target, live=idle)),
        ),
        undo=undo,
        why="one file replaced by rename, then a reload: requests under way finish on the old colour",
    )


def gate_outside(environment: Environment, deployed: Deployed, target: Target,
                 restarts: Mapping[str, int] | None = None) -> Step:
    """Users are on it now: a release that fails look after look is not waited for."""
    expected = ExpectedRelease(target.commit, target.schema_expected, idle_colour(deployed))
    gate = Gate(
        "the release seen by its users",
        (
            containers_of(environment),
            endpoints_of(environment),
            schema_revision_of(environment),
            user_flow_of(environment),
            assets_of(environment, expected.colour),
            traffic_of(environment),  # nothing is sent here: the looks themselves nearly fill the rate limit
        ),
        with_error_rate(environment, judge_outside(expected, restarts)),
        passes=environment.gate.passes,
        interval_s=environment.gate.interval_s,
        deadline_s=environment.gate.deadline_s,
        gives_up_after=environment.rollback.failing_looks,
        trigger=HEALTH,
        triggers=(errors_trigger(environment),),
        since="switch",
    )
    return Step("gate-outside", "Look at it through nginx", (gate,))


def watch_release(environment: Environment, deployed: Deployed, target: Target, restarts: Mapping[str, int],
                  watch_s: float = -1) -> Step:
    """The plan's three triggers, looked for again and again; a negative `watch_s` takes the environment's own."""
    colour, rules = idle_colour(deployed), environment.rollback
    watch = Watch(
        f"watch {target.version}",
        (
            containers_of(environment),
            endpoints_of(environment),
            watched_traffic_of(environment),
            memory_kills_of(environment, f"backend-{colour}"),
        ),
        judge_watch(environment, target.commit, colour, restarts),
        conclude_watch(environment),
        duration_s=rules.watch_s if watch_s < 0 else watch_s,
        interval_s=rules.interval_s,
        since="switch",
        main_metric=ERROR_RATE,
        limit=rules.api_error_rate_percent,
        unit="percent",
        history=error_rate_history_of(environment),
    )
    warm = "" if deployed.live_colour is None else f"; {deployed.live_colour} stays warm for the way back"
    return Step("watch", "Watch it under its users", (watch,),
                why=f"any of the plan's triggers goes back by itself: {', '.join(rules.triggers)}{warm}")


def after_undo(environment: Environment, deployed: Deployed, restarts: Mapping[str, int]) -> Gate | None:
    """Whether what ran before the deployment answers again; None when nothing did."""
    if deployed.live_colour is None or deployed.live_commit is None:
        return None
    return Gate(
        "what ran before, seen by its users again",
        (containers_of(environment), endpoints_of(environment), user_flow_of(environment)),
        judge_restored(deployed.live_commit, deployed.live_colour, restarts),
        passes=2,
        interval_s=environment.rollback.interval_s,
        deadline_s=min(60.0, environment.gate.deadline_s),
    )


def engine_answers(environment: Environment) -> Gate:
    """Undoing needs the engine: one that is just starting again is waited for."""

    def judge(containers: tuple[Container, ...]) -> tuple[Finding, ...]:
        return (finding("the engine answers", True, measured=f"{len(containers)} containers"),)

    return Gate("the engine answers", (containers_of(environment),), judge, passes=1, interval_s=1.0, deadline_s=90)


def rest_colour(environment: Environment, colour: str) -> Step:
    """Stop a colour that has no traffic. It has nothing to undo: the release that serves is on record by then."""
    services = (f"backend-{colour}", f"frontend-{colour}")
    return Step(
        "rest-old-colour",
        f"Let {colour} rest",
        (drained(environment), compose(environment, "stop", *services, profiles=(colour,))),
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


def drained(environment: Environment) -> Command:
    """Wait until nginx's old workers are gone: 10 s after a reload as a rule, 40 s at most. No nginx: no wait."""
    return compose(environment, "exec", "-T", "nginx", "sh", "-c", NO_OLD_WORKERS, timeout_s=60, accepts=ABSENT_IS_FINE)


def up_infrastructure(environment: Environment, *, wait: bool = True) -> Command:
    """Data and monitoring services as `.env` and the checkout want them; those that are so already stay untouched.

    Without `wait` an exporter that is not healthy at once does not fail it.
    """
    if wait:
        return _up(environment, *infrastructure_services(environment))
    words = ("up", "--detach", "--no-build", "--no-deps", *infrastructure_services(environment))
    return compose(environment, *words, timeout_s=180)


def _up(environment: Environment, *services: str) -> Command:
    words = ("up", "--detach", "--no-build", "--no-deps", "--wait", "--wait-timeout", "120", *services)
    return compose(environment, *words, timeout_s=180)


def reload_nginx(environment: Environment) -> Command:
    """Make nginx take its configuration, and wait until it has."""
    return compose(environment, "exec", "-T", "nginx", "sh", "-c", RELOAD, timeout_s=30)
