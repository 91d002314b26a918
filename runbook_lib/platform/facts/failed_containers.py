"""What containers leave that a failed step has started, and an undo will remove: state, health checks, last lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.questions import Question
from runbook_lib.core.text import lines_of, to_last_line
from runbook_lib.platform.facts.log_lines import log_line, sanitize, severe_line

TIMEOUT_S = 20.0  # users may be waiting for the undo
MARGIN_S = 10.0  # between the clocks of two questions
CUT_BY_DOCKER = 4_000  # bytes of a health check's output; Docker keeps 4,096. Source: moby, daemon/health.go
FEW_LINES = 5  # of one start: all of them are its last words
SENTENCE_ENDS = (".", ":", ";", ",", "!", "?")
_STOPPED = frozenset((0, 137, 143))  # exit codes of a container that was stopped, or had finished
# what ends a program, as Python, Java, Node and Go write it
_RAISED = re.compile(r"(?:[\w$]+\.)*(?:[A-Z]\w*)?(?:Error|Exception)\b(?::|$)|panic: |thread '.*' panicked at ")
_TRACEBACK = "Traceback (most recent call last)"


@dataclass(frozen=True)
class FailedContainer:
    """One container as it was before an undo. `checks` are the last outputs of its health check with their exit codes,
    oldest first; `lines` its last log lines. `recent`: made, started or ended since the execution began."""

    service: str
    name: str
    state: str
    health: str
    exit_code: int
    oom_killed: bool
    recent: bool
    checks: tuple[tuple[int, str], ...] = ()
    lines: tuple[str, ...] = ()

    @property
    def at_fault(self) -> bool:
        """Whether it shows a fault of its own, and not only that it was stopped."""
        ended = self.state == "exited" and self.exit_code not in _STOPPED
        return self.recent and (ended or self.oom_killed or self.state in ("restarting", "dead")
                                or self.health in ("unhealthy", "starting"))

    @property
    def condition(self) -> str:
        """State, health, and exit code of one that ended: `running, unhealthy`, `exited with 3, killed for memory`."""
        ended = self.state in ("exited", "dead", "restarting")
        state = f"{self.state} with {self.exit_code}" if ended else self.state
        return ", ".join((state, *[self.health] * bool(self.health and self.state == "running"),
                          *["killed for memory"] * self.oom_killed))

    @property
    def reason(self) -> str:
        """What it logged last of an error; else, of one at fault, its last words, or its health check's; else empty.

        One that runs logs what it does, and its health check says what it does not do: that comes first.
        """
        found = telling_line(self.lines)
        if found or not self.at_fault:
            return found
        output = next((text for code, text in reversed(self.checks) if code and text.strip()), "")
        checked = " ".join(output.split())
        if self.state == "running" and checked:
            return sanitize(f"its health check: {checked}")
        return sanitize(_last_words(self.lines) or checked)


def _last_words(lines: tuple[str, ...]) -> str:
    """The last line; of one that logs next to nothing before it ends, all of its last start: the last line of a few
    often says only what to do about the others.
    """
    logged = [" ".join(_message_of(line).split()) for line in lines if line.strip()]
    if not logged:
        return ""
    # started again and again, it logs the same each time
    earlier = [place for place, line in enumerate(logged[:-1]) if line == logged[-1]]
    last_start = logged[earlier[-1] + 1:] if earlier else logged
    if len(last_start) > FEW_LINES:
        return logged[-1]
    return " ".join(line if line.endswith(SENTENCE_ENDS) else f"{line};" for line in last_start).removesuffix(";")


def _message_of(line: str) -> str:
    """What a line of JSON has as its message; any other line as it is."""
    return log_line(line, None, "").message or line if line.lstrip().startswith("{") else line


def failed_containers(project: str, since_s: float) -> Question[tuple[FailedContainer, ...]]:
    """The containers of a Compose project that were made, started or ended in the last `since_s` seconds, and any that
    is not healthy; at most 20, one-off ones too. Raises FactUnreadable. Source: `docker inspect`, `docker logs`.
    """
    argv = ("bash", "-s", "--", project, str(int(since_s + MARGIN_S)))
    command = Command(argv, stdin=programs.text("platform/failed_containers.sh"), timeout_s=TIMEOUT_S)
    return Question("containers of the failed step",
                    lambda connections: parse_failed(connections.server.run(command).stdout))


def parse_failed(text: str) -> tuple[FailedContainer, ...]:
    """The reply of failed_containers.sh. Raises FactUnreadable for any other text."""
    found: list[tuple[str, list[str]]] = []
    for line in lines_of(text):
        if line.startswith("C "):
            found.append((line[2:], []))
        elif line.startswith("L ") and found:
            found[-1][1].append(line[2:])
    try:
        return tuple(_container(head, tuple(lines)) for head, lines in found)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FactUnreadable("`docker inspect` replied in an unknown form.") from error


def telling_line(lines: tuple[str, ...]) -> str:
    """The line of a log that names the error: what was raised last, else the last severe one; empty without either."""
    raised = severe = ""
    tracing = False
    for line in lines:
        if line.lstrip().startswith("{"):  # an object has its trace inside: the next line is none of it
            if (one := severe_line(line, None, "")) and _TRACEBACK in line:
                raised = one.message
            elif one:
                severe = one.message
        elif _TRACEBACK in line:
            tracing = True
        elif tracing and line.strip() and not line.startswith((" ", "\t")):
            raised, tracing = line, False
        elif _RAISED.match(line):
            raised = line
        elif one := severe_line(line, None, ""):
            severe = one.message
    return sanitize(raised.strip()) or severe


def _container(head: str, lines: tuple[str, ...]) -> FailedContainer:
    recent, service, name, state = head.split(" ", 3)
    read: dict[str, Any] = read_json(state)
    health = read.get("Health") or {}
    checks = tuple((int(one["ExitCode"]), _whole(str(one["Output"]))) for one in health.get("Log") or ())
    status = str(health.get("Status") or "")
    return FailedContainer(service, name.lstrip("/"), str(read["Status"]), "" if status == "none" else status,
                           int(read["ExitCode"]), bool(read.get("OOMKilled")), recent == "1", checks, lines)


def _whole(output: str) -> str:
    """Where Docker has cut it, up to the last blank: a piece of a secret is none that a redactor knows."""
    return output if len(output.encode()) < CUT_BY_DOCKER else to_last_line(output)
