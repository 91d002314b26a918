"""What a restore in place that died had stopped: the note and the log on the server, as the survey reads them."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.environment import load_environment
from runbook_lib.recovery.facts.stopped_writers import StoppedWriters, parse_stopped_writers, survey_stopped_writers
from runbook_lib.recovery.plans.stopped_writers import watchdog_program
from tests.unit.shop_environment import shop

RUN = "20261127T210000Z-abcdef"
LOG = "2026-11-27T21:00:09Z started again: web worker"


@pytest.mark.parametrize(("text", "expected"), [
    ("\n", StoppedWriters()),
    (f"{RUN}\nweb 4f2c\nweb 5e3b\nworker 8c1f\n\n", StoppedWriters(RUN, ("web", "worker"))),
    (f"\n{LOG}\n", StoppedWriters(log=(LOG,))),
    (f"{RUN}\nweb 4f2c\n\n4f2c\nError: no such container\n{LOG}\n", StoppedWriters(RUN, ("web",), (LOG,))),
    ("", StoppedWriters()),
], ids=["never restored", "left stopped", "started again", "lines of Docker", "empty"])
def test_note_and_log_become_what_happened(text: str, expected: StoppedWriters) -> None:
    assert parse_stopped_writers(text) == expected


def test_the_report_says_what_is_still_stopped_and_what_the_watchdog_did() -> None:
    assert StoppedWriters().sentence == ""
    both = StoppedWriters(RUN, ("web",), (LOG,)).sentence
    assert both == f"Run {RUN} was interrupted and has left stopped: web. The watchdog on the server: {LOG}."


def test_with_colours_nothing_is_asked() -> None:
    connections: Any = ScriptedConnections()
    assert survey_stopped_writers(load_environment("staging")).fetch(connections) == StoppedWriters()
    replies: Any = ScriptedConnections(commands={"stopped-writers": f"{RUN}\nweb 4f2c\n\n"})
    assert survey_stopped_writers(shop()).fetch(replies).services == ("web",)


def test_the_program_writes_what_the_survey_reads() -> None:
    assert ">writers-watchdog.log" in watchdog_program()
    assert "stopped-writers.new stopped-writers" in watchdog_program()
