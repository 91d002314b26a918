"""What time it is on the server: its logs are dated by its clock, and a window of them ends when it is now there."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of
from runbook_lib.core.times import date_seconds, from_timestamp

CLOCK = Command(("date", "+%s.%N"), timeout_s=30.0)
AGREE_S = 5.0  # less is what asking takes


@dataclass(frozen=True)
class ServerClock:
    """`now` in UTC by the server's clock, which is `ahead_s` seconds ahead of ours, beyond the time of asking."""

    now: datetime
    ahead_s: float

    @property
    def words(self) -> str:
        """How it differs from this machine's, as a clause; empty where both agree."""
        if abs(self.ahead_s) <= AGREE_S:
            return ""
        return f"by the server's clock, which is {self.ahead_s:+,.0f} s against this machine's"


def server_clock() -> Question[ServerClock]:
    """The server's time, and how far it is from ours. Raises FactUnreadable. Source: `date` on the server."""

    def fetch(connections: Connections) -> ServerClock:
        before = time.time()
        text = connections.server.run(CLOCK).stdout.strip()
        after = time.time()
        try:
            seconds = date_seconds(text)
            now = from_timestamp(seconds)
        except ValueError as error:
            raise FactUnreadable(f"The server's `date` is of an unknown form: {head_of(text, 80)}",
                                 next_step="Run `date +%s.%N` on the server.") from error
        ahead = seconds - before if seconds < before else seconds - after if seconds > after else 0.0
        return ServerClock(now, ahead)

    return Question("the server's clock", fetch)
