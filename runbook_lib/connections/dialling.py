"""The socket to sshd: a TCP connection, or a program (ProxyJump, ProxyCommand) that OpenSSH's configuration names."""

from __future__ import annotations

import shlex
import socket
import subprocess
import tempfile
from contextlib import suppress
from typing import IO

from runbook_lib.connections.dialled import resolve
from runbook_lib.connections.ssh_config import Route
from runbook_lib.core.errors import HostUnreachable

ENDING_S = 2.0
_FAMILIES = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}


class Line:
    """A connected socket, and the program at its other end where there is one."""

    def __init__(self, connection: socket.socket, process: subprocess.Popen[bytes] | None = None,
                 errors: IO[bytes] | None = None, through: str = "") -> None:
        self.socket, self._process, self._errors, self._through = connection, process, errors, through

    def close(self) -> None:
        """Close the socket, and end the program behind it."""
        with suppress(OSError):
            self.socket.close()
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(ENDING_S)
        if self._errors is not None:
            self._errors.close()

    def failure(self, address: str) -> HostUnreachable | None:
        """Why the program could not reach the server, in its own words; None while it runs, or without one."""
        if self._process is None or self._errors is None:
            return None
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDING_S)
        if self._process.returncode is None:
            return None
        self._errors.seek(0)
        printed = " ".join(self._errors.read(2000).decode("utf-8", "replace").split())[-300:]
        return HostUnreachable(
            f"{self._through} did not reach the server: {printed or f'exit code {self._process.returncode}'}",
            where=address,
            next_step="Try the same with `ssh -v`: the way is the one that OpenSSH's configuration names.")


def dial(route: Route, user: str, known_hosts_file: str, timeout_s: float, unacknowledged_s: float) -> Line:
    """Connect to the route's sshd; a connection whose data are not acknowledged for `unacknowledged_s` breaks.

    Raises OSError, and HostUnreachable where no address of the family is known.
    """
    if route.proxy_jump:
        words = jump_command(route, known_hosts_file, timeout_s)
        return _program(words, f"ProxyJump {route.proxy_jump}")
    if route.proxy_command:
        command = expand_tokens(route.proxy_command, route, user)
        return _program(("sh", "-c", f"exec {command}"), "ProxyCommand")
    return Line(_connect(route, timeout_s, unacknowledged_s))


def _connect(route: Route, timeout_s: float, unacknowledged_s: float) -> socket.socket:
    wanted = _FAMILIES.get(route.family, socket.AF_UNSPEC)
    source = (route.bind_address, 0) if route.bind_address else None
    failure: OSError | None = None
    for _family, address in resolve(route.host, route.port, timeout_s, wanted):
        try:
            made = socket.create_connection((str(address[0]), route.port), timeout_s, source)
        except OSError as error:
            failure = failure or error
            continue
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # keepalive alone does not notice a black hole: the kernel must time out unacknowledged data too
        made.setsockopt(socket.IPPROTO_TCP, getattr(socket, "TCP_USER_TIMEOUT", 18), round(1000 * unacknowledged_s))
        return made
    raise failure or OSError(f"{route.host} has no address of the family {route.family}")


def jump_command(route: Route, known_hosts_file: str, timeout_s: float) -> tuple[str, ...]:
    """The ssh command that ProxyJump stands for; each hop's own configuration, keys and host keys count there."""
    hops = tuple(route.proxy_jump.split(","))
    return _jump(hops, f"[{route.host}]:{route.port}", route.config_file, known_hosts_file, timeout_s)


def _jump(hops: tuple[str, ...], target: str, config_file: str, known_hosts_file: str,
          timeout_s: float) -> tuple[str, ...]:
    user, host, port = parse_hop(hops[-1])
    # as ssh itself does it for several hops; its -J would not hand our options on to the first of them
    through = shlex.join(_jump(hops[:-1], "[%h]:%p", config_file, known_hosts_file, timeout_s)) if hops[1:] else ""
    return (
        "ssh", *(("-F", config_file) if config_file else ()),
        "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", f"ConnectTimeout={max(1, round(timeout_s))}",
        "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=2",
        "-o", "ControlMaster=no", "-o", "ControlPath=none",
        # next to the user's own: on a machine without any, the environment's file is what there is
        "-o", f'GlobalKnownHostsFile="/etc/ssh/ssh_known_hosts" "{known_hosts_file}"',
        *(("-o", f"ProxyCommand={through}") if through else ()), *(("-l", user) if user else ()),
        *(("-p", port) if port else ()), "-W", target, "--", host)


def parse_hop(hop: str) -> tuple[str, str, str]:
    """User, host and port of `[user@]host[:port]` or `ssh://[user@]host[:port]`; empty where not given."""
    user, _, place = hop.strip().removeprefix("ssh://").rstrip("/").rpartition("@")
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        return user, host, port.removeprefix(":")
    host, colon, port = place.rpartition(":")
    # more than one colon: an IPv6 address without a port
    return (user, host, port) if colon and ":" not in host else (user, place, "")


def expand_tokens(command: str, route: Route, user: str) -> str:
    """A ProxyCommand with %h, %p, %r, %n and %% replaced. Raises HostUnreachable for any other token."""
    tokens = {"h": route.host, "p": str(route.port), "r": user, "n": route.host, "%": "%"}
    expanded, rest = "", command
    while "%" in rest:
        text, _, rest = rest.partition("%")
        if rest[:1] not in tokens:
            raise HostUnreachable(f"ProxyCommand has the token %{rest[:1]}, which cannot be honoured.",
                                  where=route.host,
                                  next_step="Use %h, %p, %r, %n or %% in that ProxyCommand, or ProxyJump.")
        expanded, rest = expanded + text + tokens[rest[0]], rest[1:]
    return expanded + rest


def _program(words: tuple[str, ...], through: str) -> Line:
    ours, theirs = socket.socketpair()
    errors = tempfile.TemporaryFile()  # noqa: SIM115  # read after the program's end
    try:
        # in a session of its own: a Ctrl-C is for the run, which may still need its link to undo
        process = subprocess.Popen(words, stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=errors,
                                   start_new_session=True)
    except OSError:
        ours.close()
        errors.close()
        raise
    finally:
        theirs.close()
    return Line(ours, process, errors, through)
