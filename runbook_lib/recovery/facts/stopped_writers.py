"""What a restore in place that died had stopped, and what the watchdog on the server has started again since."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runbook_lib.core.commands import Command
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of, lines_of
from runbook_lib.environment import Environment

# writers_watchdog.sh has the same names
NOTE = ".runbook/stopped-writers"
LOG = ".runbook/writers-watchdog.log"
MOST_LINES = 20
_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \S")


@dataclass(frozen=True)
class StoppedWriters:
    """`run` has stopped `services`, and nothing has started all of them since: empty where there is no such note.

    `log` is what the watchdog did since the last restore in place began, a line each with its UTC time.
    """

    run: str = ""
    services: tuple[str, ...] = ()
    log: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What happened to the last restore in place, for the report; empty where nothing was left of it."""
        left = f"Run {self.run} was interrupted and has left stopped: {', '.join(self.services)}. " if self.run else ""
        done = f"The watchdog on the server: {'; '.join(self.log)}." if self.log else ""
        return (left + done).strip()


def survey_stopped_writers(environment: Environment) -> Question[StoppedWriters]:
    """What the last restore in place left stopped. With colours the maintenance watchdog sees to it: nothing."""
    note, log = environment.server.path(NOTE), environment.server.path(LOG)
    # neither file is there before the first restore
    program = 'cat -- "$1" 2>/dev/null; echo; tail -n "$3" -- "$2" 2>/dev/null || true'
    command = Command(("sh", "-c", program, "stopped-writers", note, log, str(MOST_LINES)))

    def fetch(connections: Connections) -> StoppedWriters:
        if not environment.release.replaced:
            return StoppedWriters()
        return parse_stopped_writers(connections.server.run(command).stdout)

    return Question("what a restore left stopped", fetch)


def parse_stopped_writers(text: str) -> StoppedWriters:
    """The note, an empty line, the log. What programs of others have written into the log is left out."""
    note, _, log = text.partition("\n\n") if not text.startswith("\n") else ("", "", text[1:])
    run, *noted = lines_of(note) or [""]
    services = dict.fromkeys(line.partition(" ")[0] for line in noted if line)
    done = tuple(head_of(line, 300) for line in lines_of(log) if _LINE.match(line))
    return StoppedWriters(run, tuple(services), done)
