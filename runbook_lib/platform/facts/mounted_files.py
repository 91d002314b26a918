"""Files that the proxy has mounted by their own names: it keeps the earlier ones until it is started again."""

from __future__ import annotations

from dataclasses import dataclass

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of, lines_of, printable
from runbook_lib.environment import Environment


@dataclass(frozen=True)
class StaleFile:
    """A file on the server, and its place in the container, which still has the earlier one."""

    source: str
    place: str


def stale_files(environment: Environment, service: str) -> Question[tuple[StaleFile, ...]]:
    """The mounted files of a service that are other ones on the server; empty where it does not run.

    What the container or the operator's user cannot read is left out. Raises FactUnreadable. Source: `docker inspect`.
    """
    command = Command(("bash", "-s", "--", environment.project, service),
                      stdin=programs.text("platform/mounted_files.sh"), timeout_s=30)

    def fetch(connections: Connections) -> tuple[StaleFile, ...]:
        return tuple(_stale(line) for line in lines_of(connections.server.run(command).stdout))

    return Question(f"mounted files of {service}", fetch)


def proxy_files(environment: Environment) -> Question[tuple[StaleFile, ...] | None]:
    """The mounted files of the proxy that are other ones on the server; None where no proxy keeps any.

    Raises FactUnreadable. Source: `docker inspect`.
    """
    proxy = environment.proxy
    if proxy is None or proxy.service is None or not proxy.may_be_nginx:
        return Question("mounted files of the proxy", lambda connections: None)
    return stale_files(environment, proxy.service)  # type: ignore[return-value]


def _stale(line: str) -> StaleFile:
    source, tab, place = line.partition("\t")
    if not tab:
        raise FactUnreadable(f"a mounted file was named in an unknown form: {head_of(printable(line), 80)!r}",
                             where="docker inspect")
    return StaleFile(printable(source), printable(place))
