"""The Docker SDK over our own SSH link: no second login, and no file in anybody's ~/.ssh is read."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import docker
import requests
from docker.transport.sshconn import SSHConnectionPool, SSHHTTPAdapter

from runbook_lib.connections.link import Link
from runbook_lib.connections.ssh import SshServer
from runbook_lib.connections.translate import docker_error, translate_errors
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import LinkDropped

# Each connection of the pool keeps one session of sshd's MaxSessions.
CONNECTIONS = 2
TIMEOUT_S = 60
_OLDEST_API = "1.41"
_DIAL = "docker system dial-stdio"


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

    def _connect(self) -> Any:
        self._server.link.transport()  # a server that cannot be reached is not a missing engine
        # Nothing is dialled here: the address is replaced by our link before the first request.
        client = docker.DockerClient(base_url="http://127.0.0.1:1", version=_OLDEST_API, timeout=TIMEOUT_S)
        api = client.api
        api.trust_env = False
        api.base_url = "http+docker://ssh"
        api.mount("http+docker://", _LinkAdapter(self._server.link))
        try:
            with translate_errors(self._server.address, _DIAL):
                api._version = api._retrieve_server_version()
        except (docker.errors.DockerException, requests.RequestException, LinkDropped) as error:
            # dial-stdio tells its reason on stderr, which the SDK does not read: ask again in plain words
            told = self._server.execute(Command(("docker", "version", "--format", "{{.Server.Version}}")))
            reason = RuntimeError(told.stderr.strip() or str(error))
            raise docker_error(reason, self._server.address, _DIAL) from error
        return client

    def close(self) -> None:
        if self._client is not None:
            with suppress(Exception):  # the link may be gone already
                self._client.close()
            self._client = None


class _LinkPool(SSHConnectionPool):  # type: ignore[misc]
    """Connections that are sessions of our link, so that a reopened link is used as soon as it is there."""

    def __init__(self, link: Link) -> None:
        super().__init__(ssh_client=None, timeout=TIMEOUT_S, maxsize=CONNECTIONS, host=link.host)
        self.block = True
        self._link = link

    def _new_conn(self) -> Any:
        connection = super()._new_conn()
        connection.ssh_transport = self._link.transport()
        return connection

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
