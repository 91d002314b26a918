"""How facts are asked: questions, the connections they are put to, and the replies they parse.

Only `connections/` opens sockets and starts processes; facts see these protocols, and tests hand them
`connections.scripted`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from runbook_lib.core.foreign_json import read_json

if TYPE_CHECKING:
    from pathlib import Path

    from runbook_lib.core.browsing import Browser
    from runbook_lib.core.commands import Command

T = TypeVar("T")


@dataclass(frozen=True)
class CommandResult:
    """The output of a finished command. `exit_code` is never guessed: a command whose end was not seen raises."""

    command: str
    exit_code: int
    stdout: str
    stderr: str
    seconds: float


@dataclass(frozen=True)
class HttpReply:
    """One HTTP exchange. `seconds` runs from the first byte sent to the last byte read.

    `body` is unpacked; `sent_bytes` is what came over the network for it, None where that was not counted.
    """

    url: str
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float
    sent_bytes: int | None = None

    def header(self, name: str) -> str:
        """The value of a header, whatever its case; empty where there is none."""
        return next((value for known, value in self.headers.items() if known.lower() == name.lower()), "")

    @property
    def request_id(self) -> str:
        """What the server calls this exchange in its logs (X-Request-ID); empty where it gives no name."""
        return self.header("x-request-id")

    @property
    def text(self) -> str:
        """The body as UTF-8; bytes that are not are replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises ValueError."""
        return read_json(self.body)


@dataclass(frozen=True)
class TlsHandshake:
    """A certificate as served (DER), and what was negotiated. `verify_error` is why it does not verify, or empty.

    `dated`: because it is not valid yet, or not any more, by this machine's clock.
    """

    certificate: bytes
    protocol: str
    cipher: str
    verify_error: str
    dated: bool = False


class Conversation(Protocol):
    """A program on the server that answers each line with one line; safe to ask from several threads."""

    @property
    def ended(self) -> bool:
        """Whether it can be asked no more: it has ended, or its last answer did not come."""

    def ask(self, line: str, *, timeout_s: float) -> str | CommandResult:
        """Its answer without the line's end; or how it ended without one, where the command accepts that.

        Raises CommandTimedOut, LinkDropped, and what `Server.run` raises.
        """


class Server(Protocol):
    """The staging server, reached over SSH."""

    address: str

    def run(self, command: Command) -> CommandResult:
        """Run a read-only command to its end. An exit code outside `command.accepts` raises FactUnreadable."""

    def converse(self, command: Command) -> AbstractContextManager[Conversation]:
        """A read-only program that begins with the first line it is asked, and ends with the block."""

    def read(self, path: str, *, limit_bytes: int = 1_000_000) -> bytes | None:
        """The first `limit_bytes` of a file, or None where there is no such file."""

    def download(self, command: Command, to: Path, *, limit_bytes: int) -> CommandResult:
        """Run a read-only command and write its output to a file of this machine, byte for byte; `stdout` is empty.

        More than `limit_bytes`, and an exit code outside `command.accepts`, raise FactUnreadable.
        """


class Http(Protocol):
    """The public address of the environment, TLS verified against the environment's CA file."""

    def request(self, method: str, path: str, *, json: Any = None, form: dict[str, str] | None = None,
                headers: dict[str, str] | None = None, timeout_s: float = 10.0) -> HttpReply:
        """One exchange; any HTTP status is a reply. Raises EndpointUnavailable when there is none."""

    def handshake(self) -> TlsHandshake:
        """The certificate as served, good or not. Raises EndpointUnavailable when there is no handshake at all."""

    def accepts_protocol(self, protocol: str) -> bool | None:
        """Whether the server speaks `TLSv1`, `TLSv1.1`, …; None when this machine cannot try."""


class Docker(Protocol):
    """The server's Docker Engine over the same SSH connection: a docker.DockerClient."""

    def client(self) -> Any:
        """The client, connected. Raises DockerUnavailable."""


class Database(Protocol):
    """The environment's PostgreSQL, asked through the server, in a read-only transaction."""

    def rows(self, sql: str, *, timeout_s: float = 30.0, database: str | None = None) -> list[dict[str, Any]]:
        """The rows of one SELECT, as dictionaries; in another `database` of the same server, where one is named."""


class Prometheus(Protocol):
    """The environment's Prometheus, asked through the server."""

    def get(self, path: str, **parameters: str) -> Any:
        """`data` of an /api/v1 reply, e.g. get("query", query="up"). Raises EndpointUnavailable, FactUnreadable."""


class Alertmanager(Protocol):
    """The environment's Alertmanager, asked through the server."""

    def get(self, path: str) -> Any:
        """A reply of /api/v2, e.g. get("alerts"). Raises EndpointUnavailable, FactUnreadable."""


class Load(Protocol):
    """A load generator on this machine; none starts in plan mode."""

    def start(self, job: Mapping[str, Any]) -> None:
        """Begin to send to the public address. Raises Refused."""

    def progress(self) -> Mapping[str, Any]:
        """How far it is; empty before its first line."""

    def result(self) -> Mapping[str, Any] | None:
        """The result; None while it is in progress. Raises RunFailed when it ended without one."""

    def end(self) -> Mapping[str, Any] | None:
        """Stop sending, remove what was made; the result, if there is one."""


class Connections(Protocol):
    """All connections to one environment. Each opens on first use and is kept for the whole run."""

    # read-only: whoever implements them may be more specific
    @property
    def server(self) -> Server:
        """The server's files and commands."""

    @property
    def http(self) -> Http:
        """The public address."""

    @property
    def docker(self) -> Docker:
        """The server's Docker Engine."""

    @property
    def database(self) -> Database:
        """The database in its container."""

    @property
    def prometheus(self) -> Prometheus:
        """The metrics."""

    @property
    def alertmanager(self) -> Alertmanager:
        """What is done with alerts."""

    @property
    def browser(self) -> Browser:
        """A browser on this machine, which reaches the public address."""

    @property
    def load(self) -> Load:
        """A load generator on this machine, which reaches the public address."""


@dataclass(frozen=True)
class Question(Generic[T]):
    """A named, read-only question about the environment; `writes` is what one does leave for a while, in words.

    `lasts_s` is about how long one takes by its nature, in seconds: an operator is informed of it beforehand.
    """

    name: str
    fetch: Callable[[Connections], T] = field(compare=False)
    writes: str = field(default="", compare=False)
    lasts_s: float = field(default=0.0, compare=False)
