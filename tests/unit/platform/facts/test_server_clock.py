"""The server's clock, as it is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.platform.facts import server_clock as server_clock_module
from runbook_lib.platform.facts.logs import errors_lately
from runbook_lib.platform.facts.server_clock import ServerClock, server_clock
from tests.unit.observability_doubles import staging

HERE = 1795788000.0


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's clock stands still: however long the question takes here, nothing differs."""
    monkeypatch.setattr(server_clock_module, "time", SimpleNamespace(time=lambda: HERE))


def asked(reply: str) -> ServerClock:
    return server_clock().fetch(ScriptedConnections(commands={"date +%s.%N": reply}))


@pytest.mark.parametrize(("ahead_s", "words"), [
    (0, ""), (3, ""), (600, "by the server's clock, which is +600 s against this machine's"),
    (-7200, "by the server's clock, which is -7,200 s against this machine's")])
@pytest.mark.usefixtures("still")
def test_a_clock_that_differs_is_named_with_its_side(ahead_s: float, words: str) -> None:
    found = asked(f"{HERE + ahead_s:.9f}\n")
    assert (found.words, found.now.timestamp() - HERE, found.ahead_s) == (words, ahead_s, ahead_s)


def test_the_time_that_asking_takes_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter((HERE, HERE + 60) * 2)
    monkeypatch.setattr(server_clock_module, "time", SimpleNamespace(time=lambda: next(times)))
    assert [asked(f"{HERE + ahead}").ahead_s for ahead in (40, 75)] == [0, 15]


@pytest.mark.usefixtures("still")
def test_the_clock_of_a_busybox_is_read_in_whole_seconds() -> None:
    assert asked(f"{HERE:.0f}.%N\n").ahead_s == 0


@pytest.mark.parametrize("reply", ["", "Sat Nov 28\n", "nan\n", "inf", "1e300"])
def test_what_is_not_a_time_is_refused(reply: str) -> None:
    with pytest.raises(FactUnreadable, match="`date` is of an unknown form"):
        asked(reply)


def test_the_last_minutes_of_a_log_end_when_it_is_now_on_the_server() -> None:
    """An operator's clock that is twenty minutes ahead: the last fifteen minutes were all in the future there."""
    theirs = datetime.now(UTC) - timedelta(minutes=20)
    connections = ScriptedConnections(commands={"date +%s.%N": f"{theirs.timestamp():.9f}\n", "bash": (66, "")})
    assert errors_lately(staging(), 15).fetch(connections) is None
    since = next(float(one.argv[4]) for one in connections.server.asked if one.argv[0] == "bash")
    assert since == pytest.approx(theirs.timestamp() - 900, abs=5)
