"""The one SSH connection to the server: opened on first use, shared by all, reopened when it dropped while idle."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from paramiko.pkey import UnknownKeyType

from runbook_lib.connections.host_keys import HostKeys, KnownHostTransport, host_keys
from runbook_lib.connections.streams import begin_stream
from runbook_lib.connections.translate import translate_errors
from runbook_lib.core.errors import AuthenticationRefused

KEEPALIVE_S = 5
# Keepalive alone does not notice a black hole: the kernel must time out unacknowledged data too.
USER_TIMEOUT_MS = 8_000
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

logging.getLogger("paramiko").addHandler(logging.NullHandler())  # its errors are translated, not printed


class Link:
    """An SSH transport to `host`:`port` as `user`, with known hosts and one key; safe to use from several threads."""

    def __init__(
        self, *, host: str, port: int, user: str, key_file: Path, known_hosts_file: Path, connect_timeout_s: float
    ) -> None:
        self.host, self.port, self.user = host, port, user
        self.key_file, self.known_hosts_file = Path(key_file), Path(known_hosts_file)
        self.connect_timeout_s = connect_timeout_s
        self.address = f"{user}@{host}:{port}"
        self._transport: paramiko.Transport | None = None
        self._opening = threading.Lock()
        self._sessions = threading.BoundedSemaphore(SESSIONS_AT_ONCE)

    def transport(self) -> paramiko.Transport:
        """The live transport; connects where there is none. Raises HostUnreachable, HostKeyUnknown, HostKeyChanged,
        AuthenticationRefused."""
        with self._opening:
            current = self._transport
            if current is None or not current.is_active():
                self._drop()
                current = self._connect()
            return current

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
            except paramiko.ChannelException:
                # the server closes its side of a finished session a moment after ours: a short wait is enough
                if target or time.monotonic() > give_up:
                    with translate_errors(self.address, doing):
                        raise
                time.sleep(0.05)
            except (paramiko.SSHException, OSError, EOFError):
                transport.close()
                if not may_reconnect:  # nothing was sent yet, so one more connection is safe
                    with translate_errors(self.address, doing, connecting=True):
                        raise
                may_reconnect = False

    def _connect(self) -> paramiko.Transport:
        keys = host_keys(self.known_hosts_file, self.host, self.port, self.address)
        key = load_key(self.key_file, self.address)
        with translate_errors(self.address, "", connecting=True):
            raw = socket.create_connection((self.host, self.port), timeout=self.connect_timeout_s)
            transport: paramiko.Transport | None = None
            try:
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                raw.setsockopt(socket.IPPROTO_TCP, getattr(socket, "TCP_USER_TIMEOUT", 18), USER_TIMEOUT_MS)
                transport = KnownHostTransport(raw, keys, WEAK)
                self._log_in(transport, keys, key)
            except BaseException:
                if transport is not None:
                    transport.close()
                raw.close()
                raise
        self._transport = transport
        return transport

    def _log_in(self, transport: paramiko.Transport, keys: HostKeys, key: paramiko.PKey) -> None:
        limit_s = self.connect_timeout_s
        transport.banner_timeout = transport.auth_timeout = transport.channel_timeout = limit_s
        transport.start_client(timeout=limit_s)
        # nothing is sent to a server before it has proven who it is
        keys.check(transport.get_remote_server_key())
        transport.auth_publickey(self.user, key)
        transport.set_keepalive(KEEPALIVE_S)

    def _drop(self) -> None:
        if self._transport is not None:
            with suppress(Exception):  # it may be broken already
                self._transport.close()
            self._transport = None

    def close(self) -> None:
        """Close the connection and every channel on it."""
        with self._opening:
            self._drop()


def close_quietly(channel: paramiko.Channel) -> None:
    """Close a channel; on a broken link it cannot be announced, and the break is reported elsewhere."""
    with suppress(paramiko.SSHException, OSError, EOFError):
        channel.close()


def load_key(file: Path, address: str) -> paramiko.PKey:
    """The private key in `file`. Raises AuthenticationRefused where it cannot be read or used."""
    try:
        return paramiko.PKey.from_path(file)
    except OSError as error:
        reason, cause = f"cannot be read ({error.strerror})", cast(Exception, error)
    except (paramiko.PasswordRequiredException, TypeError) as error:
        reason, cause = "is protected by a passphrase", error
    # what paramiko and cryptography raise for other formats and algorithms
    except (paramiko.SSHException, UnknownKeyType, UnsupportedAlgorithm, ValueError, LookupError) as error:
        reason, cause = "is not a private key that can be used", error
    raise AuthenticationRefused(
        f"The key file {file} {reason}.",
        where=address,
        next_step="Set server.key_file in the environment file to a private key without a passphrase.",
    ) from cause

