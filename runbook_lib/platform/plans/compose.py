"""The one way Docker Compose is called on the server.

Project directory, files and the files of variables are always named, so that neither the working directory
nor a forgotten variable decides what is started.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from runbook_lib.core.commands import Command
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.replaced_release import OVERRIDE
from runbook_lib.platform.plans.compose_wait import waited

UP_MARGIN_S = 60.0  # for what Compose does besides waiting: stop, remove, create
SETTLE_S = 60.0
STOP_TIMEOUT_S = 150.0  # the longest grace period of the environment's services, twice, and the removal
# For undo: what was never started is already gone. Containers are looked up by Compose's labels, so neither the Compose
# file nor `.env` is read, and an engine that does not answer is an error: it is not the same as nothing being there.
FIND = r"""
project=$1 verb=$2; shift 2
# a volume without a name: of a release it goes with the container, of a whole project it may be data
unnamed=; [ "$verb" != remove ] || unnamed=yes
found() { docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$project" "$@"; }
end() {
  ids=$(found "$@")
  # a container that went on its own meanwhile is not an error; one that is still there in the end is
  [ -z "$ids" ] || { docker stop $ids >/dev/null || true; }
  if [ "$verb" != stop ]; then
    [ -z "$ids" ] || { docker rm --force ${unnamed:+--volumes} $ids >/dev/null || true; }
    # what the engine is removing already (--rm, or another command) it refuses to remove again, and takes a moment for
    tries=0
    while [ -n "$(found --filter status=removing "$@")" ] && [ $((tries += 1)) -le 150 ]; do sleep 0.2; done
    left=$(found "$@")
  else left=$(found --filter status=running "$@"); fi
  [ -z "$left" ] || { echo "still there: $left" >&2; exit 1; }
}
"""
END_SERVICES = FIND + r"""
for service; do end --filter "label=com.docker.compose.service=$service"; done
"""
# `up` soon after another one was stopped: the engine may still be making or removing a container that the stopped one
# asked for, under the name that this one needs next. Seen in one undo of five; a moment later the name is free.
SETTLED = r"""
busy='Conflict\. The container name|is already in use by container|removal of container .* is already in progress'
printed=$(mktemp) || exec "$@"  # a full disk must not keep an undo from being tried
trap 'rm -f -- "$printed"' EXIT
for pause in 1 2 4 8 16 0; do
  { "$@" 2>&1 1>&3 3>&- | tee -- "$printed" >&2; status=${PIPESTATUS[0]}; } 3>&1
  [ "$status" != 0 ] && [ "$pause" != 0 ] || exit "$status"
  grep -qE "$busy" "$printed" || exit "$status"
  echo "A container that an earlier command asked for is not gone yet: again in $pause s." >&2
  sleep "$pause"
done
"""
# In every container of a service: one that was scaled has several, each with a configuration of its own in use. All at
# once: nginx's old workers end in their own time, and that of several is that of the slowest.
EXEC_IF_RUNNING = r"""
project=$1 service=$2 program=$3 from=$4 input= asked=' ' failed=
# what stands on standard input is for each of them
[ "$from" != stdin ] || input=$(cat; echo .)
next() {
  # not by a pipe, which ends well where the engine does not answer
  found=$(docker ps --quiet --no-trunc --filter status=running --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$service" --filter "label=com.docker.compose.oneoff=False") || exit 1
  new=
  for one in $found; do case $asked in *" $one "*) ;; *) new="$new $one" ;; esac; done
}
inside() {
  [ "$from" = stdin ] || { docker exec "$1" sh -c "$program"; return; }
  printf %s "${input%.}" | docker exec --interactive "$1" sh -c "$program"
}
next
[ -n "$new" ] || { echo "$service is not running"; exit 0; }
while [ -n "$new" ]; do
  started=
  for id in $new; do
    inside "$id" &
    started="$started $!:$id"
  done
  for one in $started; do
    code=0
    wait "${one%%:*}" || code=$?
    asked="$asked${one#*:} "
    [ "$code" = 0 ] || failed="$failed ${one#*:}:$code"
  done
  next
done
# one may have ended in this moment, which is as good as not running
for one in $failed; do case " $(echo $found) " in *" ${one%:*} "*) exit "${one#*:}" ;; esac; done
"""
# What exists is started as it is: Compose would make containers anew whose file has changed since. A container without
# a health check is up when it runs. Of two with the same number the newest counts, which Docker lists first: the other
# one is what an interrupted recreation has left.
START_SERVICES = r"""
project=$1 limit_s=$2; shift 2
form='{{.Name}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}healthy{{end}}'
ids=
for service; do
  found=$(docker ps --all --no-trunc --format '{{.ID}} {{.Label "com.docker.compose.container-number"}}' \
    --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$service" \
    --filter "label=com.docker.compose.oneoff=False")
  [ -n "$found" ] || { echo "$service has no container" >&2; exit 1; }
  ids="$ids $(printf '%s\n' "$found" | awk '!seen[$2]++ { print $1 }')"
done
docker start $ids >/dev/null
waited=0
while states=$(docker inspect --format "$form" $ids); do
  case $(printf '%s\n' "$states" | grep -vc ' running healthy$') in 0) exit 0 ;; esac
  [ $((waited += 1)) -le "$limit_s" ] || { echo "not up after $limit_s s: $states" >&2; exit 1; }
  sleep 1
done
exit 1
"""
# The override is Compose's last file from the first adoption on; before it there is none to be named.
# Compose reads no `.env` of the folder once other files of variables are named; ours come after the application's own.
# One of `env_files` that is not there is Compose's own error: without its variables another application would start.
WITH_OWN_ENV = '[ ! -e "$0" ] || exec docker compose --env-file "$0" "$@"; exec docker compose "$@"'
WITH_OVERRIDE = '[ ! -e "$0" ] || COMPOSE_FILE=$COMPOSE_FILE:$0; exec "$@"'
END_PROJECT = FIND + r"""
end
networks=$(docker network ls --quiet --filter "label=com.docker.compose.project=$project")
[ -z "$networks" ] || docker network rm $networks >/dev/null
"""


def compose(
    environment: Environment,
    *words: str,
    profiles: Iterable[str] = (),
    more_files: Iterable[str] = (),
    stdin: str | bytes | None = None,
    timeout_s: float = 120.0,
    accepts: tuple[int, ...] = (0,),
) -> Command:
    """A `docker compose` command for the environment's project, e.g. compose(e, "ps", "--format", "json").

    The application's own `.env` is read where no release of ours writes one, as it is when its owners type a command;
    `compose.env_files` in its place where they name files of variables.
    With the strategy recreate the images of the live release come last, from a file of ours that may not be there yet.
    `profiles` are active besides the ones that `.env` names; `more_files` of the project's directory come after the
    application's own. Source: Docker Compose CLI reference, global options.
    """
    directory = environment.server.directory
    argv = [
        "docker", "compose",
        "--project-name", environment.project,
        "--project-directory", directory,
    ]
    files = [f"{directory}/{name}" for name in (*environment.compose.files, *more_files)]
    if environment.release.replaced:
        own = environment.server.path(OVERRIDE)
        named = f"COMPOSE_FILE={':'.join(files)}"
        argv = ["env", named, "COMPOSE_PATH_SEPARATOR=:", "sh", "-c", WITH_OVERRIDE, own, *argv,
                *_own_files(environment)]
    else:
        argv += [word for name in files for word in ("--file", name)]
        argv = _with_our_files(environment, argv)
    for profile in profiles:
        argv += ["--profile", profile]
    return Command((*argv, *words), stdin=stdin, cwd=directory, timeout_s=timeout_s, accepts=accepts)


def _with_our_files(environment: Environment, argv: list[str]) -> list[str]:
    ours = (environment.compose.variables_file, environment.compose.secrets_file)
    named = [word for name in ours for word in ("--env-file", environment.server.path(name))]
    if environment.compose.has_own_env and not environment.compose.env_files:
        return ["sh", "-c", WITH_OWN_ENV, environment.server.path(".env"), *argv[2:], *named]
    return [*argv, *_own_files(environment), *named]


def _own_files(environment: Environment) -> list[str]:
    return [word for name in environment.compose.env_files for word in ("--env-file", environment.server.path(name))]


def remove_services(environment: Environment, *services: str) -> Command:
    """Stop services and remove their containers, whatever the files on the server say. Passes where there are none."""
    return Command(("sh", "-ec", END_SERVICES, "end", environment.project, "remove", *services),
                   timeout_s=STOP_TIMEOUT_S)


def stop_services(environment: Environment, *services: str) -> Command:
    """The same, but the containers are kept."""
    return Command(("sh", "-ec", END_SERVICES, "end", environment.project, "stop", *services),
                   timeout_s=STOP_TIMEOUT_S)


def start_services(environment: Environment, *services: str) -> Command:
    """Start the containers that services have, and wait until each runs, and is healthy where it has a health check."""
    limit_s = environment.limits.up_wait_s
    return Command(("sh", "-ec", START_SERVICES, "start", environment.project, str(limit_s), *services),
                   timeout_s=limit_s + UP_MARGIN_S)


def remove_project(environment: Environment) -> Command:
    """Remove every container and network of the project; volumes and what they hold stay."""
    words = ("end", environment.project, "remove-containers")
    return Command(("sh", "-ec", END_PROJECT, *words), timeout_s=STOP_TIMEOUT_S)


def exec_if_running(environment: Environment, service: str, program: str, *, timeout_s: float,
                    accepts: tuple[int, ...] = (0,), stdin: Secret | None = None) -> Command:
    """Run a shell program inside each container of a service; passes where none is running.

    The exit code is that of the first that failed, and the time is that of the slowest. Reads no file of the checkout.
    Fails when the engine does not answer.
    """
    source = "nothing" if stdin is None else "stdin"
    return Command(("sh", "-ec", EXEC_IF_RUNNING, "exec", environment.project, service, program, source),
                   timeout_s=timeout_s, accepts=accepts, stdin=stdin)


def compose_up(environment: Environment, service: str, *services: str, profiles: Iterable[str] = (), wait: bool = True,
               recreate: bool | None = None, scale: Mapping[str, int] | None = None,
               stop_s: int | None = None) -> Command:
    """Start services as `.env` and the checkout describe them; those that already are so stay.

    `wait` fails the command unless all are healthy within `limits.up_wait_s`; without it, started is enough. `recreate`
    True makes new containers in any case, False never: what exists stays as it is. `scale` are services with more than
    one container, which Compose would else reduce to what its file says. `stop_s`: seconds that a container which is
    made anew has to end. At least one service: without a name Compose would start them all.
    """
    # --no-build: what is deployed was built and tried before. --no-deps: a step starts what it names, and no more.
    words = ["up", "--detach", "--no-build", "--no-deps"]
    if wait:
        words += ["--wait", "--wait-timeout", str(environment.limits.up_wait_s)]
    if recreate is not None:
        words.append("--force-recreate" if recreate else "--no-recreate")
    words += [] if stop_s is None else ["--timeout", str(stop_s)]
    words += [word for name, count in (scale or {}).items() for word in ("--scale", f"{name}={count}")]
    limit_s = environment.limits.up_wait_s
    up = compose(environment, *words, service, *services, profiles=profiles, timeout_s=limit_s + UP_MARGIN_S)
    return waited(up, environment.project, limit_s, (service, *services)) if wait else up


def once_settled(up: Command) -> Command:
    """The same `up`, tried again while the engine has not finished what an earlier, stopped one asked for. For undo."""
    return replace(up, argv=("bash", "-c", SETTLED, "once-settled", *up.argv), timeout_s=up.timeout_s + SETTLE_S,
                   shown=str(up))
