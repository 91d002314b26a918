"""The Docker SDK over our own SSH link: no second login, and no file below ~/.ssh is read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import docker
from docker.transport.sshconn import SSHConnection, SSHConnectionPool, SSHHTTPAdapter

from runbook_lib.connections.docker_errors import docker_unavailable
from runbook_lib.connections.link import Link
from runbook_lib.connections.quoting import shell_join
from runbook_lib.connections.ssh import SshServer
from runbook_lib.connections.translate import Over, translate_errors
from runbook_lib.core.commands import Command
from runbook_lib.core.engine import ask_engine
from runbook_lib.core.errors import DockerUnavailable, FactUnreadable, LinkDropped

Answer = TypeVar("Answer")

# Each connection of the pool keeps one session of sshd's MaxSessions.
CONNECTIONS = 2
TIMEOUT_S = 60
_OLDEST_API = "1.41"
DIAL = ("docker", "system", "dial-stdio")


class ServerDocker:
    """The engine on the server; `client()` is a docker.DockerClient."""

    def __init__(self, server: SshServer) -> None:
        self._server = server
        self._client: Any = None
        self._opening = threading.Lock()

    def client(self) -> Any:
        """A connected docker.DockerClient. Raises DockerUnavailable when no engine answers, HostUnreachable, …"""
        with self._opening:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def ask(self, question: Callable[[Any], Answer], doing: str) -> Answer:
        """What `question(client)` returns. Raises FactUnreadable for a refusal of the engine, DockerUnavailable, …"""
        client = self.client()
        with translate_errors(self._server.address, doing, over=Over.DOCKER):
            return question(client)

    def _connect(self) -> Any:
        self._server.link.transport()  # a server that cannot be reached is not a missing engine
        # Nothing is dialled here: the address is replaced by our link before the first request.
        client = docker.DockerClient(base_url="http://127.0.0.1:1", version=_OLDEST_API, timeout=TIMEOUT_S)
        api = client.api
        api.trust_env = False
        api.base_url = "http+docker://ssh"
        api.mount("http+docker://", _LinkAdapter(self._server.link))
        try:
            with translate_errors(self._server.address, shell_join(DIAL), over=Over.DOCKER):
                api._version = api._retrieve_server_version()
        except (DockerUnavailable, FactUnreadable, LinkDropped) as error:
            # dial-stdio prints its reason on stderr, which the SDK does not read: the docker command shows it
            asked = Command(("docker", "version", "--format", "{{.Server.Version}}"))
            result = ask_engine(self._server.execute, asked)
            reason = result.stderr.strip() or error.what
            raise docker_unavailable(reason, self._server.address, shell_join(DIAL)) from error
        return client

    def close(self) -> None:
        """Close the client; the link stays open for others."""
        if self._client is not None:
            with suppress(Exception):  # the link may be gone already
                self._client.close()
            self._client = None


class _LinkConnection(SSHConnection):  # type: ignore[misc]
    def __init__(self, link: Link) -> None:
        super().__init__(timeout=TIMEOUT_S, host=link.host)
        self._link = link

    def connect(self) -> None:
        self.sock = self._link.open_stream(DIAL, shell_join(DIAL), TIMEOUT_S)


class _LinkPool(SSHConnectionPool):  # type: ignore[misc]
    """Connections that are sessions of our link, so that a reopened link is used as soon as it is there."""

    def __init__(self, link: Link) -> None:
        super().__init__(ssh_client=None, timeout=TIMEOUT_S, maxsize=CONNECTIONS, host=link.host)
        self.block = True
        self._link = link

    def _new_conn(self) -> Any:
        return _LinkConnection(self._link)

    def _get_conn(self, timeout: Any = None) -> Any:
        connection = super()._get_conn(timeout)
        # a kept session whose link has dropped is replaced before anything is sent on it
        return self._new_conn() if getattr(connection.sock, "closed", False) else connection


class _LinkAdapter(SSHHTTPAdapter):  # type: ignore[misc]
    def __init__(self, link: Link) -> None:
        super().__init__("ssh://" + link.host, timeout=TIMEOUT_S, max_pool_size=CONNECTIONS, shell_out=True)
        self._pool = _LinkPool(link)

    def get_connection(self, url: Any, proxies: Any = None) -> Any:
        return self._pool

    def close(self) -> None:
        self._pool.close()
