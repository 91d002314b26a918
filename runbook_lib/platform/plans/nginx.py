"""nginx loads a new configuration without losing a request: reload, then wait for its old workers."""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Step
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.plans.compose import compose, compose_up, exec_if_running
from runbook_lib.platform.plans.step_keys import StepKey

# Which of its files the one that runs has read, it shows itself.
AS_STARTED = programs.text("platform/nginx_as_started.sh")
# Patterns in brackets do not match the program's own command line, which is in /proc too.
# After a reload, nginx's old workers keep the connections they have, to the old colour: for 12 s
# (keepalive_min_timeout), or until worker_shutdown_timeout. Stopping that colour before they have exited breaks
# requests.
NO_OLD_WORKERS = r"""
tries=0
while grep -qs "[w]orker process is shutting down" /proc/[0-9]*/cmdline; do
  [ "$tries" -lt TRIES ] || { echo "nginx's old workers have not exited after LIMIT s" >&2; exit 3; }
  tries=$((tries + 1)); sleep 0.4
done
"""
DRAIN_PAUSE_S = 0.4
# `nginx -s reload` only sends a signal, and its exit code says no more. The reload is done once none of the previous
# workers accepts connections.
RELOAD = AS_STARTED + r"""
workers() { for one in $(grep -ls "[n]ginx: worker process" /proc/[0-9]*/cmdline); do
  grep -qs "[i]s shutting down" "$one" || echo "$one"; done; }
before=$(workers)
nginx_as_started -s reload || exit 4
tries=0
while for one in $before; do workers | grep -qx "$one" && break; done; do
  [ "$tries" -lt 100 ] || { echo "nginx did not load the new configuration within 10 s" >&2; exit 3; }
  tries=$((tries + 1)); sleep 0.1
done
"""


IF_NGINX = "command -v nginx >/dev/null || { echo 'no nginx runs in it'; exit 0; }\n"
REFUSED = 4  # nginx does not take the configuration on the disk, and goes on with the one it has
NO_SUCH_HOST = 5
TRY = AS_STARTED + IF_NGINX + f"""printed=$(nginx_as_started -t -q 2>&1) && exit 0
printf '%s\\n' "$printed" >&2
case $printed in *'host not found in upstream'*) exit {NO_SUCH_HOST} ;; esac
exit 1
"""
# A name of a container that does not run is none for nginx: what follows starts it, and must not be kept back for that.
UNLESS_AWAY = rf"""
project=$1 services=$2; shift 2
"$@" && exit 0 || code=$?
[ "$code" = {NO_SUCH_HOST} ] || exit "$code"
for service in $services; do
  found=$(docker ps --quiet --filter status=running --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$service" --filter "label=com.docker.compose.oneoff=False")
  [ -n "$found" ] || {{ echo "$service does not run, so that nginx does not find it now: not tried further"; exit 0; }}
done
exit 1
"""


def test_configuration(environment: Environment) -> Command:
    """Read the configuration on the disk as nginx would, and use nothing of it."""
    return compose(environment, "exec", "-T", environment.proxy_service, "sh", "-c",
                   f"{AS_STARTED}nginx_as_started -t -q")


def reload_nginx(environment: Environment) -> Command:
    """Reload nginx, and wait until the new configuration is in use: 10 s at most."""
    return compose(environment, "exec", "-T", environment.proxy_service, "sh", "-c", RELOAD, timeout_s=30)


def reload_if_running(environment: Environment, *, accepts: tuple[int, ...] = (0,)) -> Command:
    """The same without reading the Compose file; passes where nginx is not running. With REFUSED in `accepts`, also
    where nginx keeps the configuration it has."""
    return exec_if_running(environment, environment.proxy_service, RELOAD, timeout_s=30, accepts=accepts)


def caching_proxy(environment: Environment) -> str:
    """The service whose proxy may keep the addresses of the containers behind it; empty where there is none."""
    proxy = environment.proxy
    return environment.proxy_service if proxy is not None and proxy.may_be_nginx else ""


def follow_restarted(environment: Environment) -> tuple[Command, ...]:
    """For after containers behind the proxy were made anew or started again: nginx looks up their addresses anew.

    Nothing where the environment names no proxy, or one that follows itself. Passes where none of its containers has
    an nginx, and where nginx refuses its files: it goes on, and whether users are answered is asked afterwards.
    """
    proxy = caching_proxy(environment)
    # 126, 127: a container without a shell
    return () if not proxy else (exec_if_running(environment, proxy, IF_NGINX + RELOAD, timeout_s=30,
                                                 accepts=(0, REFUSED, 126, 127)),)


def try_proxy(environment: Environment) -> tuple[Step, ...]:
    """For before anything behind the proxy changes: nginx would load the files that it has. Uses nothing of them.

    Fails with nginx's own words where it would refuse them. Passes where no nginx runs in it, and where it finds no
    host while something of the release does not run; no step where `follow_restarted` does nothing.
    """
    proxy = caching_proxy(environment)
    if not proxy:
        return ()
    started = dict.fromkeys((*environment.release.services, *environment.release.writers))
    asked = exec_if_running(environment, proxy, TRY, timeout_s=30, accepts=(0, 126, 127))
    test = replace(asked, argv=("sh", "-ec", UNLESS_AWAY, "try", environment.project, " ".join(started), *asked.argv))
    return (Step(StepKey.TEST_PROXY, f"Test whether {proxy} would load its configuration", (test,),
                 why="containers behind it get other addresses, which nginx looks up when it loads its files: one that "
                     "refuses them would send users to the old addresses"),)


def start_proxy(environment: Environment, containers: tuple[Container, ...]) -> tuple[Step, ...]:
    """A proxy that does not run in `containers`, once what is behind it does: nginx ends at once where a container that
    its files name is not there. It has no undo: what users reach the previous state by, too. Nothing where it runs, or
    is none of ours.
    """
    proxy, running = environment.proxy_service, {one.service for one in containers if one.state == "running"}
    if proxy in ("", *running, *environment.release.services, *environment.absent_services):
        return ()
    return (Step(StepKey.START_PROXY, f"Start {proxy}", (compose_up(environment, proxy, recreate=False),),
                 why="it does not run; an nginx ends at once while a container that its files name is not there"),)


def wait_until_drained(environment: Environment) -> Command:
    """Wait until nginx's old workers have exited: usually 12 s after a reload, 40 s at most; 0 s without nginx."""
    limit_s = environment.limits.drain_s
    program = NO_OLD_WORKERS.replace("TRIES", str(round(limit_s / DRAIN_PAUSE_S))).replace("LIMIT", f"{limit_s:g}")
    # the program's own limit comes first: its message says what was waited for
    return exec_if_running(environment, environment.proxy_service, program, timeout_s=limit_s + 20)
