"""Two operators at once: exactly one runs, and the other is told who holds the environment.

Both runs are real. Each is held still when it has made its plan, and let go at a chosen moment, so that the two
reach for the lock together, and neither has won by having started earlier.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from lab.instance import Instance
from lab.resilience.interruptions import BACKUP, DEPLOY, RunbookUnderTest
from lab.resilience.runner import FinishedRun, start_run
from lab.resilience.server_under_test import ServerUnderTest
from lab.resilience.suite import Case, Suite
from runbook_lib.core.errors import PASSED, REFUSED

RACES, DEPLOYMENTS = 50, 6
# seconds between the first and the second being let go
OFFSETS_S = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
WORDS = ("holds the environment since", "Wait until it is done")


def race(server: ServerUnderTest, runbook: RunbookUnderTest, offset_s: float, *, second_first: bool = False) -> Case:
    """One race of two runs of the same runbook."""
    began = time.monotonic()
    parameters = runbook.parameters(server)
    before = (len(server.releases()), len(server.backups()))
    pair = [start_run(server.instance.name, server.environment, server.outputs / name, runbook.notebook, parameters,
                      f"proof: races, {name}", {"RUNBOOK_OPERATOR": name}) for name in _desks(server)]
    with pair[0], pair[1]:
        for one in pair:
            one.until("plan")
            os.kill(one.kernel(), signal.SIGSTOP)
        for place, one in enumerate(reversed(pair) if second_first else pair):
            time.sleep(offset_s * place)
            os.kill(one.kernel(), signal.SIGCONT)
        ended = [one.wait() for one in pair]
    faults = _faults(ended)
    done = (len(server.releases()) - before[0], len(server.backups()) - before[1])
    wanted = (1, 1) if runbook is DEPLOY else (0, 1)
    faults += [] if done == wanted else [f"{done[0]} releases and {done[1]} backups came of it, not {wanted}"]
    faults += [] if server.lock_is_free() else ["the lock is not free afterwards"]
    told = f"exit codes {ended[0].code} and {ended[1].code}" + "".join(f"; NOT SO: {fault}" for fault in faults)
    name = f"{runbook.notebook}, {offset_s:g} s apart{', the other way round' if second_first else ''}"
    return Case(name, not faults, told, round(time.monotonic() - began, 1))


def _desks(server: ServerUnderTest) -> tuple[str, str]:
    """Two operators, each with an archive of their own, as on two machines."""
    names = ("anna", "ben")
    for name in names:
        (server.outputs / name).mkdir(exist_ok=True)
    return names


def _faults(ended: list[FinishedRun]) -> list[str]:
    """What is wrong with how the two ended."""
    winners = [one for one in ended if one.code == PASSED]
    losers = [one for one in ended if one.code == REFUSED]
    if (len(winners), len(losers)) != (1, 1):
        return [f"not one winner and one refusal: {' | '.join(one.output[-300:] for one in ended)}"]
    winner, loser = winners[0], losers[0]
    started = next(event for event in winner.events if event["event"] == "run_started")
    faults = [] if not loser.has("lock_taken") and not loser.has("step_started") else ["the loser had the lock as well"]
    summary = loser.end["summary"]
    wanted = (*WORDS, str(started["run_id"]), str(started["who"]))
    return faults + [f"the loser is not told {word!r}: {summary}" for word in wanted if word not in summary]


def races(server: ServerUnderTest, count: int, deployments: int) -> Iterator[Case]:
    """`count` races, `deployments` of them real deployments, in turn with every offset and in both orders."""
    for number in range(count):
        runbook = DEPLOY if number < deployments else BACKUP
        yield race(server, runbook, OFFSETS_S[number % len(OFFSETS_S)], second_first=number % 2 == 1)


def prove(instance: Instance) -> Iterator[Case]:
    """Fifty races, the first of them deployments."""
    given = os.environ.get("RUNBOOK_OUTPUTS")
    folder = Path(given).parent if given else Path(tempfile.mkdtemp(prefix="races-"))
    yield from races(ServerUnderTest(instance, folder / "races"), RACES, DEPLOYMENTS)


SUITE = Suite("races", f"Two operators at once, {RACES} races: exactly one runs, the other is told who holds the lock",
              prove)
