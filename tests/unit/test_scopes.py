"""Every test has a scope; scopes are handed out so that no worker waits; a scope that grows too long is named."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from lab import states
from tests.budget import PROBE_S, TOLERANCE, WAITED, Budget
from tests.machine import LOWEST, Machine
from tests.scheduling import ByScope, choose
from tests.scopes import BARE, IMAGES, NOTHING, SCOPES, STATE, scope_of, unit_of

TESTS = Path(__file__).parents[1]
RELEASE, RECOVERY, ONE, TWO = "lab/release", "lab/recovery", "tests/unit/test_one.py", "tests/unit/test_two.py"


def test_every_test_file_has_a_scope_and_every_scope_a_folder_and_a_state_that_can_be_made() -> None:
    for path in TESTS.rglob("test_*.py"):
        scope_of(str(path.relative_to(TESTS.parent)))
    for scope in SCOPES.values():
        assert list((TESTS / scope.folder).rglob("test_*.py")), f"no tests in {scope.folder}"
        assert scope.state in ("", BARE, *states.STATES)


def test_a_file_outside_every_scope_is_told_where_to_add_it() -> None:
    with pytest.raises(KeyError, match=r"tests/elsewhere/test_x.py lies in no folder that tests/scopes.py knows"):
        scope_of("tests/elsewhere/test_x.py::test_y")


def test_tests_of_one_server_stay_together_and_others_go_file_by_file() -> None:
    assert unit_of("tests/lab/release/test_a.py::test_x") == unit_of("tests/lab/release/test_b.py::test_y") == RELEASE
    assert unit_of("tests/unit/release/test_a.py::test_x") == "tests/unit/release/test_a.py"


@pytest.mark.parametrize(("units", "waiting", "present", "chosen"), [
    ([ONE, RECOVERY, RELEASE], set(), STATE, RELEASE),  # the longest first
    ([ONE, RECOVERY, "lab/rehearsal"], set(), NOTHING, "lab/rehearsal"),  # what prepares the others before all
    ([RELEASE, ONE], set(), NOTHING, ONE),  # no worker waits for a state while there is something else to do
    ([RELEASE, ONE, "lab/databases"], set(), IMAGES, "lab/databases"),
    ([RELEASE, ONE, "lab/bare"], set(), IMAGES, ONE),  # what idles waits until everything can begin
    ([RELEASE, ONE, "lab/bare"], set(), STATE, RELEASE),
    ([RELEASE, "lab/bare"], set(), IMAGES, "lab/bare"),
    ([RELEASE], set(), NOTHING, RELEASE),  # except when there is not
    ([RECOVERY, ONE, TWO], {RELEASE}, STATE, TWO),  # behind a server's last test goes something small
    ([RECOVERY], {RELEASE}, STATE, RECOVERY),
    ([RECOVERY, TWO], {ONE}, STATE, RECOVERY),
    (["lab/alone", RECOVERY, ONE], set(), STATE, RECOVERY),  # what needs the machine for itself comes last
    (["lab/alone", RECOVERY], set(), NOTHING, RECOVERY),
    (["lab/alone", ONE], {RELEASE}, STATE, ONE),
    (["lab/alone"], {RELEASE}, STATE, "lab/alone"),
], ids=str)
def test_which_unit_a_worker_gets(units: list[str], waiting: set[str], present: int, chosen: str) -> None:
    assert choose(units, waiting, present, serving=True) == chosen


@pytest.mark.parametrize("waiting", [set(), {ONE}], ids=str)
def test_what_needs_the_machine_for_itself_follows_the_last_test_of_another_server(waiting: set[str]) -> None:
    """Tests without a server go on next to it: in a part of the run of its own two processors had nothing to do."""
    assert choose([TWO, "lab/alone"], waiting, STATE, serving=False) == "lab/alone"
    assert choose([TWO, "lab/alone"], waiting, STATE, serving=True) == TWO


class Node:
    """A worker that takes what it is sent."""

    shutting_down = False

    def __init__(self) -> None:
        self.sent: list[int] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.sent += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def test_a_worker_is_given_the_next_unit_when_it_could_not_begin_its_last_test_without(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.scheduling.ready", lambda: STATE)
    config: Any = SimpleNamespace(option=SimpleNamespace(loadscopereorder=False), getvalue=lambda name: [],
                                  hook=None, trace=None)
    monkeypatch.setattr("xdist.scheduler.loadscope.parse_tx_spec_config", lambda config: ["one"])
    scheduler = ByScope(config, SimpleNamespace(loadscopesched=lambda *words: None))
    node: Any = Node()
    tests = [*(f"tests/lab/release/test_a.py::test_{n}" for n in range(4)), f"{ONE}::test_x", f"{TWO}::test_x"]
    scheduler.add_node(node)
    scheduler.add_node_collection(node, tests)
    scheduler.schedule()
    assert node.sent == [0, 1, 2, 3]
    scheduler.mark_test_complete(node, 0)
    scheduler.mark_test_complete(node, 1)
    assert len(node.sent) == 4
    assert scheduler._serving()
    scheduler.mark_test_complete(node, 2)
    assert len(node.sent) == 5
    assert scheduler._serving()
    scheduler.mark_test_complete(node, 3)
    assert not scheduler._serving()


def report(folder: str, seconds: float, when: str = "call", waited_s: float = 0) -> Any:
    return SimpleNamespace(nodeid=f"tests/{folder}/test_x.py::test_y", duration=seconds, when=when,
                           user_properties=[(WAITED, waited_s)] if waited_s else [])


@pytest.mark.parametrize(("factor", "share", "over", "failed"), [
    (1.0, TOLERANCE - 0.01, [], False), (1.0, TOLERANCE + 0.01, [RELEASE], True), (2.0, TOLERANCE + 0.01, [], False),
    # what else a machine does meanwhile cannot be known: good tests never fail for lack of time
    (None, 9.0, [RELEASE], False), (0.0, 9.0, [RELEASE], False)])
def test_half_as_much_again_as_the_budget_is_printed_and_fails_the_run_where_the_budgets_are_held(
        factor: float | None, share: float, over: list[str], failed: bool) -> None:
    budget = Budget(factor)
    budget.pytest_runtest_logreport(report(RELEASE, SCOPES[RELEASE].budget_s * share))
    budget.pytest_runtest_logreport(report(RECOVERY, 1))
    session: Any = SimpleNamespace(exitstatus=pytest.ExitCode.OK)
    budget.pytest_sessionfinish(session, session.exitstatus)
    assert budget.over() == over
    assert session.exitstatus == (pytest.ExitCode.TESTS_FAILED if failed else pytest.ExitCode.OK)
    terminal = Mock()
    budget.pytest_terminal_summary(terminal)
    assert any("TOO LONG" in call.args[0] for call in terminal.write_line.call_args_list) is bool(over)


def test_a_machine_that_is_slower_than_the_budgets_own_is_given_more_and_a_faster_one_not_less(
        monkeypatch: pytest.MonkeyPatch) -> None:
    for took_s, factor in ((PROBE_S * 3, 3.0), (PROBE_S / 3, 1.0)):
        monkeypatch.setattr("tests.budget._probe", Mock(return_value=took_s))
        budget = Budget()
        budget.pytest_sessionstart()
        deadline = time.monotonic() + 60
        while not budget._probes and time.monotonic() < deadline:
            time.sleep(0.01)
        budget._over.set()
        assert budget.factor == pytest.approx(factor)


def test_what_a_test_waited_for_others_is_not_its_scopes_time() -> None:
    budget = Budget(1.0)
    for when in ("setup", "call", "teardown"):
        budget.pytest_runtest_logreport(report(RELEASE, 100 if when == "setup" else 10, when, waited_s=90))
    assert budget.took_s[RELEASE] == 30


SHARES = """import sys
from tests.machine import MACHINE
MACHINE.share()
print("shares", flush=True)
sys.stdin.readline()
MACHINE.leave()
print("left", flush=True)
sys.stdin.readline()"""


def test_a_test_that_needs_the_machine_for_itself_begins_when_the_last_other_process_is_done(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.machine.state", lambda: tmp_path)
    program = f"import lab.processes, pathlib\nlab.processes.state = lambda: pathlib.Path({str(tmp_path)!r})\n{SHARES}"
    asks, taken = threading.Event(), threading.Event()
    with ThreadPoolExecutor() as waiting, ExitStack() as stack:
        others = [stack.enter_context(subprocess.Popen((sys.executable, "-c", program), cwd=TESTS.parent, text=True,
                                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)) for _ in range(2)]
        for one in others:
            assert one.stdout.readline() == "shares\n"
        own = Machine()
        own.share()
        asked = waiting.submit(lambda: (asks.set(), own.take(), taken.set()))
        assert asks.wait(60)
        others[0].communicate("\n\n", timeout=60)
        assert not taken.wait(0.3)
        others[1].stdin.write("\n")
        others[1].stdin.flush()
        assert others[1].stdout.readline() == "left\n"
        _, waited_s, _ = asked.result(timeout=60)  # while the process itself still lives
        assert waited_s > 0.2
        others[1].communicate("\n", timeout=60)
        own.leave()


GIVES_WAY = """import os, sys
from tests.machine import MACHINE
MACHINE.share()
for _ in range(3):
    MACHINE.give_way()
    print(os.getpriority(os.PRIO_PROCESS, 0), flush=True)
    sys.stdin.readline()"""


def test_a_test_without_a_server_holds_up_no_measurement_and_gives_way_to_it(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.machine.state", lambda: tmp_path)
    program = f"import lab.processes, pathlib\nlab.processes.state = lambda: pathlib.Path({str(tmp_path)!r})\n{GIVES_WAY}"
    usual, own = os.getpriority(os.PRIO_PROCESS, 0), Machine()
    with subprocess.Popen((sys.executable, "-c", program), cwd=TESTS.parent, text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as other:
        assert other.stdin is not None and other.stdout is not None
        shown = [int(other.stdout.readline())]
        own.share()
        own.take()
        for place in range(2):
            other.stdin.write("\n")
            other.stdin.flush()
            shown.append(int(other.stdout.readline()))
            if place == 0:
                own.leave()
        other.communicate("\n", timeout=60)
    assert shown == [usual, LOWEST, LOWEST]
