"""nginx takes a new configuration without losing a request: reload, and wait for the workers of before."""

from __future__ import annotations

from runbook_lib.core.commands import Command
from runbook_lib.environment import Environment
from runbook_lib.platform.plans.compose import ABSENT_IS_FINE, compose

# Patterns in brackets do not match the program's own command line, which is in /proc too.
# After a reload, nginx's old workers serve the connections they have, on the old colour: 12 s of keepalive_min_timeout,
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


def reload_nginx(environment: Environment) -> Command:
    """Make nginx take its configuration, and wait until it has."""
    return compose(environment, "exec", "-T", "nginx", "sh", "-c", RELOAD, timeout_s=30)


def wait_until_drained(environment: Environment) -> Command:
    """Wait until nginx's old workers are gone: 12 s after a reload as a rule, 40 s at most. No nginx: no wait."""
    return compose(environment, "exec", "-T", "nginx", "sh", "-c", NO_OLD_WORKERS, timeout_s=60, accepts=ABSENT_IS_FINE)
