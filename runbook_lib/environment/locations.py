"""Where the environment is: the server, its public address, the names of its secrets and its variable files."""

from __future__ import annotations

import posixpath
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints

from runbook_lib.core.text import server_address
from runbook_lib.environment.types import (
    AbsolutePath,
    BriefSeconds,
    Count,
    HostAndPort,
    Name,
    Port,
    SecretName,
    StrictModel,
    Text,
    UrlAddress,
)

# no dash in front: it would be an option of ssh; a colon may be, in an IPv6 address
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:_][A-Za-z0-9.:_%-]*$")]


class Server(StrictModel):
    """The machine that Docker Compose runs on, reached over SSH with a key and a known host key.

    `host` may be a name of OpenSSH's configuration, which is honoured: what stands here wins over it. `ssh_config_file`
    replaces the user's and the system's configuration; `none` reads no file. `log_directory` is where scheduled jobs
    log; without it, or where they may not write there, they log next to their programs.
    """

    host: Host
    port: Port = 22
    user: Name
    directory: AbsolutePath
    # required, also where ssh's configuration names one: the report says which key a run was allowed to use
    key_file: Text
    known_hosts_file: Text
    connect_timeout_s: BriefSeconds = 10.0
    ssh_config_file: Text | None = None
    log_directory: AbsolutePath | None = None

    @property
    def address(self) -> str:
        """`user@host:port`, for people."""
        return server_address(self.user, self.host, self.port)

    def path(self, *names: str) -> str:
        """A path below the server's project directory."""
        return posixpath.join(self.directory, *names)


class Public(StrictModel):
    """What users type. `connect_to` is the `host:port` really dialled, where that differs from the URL.

    `ca_file` vouches for a certificate of an authority of your own. With `http://` whoever is on the way reads
    passwords and cookies: `no_tls_reason` says why that is meant, as in a closed network. What 00, 10 and 40 ask of a
    certificate is not applicable then, with that reason.
    """

    url: UrlAddress
    connect_to: HostAndPort | None = None
    ca_file: Text | None = None
    no_tls_reason: Text | None = None

    @property
    def scheme(self) -> str:
        """`https` or `http`."""
        return urlsplit(self.url).scheme

    @property
    def tls(self) -> bool:
        """Whether users reach it by https."""
        return self.scheme == "https"

    @property
    def host(self) -> str:
        """The host name of the URL, without its port; an IPv6 address in its brackets."""
        name = urlsplit(self.url).hostname or ""
        return f"[{name}]" if ":" in name else name

    @property
    def origin(self) -> str:
        """Scheme and host, without the port: how a request of users begins, as the application sees it."""
        return f"{self.scheme}://{self.host}"

    @property
    def port(self) -> int:
        """The port of the URL: that of its scheme where none is named."""
        return urlsplit(self.url).port or (443 if self.tls else 80)

    @property
    def can_be_read(self) -> bool:
        """Whether what this machine sends there crosses a network in plain text."""
        dialled = urlsplit(f"//{self.connect_to}").hostname if self.connect_to else self.host.strip("[]")
        return not self.tls and not _is_this_machine(dialled or "")


def public_faults(public: Public, https_enforced: bool) -> list[str]:
    """What is wrong with the public address: plain http without a reason, or TLS that it has not."""
    if public.tls:
        return ["public.no_tls_reason: public.url begins with https://; leave it out, or write http://"] \
            if public.no_tls_reason else []
    faults = [] if public.no_tls_reason else [
        "public.no_tls_reason: is missing; over http:// whoever is on the way reads passwords and cookies: say why "
        "that is meant, or write https:// in public.url"]
    faults += ["public.ca_file: public.url begins with http://, which has no certificate; leave it out"] \
        if public.ca_file else []
    return faults + (["tls.https_enforced: public.url begins with http://; write false, or leave `tls` out"]
                     if https_enforced else [])


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class SecretSpec(StrictModel):
    """A secret by name: what needs it, how long it must be at least, and whether the server or CI holds it.

    A `required` one of the server's must be given to a deployment, which delivers it; with the strategy recreate none
    is delivered, because the application's own files on the server have them.

    A `url_safe` one becomes part of a URL and may hold only letters, digits, `-`, `_`, `.` and `~`. One that is not
    `redacted` is kept with the secrets without being one: the host's name, the user's. `database_role` has it as its
    password, where no variable of the application names that role: the one that monitoring logs in as.
    """

    needed_by: Annotated[tuple[Text, ...], Field(min_length=1)]
    minimum_length: Count
    side: Literal["server", "ci"]
    required: bool = True
    url_safe: bool = False
    redacted: bool = True
    database_role: Name | None = None


class EnvironmentFile(StrictModel):
    """A file of variables in the repository. A value names secrets as `${NAME}` and never holds one."""

    variables: dict[SecretName, str]
