"""Two operators at once: exactly one runs, the other is refused and shown who holds the lock.

Both runs are real. Each is suspended when it has made its plan and resumed at a chosen moment, so that both request
the lock together, and neither wins because it started earlier.
"""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from lab.errors import LabError
from lab.instance import Instance
from lab.resilience.interruptions import BACKUP, DEPLOY, RunbookUnderTest
from lab.resilience.runner import ActiveRun, FinishedRun, start_run
from lab.resilience.server_under_test import ServerUnderTest
from lab.resilience.suite import Case, Suite
from runbook_lib.core.errors import INCONCLUSIVE, PASSED, REFUSED

RACES, DEPLOYMENTS = 50, 6
# seconds between resuming the first run and the second
OFFSETS_S = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
OPERATORS = ("anna", "ben")


def race(server: ServerUnderTest, runbook: RunbookUnderTest, offset_s: float, *, second_first: bool = False) -> Case:
    """One race of two runs of the same runbook."""
    began = time.monotonic()
    parameters = runbook.parameters(server)
    before = (len(server.releases()), len(server.backups()))
    pair = [start_run(server.instance.name, server.environment, server.outputs / name, runbook.notebook, parameters,
                      f"resilience test: races, {name}", {"RUNBOOK_OPERATOR": name}) for name in _archives(server)]
    with pair[0], pair[1]:
        for one in pair:
            _suspend(one)
        for place, one in enumerate(reversed(pair) if second_first else pair):
            time.sleep(offset_s * place)
            _signal(one, signal.SIGCONT)
        finished = [one.wait() for one in pair]
    problems = _problems(finished)
    made = (len(server.releases()) - before[0], len(server.backups()) - before[1])
    wanted = (1, 1) if runbook is DEPLOY else (0, 1)
    problems += [] if made == wanted else [f"{made[0]} releases and {made[1]} backups were made, not {wanted}"]
    problems += [] if server.lock_is_free() else ["the lock is not free afterwards"]
    codes = f"exit codes {finished[0].code} and {finished[1].code}"
    name = f"{runbook.notebook}, {offset_s:g} s apart{', in reverse order' if second_first else ''}"
    return Case(name, not problems, codes + "".join(f"; FAILED: {problem}" for problem in problems),
                round(time.monotonic() - began, 1))


def _suspend(run: ActiveRun) -> None:
    """When it has made its plan. One that is quicker than this process may have been refused already."""
    if run.reaches("plan"):
        _signal(run, signal.SIGSTOP)


def _signal(run: ActiveRun, number: int) -> None:
    with contextlib.suppress(LabError, ProcessLookupError):
        os.kill(run.kernel(), number)


def _archives(server: ServerUnderTest) -> tuple[str, str]:
    """The two operators, each with a separate archive, as on two machines."""
    for name in OPERATORS:
        (server.outputs / name).mkdir(exist_ok=True)
    return OPERATORS


def _problems(finished: list[FinishedRun]) -> list[str]:
    """What is wrong with how the two runs ended."""
    # on a slow machine too few requests come in time for an error rate; what was made is compared by who asks
    winners = [one for one in finished if one.code in (PASSED, INCONCLUSIVE)]
    losers = [one for one in finished if one.code == REFUSED]
    if (len(winners), len(losers)) != (1, 1):
        return [f"not one winner and one refusal: {' | '.join(one.tail for one in finished)}"]
    winner, loser = winners[0], losers[0]
    started = next(event for event in winner.events if event["event"] == "run_started")
    operator = OPERATORS[finished.index(winner)]
    problems = []
    if loser.has("lock_taken") or loser.has("step_started"):
        problems.append("the refused run had the lock as well")
    summary = loser.end["summary"]
    wanted = (str(started["run_id"]), operator)
    return problems + [f"the refusal does not show {word!r}: {summary}" for word in wanted if word not in summary]


def races(server: ServerUnderTest, count: int, deployments: int) -> Iterator[Case]:
    """`count` races, `deployments` of them deployments, with each offset in turn and in both orders."""
    for number in range(count):
        runbook = DEPLOY if number < deployments else BACKUP
        yield race(server, runbook, OFFSETS_S[number % len(OFFSETS_S)], second_first=number % 2 == 1)


def run_cases(instance: Instance) -> Iterator[Case]:
    """Fifty races, the first of them deployments."""
    given = os.environ.get("RUNBOOK_OUTPUTS")
    folder = Path(given).parent if given else Path(tempfile.mkdtemp(prefix="races-"))
    yield from races(ServerUnderTest(instance, folder / "races"), RACES, DEPLOYMENTS)


SUITE = Suite("races", f"Two operators at once, {RACES} races: exactly one runs, the other is shown who holds the lock",
              run_cases)
