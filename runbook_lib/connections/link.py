"""The one SSH connection to the server: opened on first use, shared by all, reopened when it dropped while idle."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

from runbook_lib.connections.dialling import Line, dial
from runbook_lib.connections.host_keys import KnownHostTransport, host_keys
from runbook_lib.connections.known_hosts import DEFAULT_PORT
from runbook_lib.connections.ssh_config import Route, find_route
from runbook_lib.connections.ssh_errors import channel_refused, is_refused
from runbook_lib.connections.ssh_keys import close_agent, login_keys
from runbook_lib.connections.ssh_library import paramiko
from runbook_lib.connections.streams import begin_stream, close_quietly
from runbook_lib.connections.translate import translate_errors
from runbook_lib.core.errors import RunbookError
from runbook_lib.core.text import server_address
from runbook_lib.environment.limits import Limits

CONNECT_TIMEOUT_S = 10.0
# sshd's MaxSessions is 10 by default; the lock and the Docker client keep up to three of them open.
SESSIONS_AT_ONCE = 6
SESSION_WAIT_S = 5.0

WEAK = {
    "ciphers": ["aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc", "blowfish-cbc", "arcfour128", "arcfour256"],
    "macs": ["hmac-sha1", "hmac-sha1-96", "hmac-md5", "hmac-md5-96"],
    "kex": ["diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1", "diffie-hellman-group-exchange-sha1"],
    "keys": ["ssh-rsa", "ssh-dss", "ssh-rsa-cert-v01@openssh.com"],
    "pubkeys": ["ssh-rsa", "ssh-dss", "ssh-rsa-cert-v01@openssh.com"],
}

LOG = logging.getLogger(__name__)
logging.getLogger("paramiko").addHandler(logging.NullHandler())  # its errors are translated, not printed
_links: weakref.WeakSet[Link] = weakref.WeakSet()


class Link:
    """An SSH transport to `host`:`port` as `user`, with known hosts and one key; safe to use from several threads.

    `port` and `connect_timeout_s` are None where the environment file leaves them to OpenSSH's configuration, of which
    `config_file` is the file (empty: the user's and the system's; "none": no file).
    """

    def __init__(
        self, *, host: str, port: int | None, user: str, key_file: Path, known_hosts_file: Path,
        connect_timeout_s: float | None = None, config_file: str = "", limits: Limits | None = None,
    ) -> None:
        self.host, self.port, self.user = host, port or DEFAULT_PORT, user
        self.key_file, self.known_hosts_file = Path(key_file), Path(known_hosts_file)
        self.connect_timeout_s = connect_timeout_s or CONNECT_TIMEOUT_S
        self.config_file = config_file
        self.limits = limits or Limits()
        self.address = server_address(user, host, self.port)
        self._port, self._connect_timeout_s = port, connect_timeout_s
        self._notices: set[str] = set()
        self._line: Line | None = None
        self._transport: paramiko.Transport | None = None
        self._retired: list[tuple[paramiko.Transport, Line | None]] = []
        self._opening = threading.Lock()
        self._failed: tuple[float, RunbookError] | None = None
        self._sessions = threading.BoundedSemaphore(SESSIONS_AT_ONCE)
        _links.add(self)

    def transport(self) -> paramiko.Transport:
        """The live transport; connects where there is none. Raises HostUnreachable, HostKeyUnknown, HostKeyChanged,
        AuthenticationRefused."""
        asked = time.monotonic()
        with self._opening:
            current = self._transport
            if current is not None and current.is_active():
                return current
            # who waited for an attempt has its result: eight questions at once must not wait eight times as long
            if self._failed is not None and self._failed[0] >= asked:
                raise self._failed[1]
            self._drop()
            try:
                return self._connect()
            except RunbookError as error:
                self._failed = time.monotonic(), error
                raise

    @contextmanager
    def session(self, doing: str) -> Iterator[paramiko.Channel]:
        """A channel for one command, closed afterwards; waits while too many are open."""
        with self._sessions:
            channel = self.open_session(doing)
            try:
                yield channel
            finally:
                close_quietly(channel)

    def open_session(self, doing: str) -> paramiko.Channel:
        """A channel that its user keeps and closes."""
        return self._open(doing, "session", None)

    def open_stream(self, argv: tuple[str, ...], doing: str, timeout_s: float) -> paramiko.Channel:
        """A channel that is a program's standard input and output; its user closes it. Raises LoginUnusable, …"""
        channel = self.open_session(doing)
        try:
            with translate_errors(self.address, doing):
                begin_stream(channel, argv, self.address, timeout_s)
        except BaseException:
            close_quietly(channel)
            raise
        return channel

    def open_tunnel(self, port: int) -> paramiko.Channel:
        """A channel to a port on the server's own loopback."""
        return self._open(f"127.0.0.1:{port} on the server", "direct-tcpip", ("127.0.0.1", port))

    def _open(self, doing: str, kind: str, target: tuple[str, int] | None) -> paramiko.Channel:
        give_up = time.monotonic() + SESSION_WAIT_S
        may_reconnect = True
        while True:
            transport = self.transport()
            try:
                source = ("127.0.0.1", 0) if target else None
                return transport.open_channel(kind, target, source, timeout=self.connect_timeout_s)
            except (paramiko.SSHException, OSError, EOFError) as error:
                if is_refused(error, active=transport.is_active()):
                    # the server closes its side of a finished session a moment after ours: a short wait is enough
                    if target or time.monotonic() > give_up:
                        raise channel_refused(error, self.address, doing, port=target and target[1]) from error
                    time.sleep(0.05)
                    continue
                self._retire(transport)
                if not may_reconnect:  # nothing was sent yet, so one more connection is safe
                    with translate_errors(self.address, doing, connecting=True):
                        raise
                may_reconnect = False

    def _connect(self) -> paramiko.Transport:
        route = find_route(self.host, self._port, self.user, self.config_file)
        self._notify(route)
        limit_s = self._connect_timeout_s or route.connect_timeout_s or self.connect_timeout_s
        address = self._address_through(route)
        keys = host_keys(self.known_hosts_file, route.host, route.port, address, route.alias)
        logins = login_keys(self.key_file, route, address)
        first = next(logins)  # a key that cannot be used is said before anything is contacted
        with translate_errors(address, "", connecting=True):
            line = dial(route, self.user, str(self.known_hosts_file), limit_s, self.limits.unacknowledged_s)
            transport: paramiko.Transport | None = None
            try:
                transport = KnownHostTransport(line.socket, keys, WEAK)
                transport.banner_timeout = transport.auth_timeout = transport.channel_timeout = limit_s
                transport.start_client(timeout=limit_s)
                # nothing is sent to a server before it has proven who it is
                keys.check(transport.get_remote_server_key())
                self._log_in(transport, chain((first,), logins))
            except BaseException as error:
                broken = isinstance(error, paramiko.SSHException | OSError | EOFError)
                failure = line.failure(address) if broken else None
                if transport is not None:
                    transport.close()
                line.close()
                if failure is not None:
                    raise failure from error
                raise
        transport.set_keepalive(self.limits.keepalive_s)
        self._transport, self._line = transport, line
        return transport

    def _log_in(self, transport: paramiko.Transport, keys: Iterable[paramiko.PKey]) -> None:
        refusal: paramiko.AuthenticationException | None = None
        for key in keys:
            try:
                transport.auth_publickey(self.user, key)
            except paramiko.AuthenticationException as error:
                refusal = refusal or error
                if not transport.is_active():
                    break
            finally:
                close_agent(key)
            if transport.is_authenticated():  # a server may want two keys
                return
        raise refusal or paramiko.AuthenticationException("the server wants more than keys")

    def _notify(self, route: Route) -> None:
        """Tell the operator, once, what their OpenSSH configuration says in vain."""
        for notice in route.notices:
            if notice not in self._notices:
                self._notices.add(notice)
                LOG.warning(notice)

    def _address_through(self, route: Route) -> str:
        elsewhere = (route.host, route.port) != (self.host, self.port)
        return f"{self.address} ({server_address('', route.host, route.port)})" if elsewhere else self.address

    def _retire(self, transport: paramiko.Transport) -> None:
        """Open nothing more on it. One that is only slow may carry other commands, or the lock: it goes on for them."""
        with self._opening:
            if self._transport is transport and transport.is_active():
                self._retired = [*(one for one in self._retired if one[0].is_active()), (transport, self._line)]
                self._transport = self._line = None

    def _drop(self) -> None:
        if self._transport is not None:
            with suppress(Exception):  # it may be broken already
                self._transport.close()
            self._transport = None
        if self._line is not None:
            self._line.close()
            self._line = None

    def close(self) -> None:
        """Close the connection and every channel on it."""
        with self._opening:
            self._drop()
            for transport, line in self._retired:
                with suppress(Exception):
                    transport.close()
                if line is not None:
                    line.close()
            self._retired = []

    def leave_to_parent(self) -> None:
        """In a forked child: let go of the connection and send nothing on it, which would break the parent's.

        The lock on the server is held as long as the connection is open: a child that outlives its parent must not
        keep it open.
        """
        known = [(self._transport, self._line), *self._retired]
        self._transport = self._line = None
        self._retired = []
        self._opening = threading.Lock()
        for transport, line in known:
            if transport is not None:
                # a channel that is collected later announces its end on an active transport
                transport.active = False  # type: ignore[attr-defined]
            if line is not None:
                line.socket.close()


def _leave_to_parent() -> None:
    for link in list(_links):
        link.leave_to_parent()


os.register_at_fork(after_in_child=_leave_to_parent)
