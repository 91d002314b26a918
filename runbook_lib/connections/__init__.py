"""The only package with sockets and processes. `open_connections` gives everything that a run may connect to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from runbook_lib.core.redaction import Redactor, Secret

if TYPE_CHECKING:
    from runbook_lib.connections.alertmanager import ServerAlertmanager
    from runbook_lib.connections.browser import Chromium
    from runbook_lib.connections.docker import ServerDocker
    from runbook_lib.connections.http import PublicHttp
    from runbook_lib.connections.load import LoadGenerator
    from runbook_lib.connections.postgres import ServerDatabase
    from runbook_lib.connections.prometheus import ServerPrometheus
    from runbook_lib.connections.ssh import SshServer
    from runbook_lib.environment import Environment


class OpenConnections:
    """The connections of one environment. Nothing is imported or opened before its first use."""

    def __init__(self, environment: Environment, redactor: Redactor, changes_allowed: bool) -> None:
        self._environment, self._redactor, self._changes_allowed = environment, redactor, changes_allowed

    @cached_property
    def server(self) -> SshServer:
        """The server over SSH."""
        from pathlib import Path

        from runbook_lib.connections.link import Link
        from runbook_lib.connections.ssh import SshServer

        settings = self._environment.server
        link = Link(
            host=settings.host,
            port=settings.port if "port" in settings.model_fields_set else None,
            user=settings.user,
            key_file=Path(settings.key_file),
            known_hosts_file=Path(settings.known_hosts_file),
            connect_timeout_s=settings.connect_timeout_s if "connect_timeout_s" in settings.model_fields_set else None,
            config_file=settings.ssh_config_file or "",
            limits=self._environment.limits,
        )
        return SshServer(link, settings.directory, self._redactor, changes_allowed=self._changes_allowed)

    @cached_property
    def http(self) -> PublicHttp:
        """The public address. Raises EnvironmentInvalid where the file that vouches for it cannot be read."""
        from pathlib import Path

        from runbook_lib.connections.http import PublicHttp
        from runbook_lib.connections.local_files import OTHER_CERTIFICATE, must_be_readable

        public = self._environment.public
        if public.ca_file:
            must_be_readable("certificate file", Path(public.ca_file), OTHER_CERTIFICATE)
        return PublicHttp(public.url, connect_to=public.connect_to, ca_file=public.ca_file)

    @cached_property
    def docker(self) -> ServerDocker:
        """The server's Docker Engine."""
        from runbook_lib.connections.docker import ServerDocker

        return ServerDocker(self.server)

    @cached_property
    def database(self) -> ServerDatabase:
        """The environment's PostgreSQL. Raises AbsentPart where it has none."""
        from runbook_lib.connections.postgres import ServerDatabase

        database = self._environment.postgres
        return ServerDatabase(self.server, database=database.name, user=database.owner,
                              project=self._environment.project, service=database.service)

    @cached_property
    def prometheus(self) -> ServerPrometheus:
        """The environment's Prometheus."""
        from runbook_lib.connections.prometheus import ServerPrometheus

        service = self._environment.services.get(self._environment.metrics_service)
        return ServerPrometheus(self.server, port=(service.loopback_port if service else None) or 9090)

    @cached_property
    def alertmanager(self) -> ServerAlertmanager:
        """The environment's Alertmanager."""
        from runbook_lib.connections.alertmanager import ServerAlertmanager

        service = self._environment.services.get(self._environment.alerts_service)
        return ServerAlertmanager(self.server, port=(service.loopback_port if service else None) or 9093)

    @cached_property
    def browser(self) -> Chromium:
        """A browser on this machine."""
        from runbook_lib.connections.browser import Chromium

        public = self._environment.public
        return Chromium(public.url, connect_to=public.connect_to, ca_file=public.ca_file)

    @cached_property
    def load(self) -> LoadGenerator:
        """A load generator on this machine."""
        from runbook_lib.connections.load import LoadGenerator

        public = self._environment.public
        return LoadGenerator(public.url, connect_to=public.connect_to, ca_file=public.ca_file,
                             allowed=self._changes_allowed)

    def close(self) -> None:
        """Close what was opened, the load first: it is what users would feel."""
        for name in ("load", "docker", "http", "server"):
            opened: Any = self.__dict__.pop(name, None)
            if opened is not None:
                opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_connections(
    environment: Environment, secrets: Mapping[str, Secret] | Iterable[Secret] = (), *, changes_allowed: bool = True,
    redactor: Redactor | None = None,
) -> OpenConnections:
    """All connections to `environment`, each opened on first use; a context manager that closes them.

    `secrets` are kept out of error messages, or what the `redactor` of a run knows. With `changes_allowed` False no job
    can start and no lock be taken.
    """
    from runbook_lib.environment.redaction import redactor_for

    return OpenConnections(environment, redactor or redactor_for(environment, secrets), changes_allowed)
